"""All there is of people for one tenant, made in one place, and what goes on by itself in the background."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.people.contacts import Contacts
from switchboard_runtime.people.conversations import Conversations
from switchboard_runtime.people.erasure import Erasures
from switchboard_runtime.people.exporting import Exports
from switchboard_runtime.people.history import History
from switchboard_runtime.people.retention import Keeping
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.people.conversations import Engine, Turned
    from switchboard_runtime.people.erasure import Provider
    from switchboard_runtime.store import Store
    from switchboard_runtime.telemetry.metrics import Metrics

__all__ = ["People"]

_LOG = logging.getLogger(__name__)
_SWEEP_EVERY = 15.0
_KEEP_EVERY = 600.0
_STOPPING = 2.0


class People:
    """The people of one tenant.

    Args:
        document: the tenant.
        store: the tenant's.
        engine: the tenant's, which is told of what must happen at once.
        audit: the tenant's.
        clock: time.
        new_id: makes ids.
        metrics: where the head of the audit log is told.
        turned: tells others that a conversation changed hands.
        provider: who else has what was said.

    Attributes:
        history: what was said.
        conversations: lists, search, take-over, a person's words.
        contacts: who writes, and their leads.
        audit: who did what.
        erasures: of contacts, with receipts.
        exports: all that is kept of a contact.
    """

    def __init__(
        self,
        *,
        document: TenantDocument,
        store: Store,
        engine: Engine,
        audit: Audit,
        clock: Clock,
        new_id: Callable[[], str],
        metrics: Metrics,
        turned: Turned | None = None,
        provider: Provider | None = None,
    ) -> None:
        self._document = document
        self._clock = clock
        self._metrics = metrics
        self.audit = audit
        self.history = History(store=store)
        told = {} if turned is None else {"turned": turned}
        self.conversations = Conversations(store=store, engine=engine, audit=audit, clock=clock, new_id=new_id, **told)
        self.contacts = Contacts(store=store, document=document, audit=audit, clock=clock, new_id=new_id)
        self.erasures = Erasures(
            store=store,
            tenant=document.tenant.id,
            provider=provider,
            engine=engine,
            audit=audit,
            clock=clock,
            new_id=new_id,
        )
        self.exports = Exports(store=store, contacts=self.contacts, conversations=self.conversations, audit=audit)
        self._keeping = Keeping(store=store, retention=document.retention, erasures=self.erasures, clock=clock)
        self._stopped = asyncio.Event()
        self._adopted = False
        self._keep_at = 0.0
        self._sweeping: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin what goes on in the background."""
        slug = self._document.tenant.slug
        for name, sweep in (("attending", self.attend), ("keeping", self.keep)):
            self._sweeping.append(asyncio.create_task(self._sweep_on(sweep), name=f"people {slug} {name}"))

    async def stop(self) -> None:
        """End it; what takes longer is cut short, and done again by whoever comes next."""
        self._stopped.set()
        if self._sweeping:
            _, late = await asyncio.wait(self._sweeping, timeout=_STOPPING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def attend(self) -> None:
        """Do once what is due: conversations that no person attends to go back to the bot.

        Raises:
            StoreUnavailable: not now.
        """
        if not self._adopted:
            await self.conversations.adopt()
            self._adopted = True
        after = self._document.handoff.return_after if self._document.handoff else None
        if after is not None:
            returned = await self.conversations.return_forgotten(after=after)
            if returned:
                self._log(logging.INFO, "conversations returned to the bot", count=returned)

    async def keep(self) -> None:
        """Do once what is due: erasures go on, what is too old goes.

        Raises:
            StoreUnavailable: not now.
        """
        completed = await self.erasures.work()
        if completed:
            self._log(logging.INFO, "erasures completed", count=completed)
        now = self._clock.now()
        if now < self._keep_at:
            return
        said, contacts = await self._keeping.sweep()
        self._keep_at = now + (_SWEEP_EVERY if said or contacts else _KEEP_EVERY)
        if said or contacts:
            self._log(logging.INFO, "too old to be kept", messages=said, contacts=contacts)

    async def measure(self) -> None:
        """Tell the head of the audit log, so that somebody outside would see that entries are gone.

        Raises:
            StoreUnavailable: not now.
        """
        head = await self.audit.head()
        self._metrics.audited(self._document.tenant.slug, head.seq, head.hash)

    async def _sweep_on(self, sweep: Callable[[], Awaitable[None]]) -> None:
        while not self._stopped.is_set():
            try:
                await sweep()
            except StoreUnavailable as error:
                self._log(logging.WARNING, "people not swept", error=str(error))
            except Exception as error:  # noqa: BLE001  # what goes wrong once must not end it for good
                self._log(logging.ERROR, "people not swept", failure=error)
            await self._clock.wait(self._stopped, until=self._clock.now() + _SWEEP_EVERY)

    def _log(self, level: int, event: str, **fields: object) -> None:
        log_event(_LOG, level, event, tenant=self._document.tenant.slug, **fields)
