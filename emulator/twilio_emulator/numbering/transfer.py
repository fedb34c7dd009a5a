"""Moving a number to another account of the same family.

What belongs to the losing account stays there: applications, address, bundle and identity are taken off unless the
call names those of the gaining account. URLs go along.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.models import AccountStatus

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, NumberConfig

__all__ = ["gaining_account", "left_behind"]


def gaining_account(core: Core, *, caller: Account, owner: Account, account_sid: str) -> Account:
    """Return the account that is to get a number.

    Args:
        core: the emulator.
        caller: who authenticated.
        owner: who has the number.
        account_sid: who is to have it.

    Raises:
        ApiError: 21474 unless the parent calls, 21473 for an account of another family, 21472 for one not active.
    """
    if not caller.is_parent:
        raise ApiError(
            status=400,
            code=21474,
            message="AccountSid: the caller must be the parent account to transfer phone numbers",
        )
    account = core.store.accounts.find(account_sid)
    if account is None or account.owner_sid != owner.owner_sid:
        raise ApiError(
            status=400,
            code=21473,
            message="AccountSid is not related to the account that owns the phone number",
        )
    if account.status != AccountStatus.ACTIVE:
        raise ApiError(status=400, code=21472, message="AccountSid: the account is not active")
    return account


def left_behind(before: NumberConfig, after: NumberConfig) -> NumberConfig:
    """Return the configuration in the gaining account: what is still the losing account's is taken off."""
    fields = ("sms_application_sid", "voice_application_sid", "trunk_sid", "address_sid", "bundle_sid", "identity_sid")
    kept = {field: None for field in fields if getattr(after, field) == getattr(before, field)}
    return replace(after, **kept)  # type: ignore[arg-type]  # SIDs may all be None
