"""The rounds: each bot that runs is asked in its turn how its assistants stand, evenly spread and few at once.

A tenant in a file has one pod, behind its Service. One in PostgreSQL may have several, and each knows of its own turns
alone: all are asked, and an assistant fails if it does so in any of them.

Nothing is written here. News wakes the tenant's reconciler; a bot that does not answer is no failure of the operator.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.engine.queue import Lane
from switchboard_operator.errors import NotReady, Upstream
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.intents import ref_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchboard_operator.api import Tenant
    from switchboard_operator.engine.queue import WorkQueue
    from switchboard_operator.engine.store import Store
    from switchboard_operator.ports import AssistantStanding, Bots, Cluster, Endpoints
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
        endpoints: where the pods of a bot are.
        address: ``host:port`` of a bot that has one pod, with the fields ``{service}`` and ``{namespace}``.
        standings: keeps what they say.
        queue: where news goes.
        interval: seconds for one round; longer where there are more bots than fifty a second reach.
        jitter: gives a number in [0, 1) for each gap.
        on_look: told of each look as ``told``, ``silent`` or ``unknown`` (a bot that has no status to tell).
    """

    store: Store
    cluster: Cluster
    bots: Bots
    endpoints: Endpoints
    address: str
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
            told = await self._ask(tenant)
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

    async def _ask(self, tenant: Tenant) -> Mapping[str, AssistantStanding] | None:
        """What all pods say together. While one does not answer, all that is certain is that another fails."""
        token, told, problem = await self._token(tenant), None, None
        for address in await self._addresses(tenant):
            try:
                said = await self.bots.standing(address, host=tenant.status.host or "", token=token)
            except NotReady as error:
                problem = error
            else:
                told = said if told is None else _together(told, said or {})
        if problem is not None and not any(each.failing for each in (told or {}).values()):
            raise problem
        return told

    async def _addresses(self, tenant: Tenant) -> Sequence[str]:
        service = names.runtime_name(tenant.name)
        storage = tenant.spec.runtime.storage
        if storage is None or storage.postgres is None:
            return [self.address.format(service=service, namespace=tenant.namespace)]
        found = await self.endpoints.pods_of(tenant.namespace, service)
        if not found:
            raise Upstream(reasons.BOT_UNREACHABLE, f"the Service {service} has no pod that is ready")
        return found

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


def _together(
    one: Mapping[str, AssistantStanding], other: Mapping[str, AssistantStanding]
) -> Mapping[str, AssistantStanding]:
    """Of two words about an assistant that which says more: it fails, and since the earlier time."""
    failing = [(name, each) for pod in (one, other) for name, each in pod.items() if each.failing]
    failing.sort(key=lambda named: named[1].since, reverse=True)
    return {**one, **other, **dict(failing)}


def _runs(tenant: Tenant) -> bool:
    return tenant.status.holds("RuntimeReady") and not (tenant.deleting or tenant.spec.suspend)
