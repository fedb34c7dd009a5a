"""What the customer is told of a call: status callbacks, alerts, and the signals of the emulator's other parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.models import WebhookKind
from twilio_emulator.signals import Signal
from twilio_emulator.voice.payloads import CallFacts, status_params
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.store.calls import CallEntry

__all__ = ["CALL_EVENTS", "facts", "raise_alert", "tell"]

CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
"""What a status callback can be asked for; the last stands for every end."""
_EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


def facts(entry: CallEntry, status: str) -> CallFacts:
    """Return what webhooks say of a call."""
    return CallFacts(
        sid=entry.sid,
        account_sid=entry.account_sid,
        direction=entry.direction,
        status=status,
        sender=entry.sender,
        recipient=entry.recipient,
        parent_sid=entry.parent_sid,
    )


def tell(core: Core, entry: CallEntry, status: str, *, at: float) -> None:
    """Tell that a call has reached a state, which it has in the log by now."""
    core.signals.emit(
        Signal(
            name=f"call.{status}",
            account_sid=entry.account_sid,
            resource_sid=entry.sid,
            now=at,
            data={
                "sid": entry.sid,
                "from": entry.sender,
                "to": entry.recipient,
                "direction": entry.direction,
                "duration": entry.duration,
                "price": entry.price,
            },
        )
    )
    url, events = str(entry.extra.get("status_callback", "")), entry.extra.get("status_events", [])
    if not url or not isinstance(events, list) or _EVENT_OF.get(status, "completed") not in events:
        return
    sequence = int(str(entry.extra.get("callbacks", 0)))
    core.store.calls.change(entry.sid, extra={"callbacks": sequence + 1})
    enqueue(
        core,
        kind=WebhookKind.VOICE_STATUS,
        account_sid=entry.account_sid,
        resource_sid=entry.sid,
        lane=f"{entry.sid}/status",
        url=url,
        method=str(entry.extra.get("status_callback_method", "POST")),
        params=status_params(facts(entry, status), at=at, sequence=sequence, duration=entry.duration or 0),
        now=at,
    )


def raise_alert(core: Core, entry: CallEntry, code: int, text: str, *, at: float) -> None:
    """Put something wrong with a call into the account's debugger, and into what is known of the call."""
    core.store.calls.note(entry.sid, "alert", at=at, code=code, text=text)
    sid = core.sids.sid("NO")
    core.store.alerts.add(
        sid=sid, account_sid=entry.account_sid, resource_sid=entry.sid, error_code=code, text=text, now=at
    )
    data = {"error_code": code, "text": text, "alert_sid": sid, "url": ""}
    core.signals.emit(
        Signal(name="alert.raised", account_sid=entry.account_sid, resource_sid=entry.sid, now=at, data=data)
    )
