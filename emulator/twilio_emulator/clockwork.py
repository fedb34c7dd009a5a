"""The emulator's own clockwork: does what is due, has the webhooks called that are queued, and waits for the next.

What is to be done lies in the store, so a restart goes on where the last process stopped.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from twilio_emulator.messaging.progress import advance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.bell import Bell
    from twilio_emulator.core import Core, Timer
    from twilio_emulator.models import Message
    from twilio_emulator.webhooks.dispatcher import Dispatcher

__all__ = ["Clockwork"]

_log = logging.getLogger(__name__)


class Clockwork:
    """Runs until cancelled.

    Args:
        core: the emulator.
        dispatcher: what calls the webhooks.
        bell: rings when there may be something to do.
        timers: what happens when a record's timer fires, by its kind.
    """

    def __init__(self, *, core: Core, dispatcher: Dispatcher, bell: Bell, timers: Mapping[str, Timer]) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._bell = bell
        self._timers = timers

    async def run(self) -> None:
        """Do what is due, wait, and so on."""
        try:
            while True:
                rung = self._bell.listen()
                now = self._core.clock.now()
                self._move_messages(now)
                self._fire_timers(now)
                self._dispatcher.start(now)
                await self._wait(rung)
        finally:
            await self._dispatcher.stop()

    def is_idle(self) -> bool:
        """Say whether nothing is due and no webhook is under way, until the clock moves or somebody calls."""
        due, now = self.next_due(), self._core.clock.now()
        return self._dispatcher.is_idle(now) and (due is None or due > now)

    def next_due(self) -> float | None:
        """Return when the next thing is due, None for nothing."""
        store = self._core.store
        moments = (
            store.messages.next_due(),
            store.records.next_due(),
            store.outbox.next_due(self._core.clock.now()),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    async def _wait(self, rung: asyncio.Future[None]) -> None:
        """Return when the bell rings or the next thing is due."""
        due = self.next_due()
        if due is None:
            await rung
            return
        nap = asyncio.ensure_future(self._core.clock.sleep_until(due))
        try:
            await asyncio.wait({rung, nap}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()

    def _move_messages(self, now: float) -> None:
        due = self._core.store.messages.due(now)
        if not due:
            return
        try:
            with self._core.store.transaction():  # one for all of them is faster
                for message in due:
                    advance(self._core, message, now=now)
        except Exception:  # noqa: BLE001  # one bad message must not stop the others
            for message in due:
                self._move_message(message, now)

    def _move_message(self, message: Message, now: float) -> None:
        """Move one message on, or have it rest where it is when that fails."""
        try:
            with self._core.store.transaction():
                advance(self._core, message, now=now)
        except Exception:  # noqa: BLE001
            _log.exception("message %s cannot be moved on and is stopped", message.sid)
            with self._core.store.transaction():
                self._core.store.messages.change(message.sid, next_at=None)

    def _fire_timers(self, now: float) -> None:
        for record in self._core.store.records.due(now):
            try:
                with self._core.store.transaction():
                    self._core.store.records.change(record, next_at=None)
                    self._timers[record.kind](self._core, record, now)
            except Exception:  # noqa: BLE001  # one bad record must not stop the others
                _log.exception("the timer of %s %s failed and is stopped", record.kind, record.sid)
                with self._core.store.transaction():
                    self._core.store.records.change(record, next_at=None)
