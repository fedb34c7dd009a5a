"""Calls under way: the state of each and when something is due in it, kept until it ends.

A call that was dialled by another has no state of its own here, only what its phone will do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.voice.state import Call

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.store.calls import CallEntry

__all__ = ["LIVE", "begin", "begin_leg", "drop", "keep", "limit", "plan", "state_of", "take_plan"]

LIVE = "live-call"
"""Kind of the record of a call under way; its SID is the call's, its parent the call that dialled it."""


def begin(core: Core, entry: CallEntry, call: Call, *, now: float, act: str = "") -> None:
    """Keep a new call; ``act`` is what comes from outside next, now plus the delay between states."""
    at = now + core.settings.status_delay if act else None
    core.store.records.add(
        LIVE,
        sid=entry.sid,
        account_sid=entry.account_sid,
        now=now,
        data={"state": call.to_json(), "act": act, "act_at": at},
        next_at=_next(call, at),
    )


def begin_leg(core: Core, entry: CallEntry, *, now: float, act: str, at: float | None) -> None:
    """Keep a call that another has dialled, and what its phone will do and when; None for never."""
    core.store.records.add(
        LIVE,
        sid=entry.sid,
        account_sid=entry.account_sid,
        parent_sid=entry.parent_sid,
        now=now,
        data={"act": act, "act_at": at},
        next_at=at,
    )


def state_of(core: Core, sid: str) -> Call | None:
    """Return the state of a call under way; None for one that has ended or was dialled by another."""
    record = core.store.records.find(LIVE, sid)
    return _state(record) if record else None


def keep(core: Core, sid: str, call: Call) -> None:
    """Keep a call's state, or forget it when the call is over."""
    record = core.store.records.require(LIVE, sid)
    if call.is_over:
        core.store.records.delete(record)
    else:
        core.store.records.change(
            record, data={"state": call.to_json()}, next_at=_next(call, _moment(record.data.get("act_at")))
        )


def plan(core: Core, sid: str, act: str, *, at: float) -> None:
    """Note what comes from outside next; nothing when the call has ended."""
    record = core.store.records.find(LIVE, sid)
    if record:
        core.store.records.change(record, data={"act": act, "act_at": at}, next_at=_next(_state(record), at))


def limit(core: Core, sid: str, seconds: int) -> None:
    """Have a call end so long after its answer; one that was dialled by another keeps its limit."""
    call = state_of(core, sid)
    if call:
        keep(core, sid, replace(call, time_limit=seconds))


def take_plan(core: Core, record: Record, *, now: float) -> str:
    """Return what comes from outside now, ``""`` for nothing; it does not come again."""
    at = _moment(record.data.get("act_at"))
    if at is None or at > now:
        return ""
    core.store.records.change(record, data={"act": "", "act_at": None})
    return str(record.data["act"])


def drop(core: Core, sid: str) -> None:
    """Forget a call that has ended."""
    record = core.store.records.find(LIVE, sid)
    if record:
        core.store.records.delete(record)


def _state(record: Record) -> Call | None:
    text = record.data.get("state")
    return Call.from_json(text) if isinstance(text, str) else None


def _moment(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _next(call: Call | None, act_at: float | None) -> float | None:
    moments = (call.due if call else None, act_at)
    return min((moment for moment in moments if moment is not None), default=None)
