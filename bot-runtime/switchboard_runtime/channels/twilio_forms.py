"""Twilio's webhook forms as records of the engine.

Assumes: the signature was checked. Refuses nothing for being unknown: parameters come and go without notice.
Contacts are keyed on what came: a WhatsApp sender may have no phone number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.conversation.received import kind_of, words_of
from switchboard_runtime.store import Inbound, StatusUpdate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["phone_number", "read_message", "read_status"]

PROVIDER = "twilio"


def phone_number(address: str) -> str:
    """The number in an address: ``whatsapp:+1555…`` gives ``+1555…``."""
    return address.rpartition(":")[2].strip()


def read_message(
    form: Mapping[str, str], pairs: Sequence[tuple[str, str]], *, trace: str, now: float
) -> Inbound | None:
    """The message of a form, or None when it has no MessageSid, From or To."""
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid")
    own, contact = form.get("To"), form.get("From") or form.get("ExternalUserId")
    if not (sid and own and contact):
        return None
    return Inbound(
        provider=PROVIDER,
        account=form.get("AccountSid", ""),
        sid=sid,
        channel=own.partition(":")[0] if ":" in own else "sms",
        own=own,
        contact=contact,
        text=words_of(form),
        kind=kind_of(form),
        opt_out=form.get("OptOutType") or None,
        fields=tuple(pairs),
        trace=trace,
        received_at=now,
    )


def read_status(form: Mapping[str, str], *, outbox_id: str | None, now: float) -> StatusUpdate | None:
    """The status of a callback form, or None when it names no message or status."""
    sid = form.get("MessageSid") or form.get("SmsSid")
    status = form.get("MessageStatus") or form.get("SmsStatus")
    if not (sid and status):
        return None
    code = form.get("ErrorCode", "")
    return StatusUpdate(
        sid=sid,
        status=status,
        outbox_id=outbox_id,
        sender=form.get("From", ""),
        recipient=form.get("To", ""),
        error_code=int(code) if code.isdigit() and code.isascii() else None,
        received_at=now,
    )
