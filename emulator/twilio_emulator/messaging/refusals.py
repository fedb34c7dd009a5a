"""Why Twilio refuses a message at once: each check raises the code of twilio.com/docs/api/errors that names it.

What fails later, on its way, is in ``progress``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import is_verified
from twilio_emulator.addresses import Address
from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.optouts import Scope, is_opted_out, scope_of
from twilio_emulator.messaging.phones import LANDLINE, UNREACHABLE, phone_at
from twilio_emulator.messaging.picking import NO_ALPHA
from twilio_emulator.numbering.plan import COUNTRIES, country_of, locate
from twilio_emulator.whatsapp.channel import check_sender as check_channel_sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Account

__all__ = [
    "MOST_MEDIA",
    "check_content",
    "check_pair",
    "check_queue",
    "check_recipient",
    "check_sender",
    "recipient_of",
    "refused",
    "sender_of",
]

_LONGEST_BODY = 1600
MOST_MEDIA = 10
_LANDLINES_TRIED = frozenset({"US", "CA", "GB"})
"""Countries where Twilio sends to landlines all the same (error page 21635)."""
_MAGIC_RECIPIENTS = {
    "+15005550001": (21211, "Invalid 'To' Phone Number: {to}"),
    "+15005550002": (21612, "The 'To' phone number: {to}, is not currently reachable using the 'From' phone number"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region indicated by 'To' {to}"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient: 'To' {to}"),
    "+15005550009": (21614, "'To' number {to} is not a valid mobile number"),
}
"""Numbers that Twilio's test credentials refuse, and how; here any account's do."""
_MAGIC_SENDERS = {
    "+15005550001": (21212, "Invalid 'From' Phone Number: {sender}"),
    "+15005550007": (21606, "The 'From' phone number {sender} is not a valid, message-capable phone number"),
    "+15005550008": (21611, "The 'From' number {sender} has exceeded the maximum number of queued messages"),
}


def refused(code: int, message: str) -> ApiError:
    """Return the 400 for a message that is not sent."""
    return ApiError(status=400, code=code, message=message)


def recipient_of(text: str) -> Address:
    """Return where a message is to go.

    Raises:
        ApiError: 21604, 21211.
    """
    if not text:
        raise refused(21604, "A 'To' phone number is required.")
    recipient = Address.parse(text)
    if not recipient.is_valid:
        raise refused(21211, f"Invalid 'To' Phone Number: {text}")
    return recipient


def sender_of(text: str) -> Address:
    """Return whom a message is to come from.

    Raises:
        ApiError: 21603, 21212.
    """
    if not text:
        raise refused(21603, "A 'From' phone number is required.")
    sender = Address.parse(text)
    if not sender.is_valid and not sender.is_alpha:
        raise refused(21212, f"Invalid 'From' Phone Number: {text}")
    return sender


def check_pair(sender: Address, recipient: Address) -> None:
    """Refuse ends that cannot be joined: 21910, 21266, 21612."""
    if sender.channel != recipient.channel:
        raise refused(21910, "Invalid 'From' and 'To' pair: both must be of the same channel")
    if sender == recipient:
        raise refused(21266, "'To' and 'From' number cannot be the same")
    if sender.is_alpha and country_of(recipient.number) in NO_ALPHA:
        raise _unreachable(recipient, sender)


def check_content(body: str, media: Sequence[str]) -> None:
    """Refuse nothing (21602) and too much (21617, 21623)."""
    if not body and not media:
        raise refused(21602, "Message body is required: give 'Body' or 'MediaUrl'.")
    if len(body) > _LONGEST_BODY:
        raise refused(21617, f"The 'Body' exceeds the {_LONGEST_BODY} character limit")
    if len(media) > MOST_MEDIA:
        raise refused(21623, f"Number of 'MediaUrl' exceeds {MOST_MEDIA}")


def check_sender(core: Core, account: Account, sender: Address) -> None:
    """Refuse a sender that the account does not have, or that carries no messages: 21659, 21606, 63007."""
    if sender.is_whatsapp:
        check_channel_sender(core, account, sender)
        return
    if sender.number in _MAGIC_SENDERS:
        code, message = _MAGIC_SENDERS[sender.number]
        raise refused(code, message.format(sender=sender.number))
    if sender.is_alpha:
        if core.is_trial(account):
            raise refused(21606, f"'From' {sender.number}: a trial account has no alphanumeric sender IDs")
        return
    number = core.store.numbers.owner_of(sender.number)
    if number is None or number.account_sid != account.sid:
        raise refused(21659, f"'From' {sender.number} is not a Twilio phone number or Short Code country mismatch")
    place = locate(number.phone_number)
    if place is None or not place.type.sms:
        raise refused(21606, f"The 'From' phone number {sender.number} is not a valid, message-capable phone number")


def check_recipient(core: Core, account: Account, recipient: Address, sender: Address, service_sid: str | None) -> None:
    """Refuse a recipient that cannot be, or must not be, written to: 21211, 21408, 21608, 21610, 21612, 21614.

    Args:
        core: the emulator.
        account: who sends.
        recipient: to whom.
        sender: from which of the account's senders.
        service_sid: the Messaging Service, None for none.
    """
    if not recipient.is_whatsapp:
        _check_phone(core, recipient, sender)
        scope = _scope(core, account, sender, service_sid)
        if is_opted_out(core, scope, recipient.number):
            raise refused(21610, f"Attempt to send to unsubscribed recipient: 'To' {recipient.number}")
    if core.is_trial(account) and not is_verified(core, account, recipient.number):
        raise refused(
            21608,
            f"The 'To' number {recipient.number} is unverified. Trial accounts cannot send to unverified numbers",
        )


def check_queue(core: Core, sender: Address) -> None:
    """Refuse one more message from a sender that has too many waiting: 21611."""
    most = core.settings.max_queued
    if most is not None and core.store.messages.queued(str(sender)) >= most:
        raise refused(
            21611, f"The 'From' number {sender.number} has exceeded the maximum number of queued messages, {most}"
        )


def _check_phone(core: Core, recipient: Address, sender: Address) -> None:
    if recipient.number in _MAGIC_RECIPIENTS:
        code, message = _MAGIC_RECIPIENTS[recipient.number]
        raise refused(code, message.format(to=recipient.number))
    permitted = core.settings.geo_permissions
    if country_of(recipient.number) not in (COUNTRIES if permitted is None else permitted):
        raise refused(
            21408,
            f"Permission to send an SMS has not been enabled for the region indicated by the 'To' number: "
            f"{recipient.number}",
        )
    line = phone_at(core, recipient).line
    if line == LANDLINE and country_of(recipient.number) not in _LANDLINES_TRIED:
        raise refused(21614, f"'To' number {recipient.number} is not a valid mobile number")
    if line == UNREACHABLE:
        raise _unreachable(recipient, sender)


def _scope(core: Core, account: Account, sender: Address, service_sid: str | None) -> Scope:
    """Return whom an opt-out would bar."""
    if service_sid:
        return Scope(account_sid=account.sid, sid=service_sid)
    number = core.store.numbers.owner_of(sender.number)
    return scope_of(core, number) if number else Scope(account_sid=account.sid, sid=sender.number)


def _unreachable(recipient: Address, sender: Address) -> ApiError:
    return refused(
        21612,
        f"The 'To' phone number: {recipient.number}, is not currently reachable "
        f"using the 'From' phone number: {sender.number} via SMS",
    )
