"""WhatsApp senders and their states.

    CREATING ── own number ─────────────────────────────► VERIFYING ──► ONLINE ◄──► ONLINE:UPDATING
        └────── other number ──► PENDING_VERIFICATION ──code──┘           └──► OFFLINE (with reasons)

Each step takes ``review_delay``. Twilio verifies its own numbers by itself; whoever owns another number posts the code
that WhatsApp sent there, which only the admin API tells. TWILIO_REVIEW, DRAFT, STUBBED and OFFLINE come from the admin
API alone, and rest. Which code refuses what is Twilio's where its error pages tell (63100, 63101, 63104, 63110,
63113); their HTTP status, and that a duplicate is refused at once, is chosen.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.signals import Signal
from twilio_emulator.store import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Record

__all__ = [
    "INVALID",
    "SENDER",
    "SenderStatus",
    "change",
    "is_online",
    "of_address",
    "put_in_state",
    "register",
    "remove",
    "remove_with_account",
    "step",
    "submit_code",
]

SENDER = "whatsapp-sender"
"""The kind of record; its key is the address, its data has configuration, webhook and profile as Twilio names them."""

INVALID = 63100
"""Twilio's code for a field of a sender that cannot be used."""

_PARTS = ("configuration", "webhook", "profile")


class SenderStatus(StrEnum):
    """States of a sender."""

    CREATING = "CREATING"
    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    VERIFYING = "VERIFYING"
    TWILIO_REVIEW = "TWILIO_REVIEW"
    ONLINE = "ONLINE"
    UPDATING = "ONLINE:UPDATING"
    OFFLINE = "OFFLINE"
    DRAFT = "DRAFT"
    STUBBED = "STUBBED"


_MOVING = frozenset({SenderStatus.CREATING, SenderStatus.VERIFYING, SenderStatus.UPDATING})
"""States that pass by themselves."""


def register(
    core: Core, account: Account, *, address: str, parts: Mapping[str, Mapping[str, object]], now: float
) -> Record:
    """Begin to register a sender.

    Args:
        core: the emulator.
        account: whose it will be.
        address: ``whatsapp:+15551234567``.
        parts: ``configuration``, ``webhook`` and ``profile``.
        now: the moment.

    Raises:
        ApiError: a trial account, an address that is registered already, one too many, somebody else's WABA.
    """
    if core.is_trial(account):
        raise _refused(10002, "Trial account does not support WhatsApp senders: upgrade it")
    if of_address(core, address):
        raise _refused(63110, f"Invalid sender_id: {address} is already registered on WhatsApp")
    own = core.store.records.where(SENDER, account_sid=account.sid)
    if len(own) >= core.settings.max_whatsapp_senders:
        most = core.settings.max_whatsapp_senders
        raise _refused(63104, f"sender_id: the WhatsApp Business Account has its {most} phone numbers already")
    configuration = {**parts["configuration"]}
    configuration["waba_id"] = _waba(core, account, configuration.get("waba_id"))
    return core.store.records.add(
        SENDER,
        sid=core.sids.sid("XE"),
        account_sid=account.sid,
        now=now,
        key=address,
        status=SenderStatus.CREATING,
        data={**parts, "configuration": configuration, "code": core.sids.token()[:6].translate(_DIGITS)},
        next_at=now + core.settings.review_delay,
    )


def submit_code(core: Core, sender: Record, code: str, *, now: float) -> Record:
    """Take the code that WhatsApp sent to a number.

    Raises:
        ApiError: 63113, the code is wrong or none is waited for.
    """
    if sender.status != SenderStatus.PENDING_VERIFICATION:
        raise _refused(63113, f"configuration.verification_code: a sender that is {sender.status} waits for none")
    if code != sender.data["code"]:
        raise _refused(63113, "configuration.verification_code: it is not the code that was sent to the number")
    return _move(core, sender, SenderStatus.VERIFYING, now=now)


def change(core: Core, sender: Record, parts: Mapping[str, Mapping[str, object]], *, now: float) -> Record:
    """Change what is named in ``parts``; an online sender is updating for a while, and goes on sending."""
    merged = {name: {**_part(sender, name), **parts[name]} for name in _PARTS}
    changed = core.store.records.change(sender, data=merged, now=now)
    if sender.status == SenderStatus.ONLINE:
        return _move(core, changed, SenderStatus.UPDATING, now=now)
    return changed


def step(core: Core, sender: Record, now: float) -> None:
    """Move a sender on when its timer fires."""
    if sender.status == SenderStatus.CREATING and not _is_own(core, sender):
        _move(core, sender, SenderStatus.PENDING_VERIFICATION, now=now)
    elif sender.status == SenderStatus.CREATING:
        _move(core, sender, SenderStatus.VERIFYING, now=now)
    elif sender.status in _MOVING:
        _move(core, sender, SenderStatus.ONLINE, now=now)


def put_in_state(
    core: Core, sender: Record, status: SenderStatus, *, reasons: Sequence[Mapping[str, str]], now: float
) -> Record:
    """Put a sender into a state, as Twilio or Meta would; each reason is an alert of the account too."""
    moved = _move(core, sender, status, now=now)
    for reason in reasons:
        _alert(core, sender, reason, now=now)
    return core.store.records.change(moved, data={"offline_reasons": [dict(reason) for reason in reasons] or None})


def remove(core: Core, sender: Record, *, now: float) -> None:
    """Take a sender off WhatsApp: its address is free again."""
    core.store.records.delete(sender)
    core.signals.emit(
        Signal(
            name="sender.removed",
            account_sid=sender.account_sid,
            resource_sid=sender.sid,
            now=now,
            data={"address": sender.key},
        )
    )


def remove_with_account(core: Core, signal: Signal) -> None:
    """Take the senders of an account that is closed off WhatsApp."""
    if signal.name != "account.closed":
        return
    for sender in core.store.records.where(SENDER, account_sid=signal.account_sid):
        remove(core, sender, now=signal.now)


def of_address(core: Core, address: str) -> Record | None:
    """Return the sender that has this address, in whatever account and state."""
    return core.store.records.first(SENDER, key=address)


def is_online(sender: Record) -> bool:
    """Say whether messages pass."""
    return sender.status in {SenderStatus.ONLINE, SenderStatus.UPDATING}


_DIGITS = str.maketrans("abcdef", "012345")
"""Makes digits of hexadecimal ones."""


def _move(core: Core, sender: Record, status: SenderStatus, *, now: float) -> Record:
    next_at = now + core.settings.review_delay if status in _MOVING else None
    reasons = {} if status == SenderStatus.OFFLINE else {"offline_reasons": None}
    return core.store.records.change(sender, status=status, next_at=next_at, data=reasons, now=now)


def _is_own(core: Core, sender: Record) -> bool:
    number = core.store.numbers.owner_of(sender.key.partition(":")[2])
    return number is not None and number.account_sid == sender.account_sid


def _waba(core: Core, account: Account, wanted: object) -> str:
    """Return the WhatsApp Business Account of a sender: the one named, else the account's own, made of its SID."""
    if not wanted:
        return str(int(account.sid.removeprefix("AC"), 16))[:15]
    linked = [("json_extract(data, '$.configuration.waba_id') = ?", wanted), ("account_sid != ?", account.sid)]
    if core.store.records.page(SENDER, linked, Window(size=1)).items:
        raise _refused(63101, f"Invalid configuration.waba_id: {wanted} is linked to another Twilio account")
    return str(wanted)


def _part(sender: Record, name: str) -> dict[str, object]:
    part = sender.data[name]
    return dict(part) if isinstance(part, dict) else {}


def _alert(core: Core, sender: Record, reason: Mapping[str, str], *, now: float) -> None:
    sid, code = core.sids.sid("NO"), int(reason["code"])
    core.store.alerts.add(
        sid=sid,
        account_sid=sender.account_sid,
        resource_sid=sender.sid,
        error_code=code,
        text=reason["message"],
        now=now,
    )
    data = {"error_code": code, "text": reason["message"], "alert_sid": sid, "url": ""}
    core.signals.emit(
        Signal(name="alert.raised", account_sid=sender.account_sid, resource_sid=sender.sid, now=now, data=data)
    )


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)
