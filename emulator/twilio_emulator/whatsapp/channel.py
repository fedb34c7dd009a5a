"""What WhatsApp lets through: from which senders, to whom, and when; and where its messages go.

A sender is one of ``senders``, or the sandbox, or, with the setting ``whatsapp_senders`` at ``implicit``, any number
that can send SMS and is no sender: those have no 24-hour window.

For messaging: ``check_sender`` before a message is accepted, ``failure_of`` for what becomes of it afterwards,
``inbound_target`` for where a message that comes in goes, ``status_callback`` where a message names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.numbering.plan import locate
from twilio_emulator.numbering.routing import message_target
from twilio_emulator.whatsapp import sandbox, senders, window

if TYPE_CHECKING:
    from twilio_emulator.addresses import Address
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Number, Record

__all__ = ["IMPLICIT", "InboundTarget", "check_sender", "failure_of", "inbound_target", "status_callback"]

IMPLICIT = "implicit"
"""The setting with which numbers are senders without registration."""

_OUTSIDE_WINDOW = 63016
_INVALID_RECIPIENT = 63024


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundTarget:
    """Where a message that comes in is taken: the account, and URLs that are ``""`` when unset."""

    account_sid: str
    url: str
    method: str
    fallback_url: str
    fallback_method: str


def check_sender(core: Core, account: Account, sender: Address) -> None:
    """Refuse a sender that is not online in this account.

    Raises:
        ApiError: 63007.
    """
    if sandbox.is_sandbox(sender):
        known = sandbox.of_account(core, account.sid) is not None
    else:
        record = senders.of_address(core, str(sender))
        known = _is_usable(record, account) if record else _implicit(core, sender, account.sid) is not None
    if not known:
        raise ApiError(
            status=400,
            code=63007,
            message=f"Twilio could not find a Channel with the specified 'From' address {sender}",
        )


def failure_of(
    core: Core, account: Account, sender: Address, recipient: Address, *, is_template: bool, now: float
) -> int | None:
    """Return the error code with which an accepted message will fail, such as 63016; None when it passes.

    Args:
        core: the emulator.
        account: who sends.
        sender: a sender that ``check_sender`` let pass.
        recipient: a phone number or a hidden user.
        is_template: whether the message is a template that WhatsApp has approved.
        now: the moment.
    """
    if sandbox.is_sandbox(sender):
        ordered, has_window = sandbox.failure_of(core, account.sid, recipient, now=now), True
    else:
        record = senders.of_address(core, str(sender))
        ordered, has_window = _error_code(record), record is not None
    if ordered or not has_window or window.is_open(core, account.sid, sender, recipient, now=now):
        return ordered
    if is_template:
        return None if recipient.number.startswith("+") else _INVALID_RECIPIENT
    return _OUTSIDE_WINDOW


def inbound_target(
    core: Core, recipient: Address, *, phone: Address | None = None, body: str = "", now: float = 0.0
) -> InboundTarget | None:
    """Return where the sender wants its messages; None when there is no such sender.

    Args:
        core: the emulator.
        recipient: the address written to.
        phone: who writes; only the sandbox wants to know, it is shared by all accounts.
        body: what is written: ``join`` and an account's word joins its sandbox.
        now: the moment.
    """
    if sandbox.is_sandbox(recipient):
        joined = sandbox.joined(core, phone, body, now=now) if phone else None
        return _target(joined) if joined else None
    record = senders.of_address(core, str(recipient))
    if record:
        return _target(record) if senders.is_online(record) else None
    number = _implicit(core, recipient)
    if number is None:
        return None
    target = message_target(core, number)
    return InboundTarget(
        account_sid=number.account_sid,
        url=target.url,
        method=target.method,
        fallback_url=target.fallback_url,
        fallback_method=target.fallback_method,
    )


def status_callback(core: Core, sender: Address) -> str:
    """Return where states of a sender's messages are told that name no URL themselves, ``""`` for nowhere."""
    record = senders.of_address(core, str(sender))
    return str(_webhook(record).get("status_callback_url") or "") if record else ""


def _is_usable(record: Record, account: Account) -> bool:
    return record.account_sid == account.sid and senders.is_online(record)


def _implicit(core: Core, address: Address, account_sid: str | None = None) -> Number | None:
    """Return the number that is a sender without registration, if the setting lets it be one."""
    if core.settings.whatsapp_senders != IMPLICIT:
        return None
    number = core.store.numbers.owner_of(address.number)
    place = locate(address.number)
    if number is None or place is None or not place.type.sms:
        return None
    return number if account_sid in {None, number.account_sid} else None


def _error_code(record: Record | None) -> int | None:
    """Return what the admin API ordered for all messages of a sender."""
    code = record.data.get("error_code") if record else None
    return code if isinstance(code, int) else None


def _target(record: Record) -> InboundTarget:
    webhook = _webhook(record)
    return InboundTarget(
        account_sid=record.account_sid,
        url=str(webhook.get("callback_url") or ""),
        method=str(webhook.get("callback_method") or "POST"),
        fallback_url=str(webhook.get("fallback_url") or ""),
        fallback_method=str(webhook.get("fallback_method") or "POST"),
    )


def _webhook(record: Record) -> dict[str, object]:
    webhook = record.data["webhook"]
    return webhook if isinstance(webhook, dict) else {}
