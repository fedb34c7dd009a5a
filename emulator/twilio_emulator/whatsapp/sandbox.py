"""The WhatsApp sandbox: one number that all accounts share, for phones that joined one of them.

An account has a sandbox once the admin API gave it one, with a word and a callback URL (in Twilio's Console). A phone
that writes ``join`` and the word is that account's for three days; what it writes goes there, and only it can be
written to (63015). The 24-hour window holds as for any sender. Twilio's own answer to ``join`` is not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.addresses import Address
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = ["NUMBER", "activate", "failure_of", "is_sandbox", "joined", "of_account"]

NUMBER = "+14155238886"
_SANDBOX = "whatsapp-sandbox"
_MEMBER = "whatsapp-member"
_THREE_DAYS = 3 * 86_400.0
_NOT_JOINED = 63015


def is_sandbox(address: Address) -> bool:
    """Say whether this is the shared number."""
    return address.is_whatsapp and address.number == NUMBER


def activate(core: Core, account_sid: str, *, word: str, callback_url: str, now: float) -> Record:
    """Give an account a sandbox, or change what it has."""
    webhook = {"webhook": {"callback_url": callback_url}}
    known = of_account(core, account_sid)
    if known:
        return core.store.records.change(known, key=word, data=webhook, now=now)
    return core.store.records.add(_SANDBOX, sid=account_sid, account_sid=account_sid, key=word, now=now, data=webhook)


def of_account(core: Core, account_sid: str) -> Record | None:
    """Return an account's sandbox."""
    return core.store.records.find(_SANDBOX, account_sid)


def joined(core: Core, phone: Address, body: str, *, now: float) -> Record | None:
    """Return the sandbox a phone is in, after what it writes; None for none."""
    verb, _, word = body.strip().partition(" ")
    if verb.lower() == "join":
        _join(core, phone, word.strip().lower(), now=now)
    member = core.store.records.find(_MEMBER, phone.number)
    if member is None or now - member.updated >= _THREE_DAYS:
        return None
    return of_account(core, member.account_sid)


def failure_of(core: Core, account_sid: str, recipient: Address, *, now: float) -> int | None:
    """Return 63015 when a phone is not in the account's sandbox, else None."""
    member = core.store.records.find(_MEMBER, recipient.number)
    if member is None or member.account_sid != account_sid or now - member.updated >= _THREE_DAYS:
        return _NOT_JOINED
    return None


def _join(core: Core, phone: Address, word: str, *, now: float) -> None:
    sandbox = core.store.records.first(_SANDBOX, key=word)
    if sandbox is None:
        return
    member = core.store.records.find(_MEMBER, phone.number)
    if member:
        core.store.records.change(member, account_sid=sandbox.account_sid, now=now)
    else:
        core.store.records.add(_MEMBER, sid=phone.number, account_sid=sandbox.account_sid, now=now)
