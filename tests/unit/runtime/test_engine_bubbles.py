"""A reply follows the one before it when Twilio has reported that one, or after a time: whatever becomes of callbacks.

The machine of ``test_engine`` with callbacks that come in any order, twice, before the POST's answer, or never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from switchboard_runtime.store import StatusUpdate, statement
from tests.unit.runtime import test_engine as engine

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.conversation import Posted
    from switchboard_runtime.store import OutboxItem, Rows, Statement

WAIT = 5.0
EARLY = ["queued", "sending", "odd"]
TELLING = ["sent", "delivered", "read", "undelivered", "failed"]


class Reporter(engine.Provider):
    """Twilio that remembers what it reported, and is not to be sent a message too early."""

    def __init__(self, clock: engine.Clock) -> None:
        super().__init__(clock)
        self.items: dict[str, OutboxItem] = {}
        self.reported: set[str] = set()

    async def send(self, item: OutboxItem) -> Posted:
        """POST once."""
        before = [one for to, one in self.delivered if to == item.recipient]
        if before and before[-1].sid not in self.reported:
            assert self._clock.now() - before[-1].created_at >= WAIT, (
                "sent before the last was reported, or its time up"
            )
        self.items[f"SM{len(self.delivered)}"] = item
        return await super().send(item)


def waiting(now: float) -> Generator[Statement, Rows, int]:
    """How many replies that head their lanes and were never tried must wait."""
    rows = yield statement(
        "SELECT count(*) AS n FROM outbox WHERE tenant_id = :tenant AND head AND state = 'queued' AND attempts = 0"
        " AND due > :now",
        now=now,
    )
    return int(rows[0]["n"])


class Bubbles(engine.Engine):
    """Arrivals, workers, senders, deaths, time and callbacks, in any order."""

    provider: Reporter

    def new_provider(self) -> engine.Provider:
        """Twilio with callbacks."""
        return Reporter(self.clock)

    def born(self) -> engine.Process:
        """A new process under a new name, that waits for reports."""
        name = f"p{next(self.names)}"
        ids = lambda: f"o{next(self.names)}"  # noqa: E731  # as the parent's
        return engine.Process(self.path, self.clock, self.provider, name, ids, bubble_wait=WAIT)

    @rule(data=st.data(), status=st.sampled_from([*EARLY, *TELLING, *TELLING]), process=engine.PROCESSES)
    def report(self, data: st.DataObject, status: str, process: int) -> None:
        """A callback about any message that Twilio has, perhaps not for the first time."""
        if not self.provider.delivered:
            return
        _, found = data.draw(st.sampled_from(self.provider.delivered))
        item = self.provider.items[found.sid]
        update = StatusUpdate(
            sid=found.sid,
            status=status,
            outbox_id=item.id,
            sender=item.sender,
            recipient=item.recipient,
            error_code=None,
            received_at=self.clock.now(),
        )
        if status in TELLING:
            self.provider.reported.add(found.sid)
        assert self.do(self.processes[process].store.record_status(update))

    @rule()
    def the_time_is_up(self) -> None:
        """Nothing waits longer, whatever was not reported."""
        self.clock.time += WAIT
        assert self.do(self.processes[0].store.transact(lambda: waiting(self.clock.now()))) == 0

    @invariant()
    def nothing_waits_for_what_was_reported(self) -> None:
        """With all reported, all may go."""
        if {one.sid for _, one in self.provider.delivered} <= self.provider.reported:
            assert self.do(self.processes[0].store.transact(lambda: waiting(self.clock.now()))) == 0


TestBubbles = Bubbles.TestCase
TestBubbles.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def report(machine: Bubbles, sid: str, status: str) -> None:
    """A callback about a message."""
    item = machine.provider.items[sid]
    update = StatusUpdate(
        sid=sid,
        status=status,
        outbox_id=None,
        sender=item.sender,
        recipient=item.recipient,
        error_code=None,
        received_at=machine.clock.now(),
    )
    machine.provider.reported.add(sid)
    machine.do(machine.processes[1].store.record_status(update))


def three_to_send() -> Bubbles:
    """A contact's three messages, answered, nothing sent yet."""
    machine = Bubbles()
    machine.arrive("whatsapp:+1", ["ok", "no"], 0)
    machine.arrive("whatsapp:+1", ["ok"], 0)
    for _ in range(3):
        machine.answer(0)
    return machine


def send_all(machine: Bubbles) -> int:
    """Send whatever is free; how many have been sent by then."""
    for _ in range(3):
        machine.send(0, "ok", 0.0)
    return len(machine.provider.delivered)


def test_the_next_bubble_leaves_with_the_report_of_the_one_before() -> None:
    """And no sooner; a report that comes again, or about an older one, frees nothing more."""
    machine = three_to_send()
    assert send_all(machine) == 1
    report(machine, "SM0", "sent")
    assert send_all(machine) == 2
    report(machine, "SM0", "sent")
    report(machine, "SM0", "delivered")
    assert send_all(machine) == 2
    report(machine, "SM1", "failed")
    assert send_all(machine) == 3
    machine.teardown()


def test_a_bubble_whose_report_never_comes_is_followed_when_the_time_is_up() -> None:
    """Not a moment sooner."""
    machine = three_to_send()
    assert send_all(machine) == 1
    machine.clock.time += WAIT - 0.1
    assert send_all(machine) == 1
    machine.clock.time += 0.1
    assert send_all(machine) == 2
    machine.teardown()


def test_a_reply_to_a_new_message_waits_for_the_last_one_too() -> None:
    """Its lane was empty when it came."""
    machine = Bubbles()
    machine.arrive("whatsapp:+1", ["ok"], 0)
    machine.answer(0)
    assert send_all(machine) == 1
    machine.arrive("whatsapp:+1", ["no"], 0)
    machine.answer(0)
    assert send_all(machine) == 1
    machine.clock.time += WAIT
    assert send_all(machine) == 2
    machine.teardown()
