"""The rounds: each bot that runs is asked in its turn how its assistants stand, evenly spread and few at once.

Nothing is written here. News wakes the tenant's reconciler; a bot that does not answer is no failure of the operator.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchboard_operator.desired import names
from switchboard_operator.engine.queue import Lane
from switchboard_operator.errors import NotReady
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.intents import ref_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_operator.api import Tenant
    from switchboard_operator.engine.queue import WorkQueue
    from switchboard_operator.engine.store import Store
    from switchboard_operator.ports import Bots, Cluster
    from switchboard_operator.reconcile.standings import Standings

_log = logging.getLogger(__name__)
_AT_ONCE = 8
_SHORTEST_GAP = 0.02


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Asks the bots.

    Attributes:
        store: the tenants, and the subaccounts whose Secrets hold their tokens.
        cluster: where the Secrets are.
        bots: who is asked.
        standings: keeps what they say.
        queue: where news goes.
        interval: seconds for one round; longer where there are more bots than fifty a second reach.
        jitter: gives a number in [0, 1) for each gap.
        on_look: told of each look as ``told``, ``silent`` or ``unknown`` (a bot that has no status to tell).
    """

    store: Store
    cluster: Cluster
    bots: Bots
    standings: Standings
    queue: WorkQueue[Ref]
    interval: float
    jitter: Callable[[], float]
    on_look: Callable[[str], None]
    _tokens: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Make rounds until cancelled."""
        places = asyncio.Semaphore(_AT_ONCE)
        while True:
            tenants = self.store.all("Tenant")
            self._keep({tenant.uid for tenant in tenants})
            running = [tenant for tenant in tenants if _runs(tenant)]
            gap = max(_SHORTEST_GAP, self.interval / max(1, len(running)))
            async with asyncio.TaskGroup() as tasks:
                for tenant in running:
                    await places.acquire()
                    asked = tasks.create_task(self.look(tenant))
                    asked.add_done_callback(lambda _: places.release())
                    await asyncio.sleep(gap * (0.5 + self.jitter()))
            if not running:
                await asyncio.sleep(self.interval * (0.5 + self.jitter()))

    async def look(self, tenant: Tenant) -> None:
        """Ask one bot."""
        try:
            told = await self.bots.standing(
                namespace=tenant.namespace,
                service=names.runtime_name(tenant.name),
                host=tenant.status.host or "",
                token=await self._token(tenant),
            )
        except NotReady as problem:
            _log.debug("%s: %s", ref_to(tenant), problem.message)
            self._tokens.pop(tenant.uid, None)  # it may have been changed
            self.on_look("silent")
            news = self.standings.unheard(tenant)
        else:
            self.on_look("unknown" if told is None else "told")
            news = told is not None and self.standings.heard(tenant, told)
        if news:
            self.queue.add(ref_to(tenant), Lane.RETRY)

    def _keep(self, uids: set[str]) -> None:
        """Forget tenants that are gone."""
        self._tokens = {uid: token for uid, token in self._tokens.items() if uid in uids}
        self.standings.keep(uids)

    async def _token(self, tenant: Tenant) -> str:
        if tenant.uid not in self._tokens:
            sub = self.store.get(Ref("TwilioSubaccount", tenant.namespace, tenant.subaccount_name))
            name = (sub.status.secret_name if sub else None) or names.secret_name(tenant.subaccount_name)
            stored = await self.cluster.get(Ref("Secret", tenant.namespace, name)) or {}
            encoded = (stored.get("data") or {}).get("apiToken", "")
            self._tokens[tenant.uid] = base64.b64decode(encoded).decode()
        return self._tokens[tenant.uid]


def _runs(tenant: Tenant) -> bool:
    return tenant.status.holds("RuntimeReady") and not (tenant.deleting or tenant.spec.suspend)
