"""How events reach sinks: noted when they happen, sent in batches, sent again for four hours while a sink fails.

Every subscription whose types have the event gets it. A sink's batches wait for nothing and are not in order; a batch
that was refused (4xx, but 429) is dropped, any other failure has it sent again after a growing pause.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.eventstreams.envelopes import envelope, happening_of
from twilio_emulator.models import WebhookKind
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record, Webhook
    from twilio_emulator.signals import Signal
    from twilio_emulator.webhooks.answers import Failure
    from twilio_emulator.webhooks.sender import Outcome

__all__ = [
    "ACTIVE",
    "BATCH",
    "EVENT",
    "SINK",
    "SUBSCRIPTION",
    "SinkAnswers",
    "forget",
    "post",
    "send_again",
    "stream",
    "types_of",
]

SINK = "event-sink"
SUBSCRIPTION = "event-subscription"
EVENT = "event"
BATCH = "event-batch"
ACTIVE = "active"
FAILED = "failed"

_MOST_IN_BATCH = 100
_PATIENCE = 4 * 3600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 1200.0
_THROTTLED = 429


def stream(core: Core, signal: Signal) -> None:
    """Note an event for every sink that a subscription of its account leads to."""
    subscriptions = core.store.records.where(SUBSCRIPTION, account_sid=signal.account_sid)
    if not subscriptions or _is_about_a_sink(core, signal):
        return
    happening = happening_of(core, signal)
    if happening is None:
        return
    for subscription in subscriptions:
        version = types_of(subscription).get(happening.type)
        sink = core.store.records.find(SINK, subscription.parent_sid)
        if version is None or sink is None or sink.data["sink_type"] != "webhook":
            continue
        core.store.records.add(
            EVENT,
            sid=core.sids.sid("EV"),
            account_sid=signal.account_sid,
            parent_sid=sink.sid,
            now=signal.now,
            data=envelope(happening, version),
        )
        if sink.next_at is None:
            core.store.records.change(sink, next_at=signal.now)


def send_noted(core: Core, sink: Record, now: float) -> None:
    """Send what was noted for a sink, as one batch or as several."""
    noted = core.store.records.where(EVENT, parent_sid=sink.sid)
    configuration = sink.data["sink_configuration"]
    together = not isinstance(configuration, dict) or configuration.get("batch_events", True)
    size = _MOST_IN_BATCH if together else 1
    for start in range(0, len(noted), size):
        post(core, sink, [dict(event.data) for event in noted[start : start + size]], now=now)
    for event in noted:
        core.store.records.delete(event)


def post(core: Core, sink: Record, events: Sequence[object], *, now: float) -> None:
    """Send events to a sink, and again while it fails."""
    batch = core.store.records.add(
        BATCH,
        sid=core.sids.sid("EB"),
        account_sid=sink.account_sid,
        parent_sid=sink.sid,
        now=now,
        data={"body": json.dumps(list(events)), "pause": _FIRST_PAUSE},
    )
    send_again(core, batch, now)


def send_again(core: Core, batch: Record, now: float) -> None:
    """Queue the webhook of a batch; connection overrides in the sink's URL do not apply."""
    sink = core.store.records.find(SINK, batch.parent_sid)
    configuration = sink.data["sink_configuration"] if sink else None
    if sink is None or not isinstance(configuration, dict):
        core.store.records.delete(batch)
        return
    enqueue(
        core,
        kind=WebhookKind.EVENTS,
        account_sid=batch.account_sid,
        resource_sid=sink.sid,
        lane=batch.sid,
        url=str(configuration["destination"]),
        body=str(batch.data["body"]),
        now=now,
    )


def forget(core: Core, sink: Record) -> None:
    """Drop what was still to be sent to a sink."""
    for kind in (EVENT, BATCH):
        for record in core.store.records.where(kind, parent_sid=sink.sid):
            core.store.records.delete(record)


class SinkAnswers:
    """Takes a batch off when the sink took it, and decides whether it is sent again when not."""

    def answered(self, core: Core, webhook: Webhook, _outcome: Outcome) -> Failure | None:
        """The sink took the batch."""
        self._end(core, webhook.lane, status=ACTIVE)
        return None

    def gave_up(self, core: Core, webhook: Webhook, failure: Failure) -> None:
        """The sink did not take it: drop it when it was refused, else send it again later, for four hours."""
        batch = core.store.records.find(BATCH, webhook.lane)
        if batch is None:
            return
        now = core.clock.now()
        if _refused(failure):
            self._end(core, batch.sid)
        elif now - batch.created >= _PATIENCE:
            self._end(core, batch.sid, status=FAILED)
        else:
            pause = float(str(batch.data["pause"]))
            core.store.records.change(
                batch,
                data={"pause": min(pause * 2, _LONGEST_PAUSE)},
                next_at=min(now + pause, batch.created + _PATIENCE),
            )

    def _end(self, core: Core, batch_sid: str, *, status: str | None = None) -> None:
        batch = core.store.records.find(BATCH, batch_sid)
        if batch is None:
            return
        core.store.records.delete(batch)
        sink = core.store.records.find(SINK, batch.parent_sid)
        if sink and status and sink.status != status:
            core.store.records.change(sink, status=status)


def _refused(failure: Failure) -> bool:
    status = failure.status or 0
    return 400 <= status < 500 and status != _THROTTLED


def types_of(subscription: Record) -> dict[str, int]:
    """Return the schema version of each type that a subscription has."""
    types = subscription.data["types"]
    return types if isinstance(types, dict) else {}


def _is_about_a_sink(core: Core, signal: Signal) -> bool:
    """Say whether this is the failure of a sink: telling a sink of it would go on for ever."""
    return core.store.records.find(SINK, signal.resource_sid) is not None
