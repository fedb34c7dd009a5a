"""What Twilio itself does to accounts, and no customer can: the admin API and faults call it.

All of it is kept in the store. Call the functions that change something in a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError, ApiError
from twilio_emulator.models import Account, AccountStatus, AccountType
from twilio_emulator.store import Window

if TYPE_CHECKING:
    from twilio_emulator.core import Core

__all__ = [
    "SUSPENDED_BY_TWILIO",
    "SUSPENDED_WITH_PARENT",
    "check_may_buy",
    "is_verified",
    "lift",
    "quota",
    "revoke_credentials",
    "set_quota",
    "set_type",
    "suspend_by_twilio",
    "verify_number",
]

SUSPENDED_BY_TWILIO = "twilio"
"""``Account.suspended_by`` of an account that only Twilio can lift."""
SUSPENDED_WITH_PARENT = "parent"
"""``Account.suspended_by`` of a subaccount that is suspended as long as its parent is."""
_ACTIVE = (AccountStatus.ACTIVE, "")
_WITH_PARENT = (AccountStatus.SUSPENDED, SUSPENDED_WITH_PARENT)
_QUOTA = "quota"
_VERIFIED = "verified-number"
_TRIAL_QUOTA = 1
_LARGEST_QUOTA = 10_000_000


def suspend_by_twilio(core: Core, sid: str) -> Account:
    """Suspend an account; only ``lift`` ends it, the customer's attempt is 400/21478.

    With the parent every subaccount that was active is suspended too.

    Raises:
        AdminError: 404, there is no such account; 409, it is closed.
    """
    account, accounts, now = _open(core, sid), core.store.accounts, core.clock.now()
    if account.is_parent:
        accounts.change_subaccounts(account.sid, of=_ACTIVE, to=_WITH_PARENT, now=now)
    return accounts.change(account.sid, now=now, status=AccountStatus.SUSPENDED, suspended_by=SUSPENDED_BY_TWILIO)


def lift(core: Core, sid: str) -> Account:
    """Make an account active that Twilio suspended; one that its owner suspended stays so.

    With the parent the subaccounts are active again that were suspended with it.

    Raises:
        AdminError: 404, there is no such account; 409, it is closed.
    """
    account, accounts, now = _open(core, sid), core.store.accounts, core.clock.now()
    if account.suspended_by != SUSPENDED_BY_TWILIO:
        return account
    if account.is_parent:
        accounts.change_subaccounts(account.sid, of=_WITH_PARENT, to=_ACTIVE, now=now)
        status, suspended_by = _ACTIVE
    else:
        parent_is_active = accounts.require(account.owner_sid).status == AccountStatus.ACTIVE
        status, suspended_by = _ACTIVE if parent_is_active else _WITH_PARENT
    return accounts.change(account.sid, now=now, status=status, suspended_by=suspended_by)


def revoke_credentials(core: Core, sid: str) -> str:
    """Make both auth tokens and all keys of an account dead at once: 401/20003.

    Returns:
        The new primary auth token, which is the only way in. A subaccount's can be read with its parent's token too.

    Raises:
        AdminError: 404, there is no such account; 409, it is closed.
    """
    account, token = _open(core, sid), core.sids.token()
    core.store.accounts.change(
        account.sid, now=core.clock.now(), auth_token=token, secondary_token=None, secondary_created=None
    )
    core.store.keys.delete_all(account.sid)
    return token


def quota(core: Core, owner: Account) -> int:
    """Return how many open subaccounts an account may have."""
    ordered = core.store.records.find(_QUOTA, owner.sid)
    if ordered:
        return int(ordered.status)
    return _TRIAL_QUOTA if core.is_trial(owner) else core.settings.max_subaccounts


def set_quota(core: Core, most: int) -> None:
    """Set how many open subaccounts the parent may have; it outlasts a restart and overrides the settings.

    Raises:
        AdminError: 400, the number is out of range.
    """
    if not 0 <= most <= _LARGEST_QUOTA:
        raise AdminError(status=400, message=f"quota: give a whole number from 0 to {_LARGEST_QUOTA}")
    owner, now = core.settings.account_sid, core.clock.now()
    ordered = core.store.records.find(_QUOTA, owner)
    if ordered:
        core.store.records.change(ordered, now=now, status=str(most))
    else:
        core.store.records.add(_QUOTA, sid=owner, account_sid=owner, now=now, status=str(most))


def set_type(core: Core, sid: str, type_: str) -> Account:
    """Make an account a trial account or a paying one; the parent's type holds for its subaccounts.

    Raises:
        AdminError: 400, the type is neither Trial nor Full; 404, there is no such account; 409, it is closed.
    """
    if type_ not in list(AccountType):
        raise AdminError(status=400, message=f"type: give one of {', '.join(AccountType)}")
    return core.store.accounts.change(_open(core, sid).sid, now=core.clock.now(), type=type_)


def verify_number(core: Core, account_sid: str, number: str) -> None:
    """Note that an account's owner answered a phone: a trial account may write to it.

    Raises:
        AdminError: 404, there is no such account; 409, it is closed.
    """
    account = _open(core, account_sid)
    if core.store.records.first(_VERIFIED, account_sid=account.sid, key=number) is None:
        core.store.records.add(
            _VERIFIED, sid=f"{account.sid} {number}", account_sid=account.sid, key=number, now=core.clock.now()
        )


def is_verified(core: Core, account: Account, number: str) -> bool:
    """Say whether a phone was verified by the account or by its parent."""
    owners = {account.sid, account.owner_sid}
    return any(core.store.records.first(_VERIFIED, account_sid=sid, key=number) for sid in owners)


def check_may_buy(core: Core, account: Account) -> None:
    """Refuse the purchase of a number by an account that is not active, or by a trial account that has one.

    Raises:
        ApiError: 403/20005, not active; 400/10002, a trial account's subaccount; 400/21404, a second number on trial.
    """
    core.check_active(account)
    if not core.is_trial(account):
        return
    if not account.is_parent:
        raise ApiError(status=400, code=10002, message="Trial accounts do not support numbers in subaccounts")
    owned = core.store.numbers.page([("account_sid = ?", account.sid)], Window(size=1))
    if owned.items:
        message = "PhoneNumber: trial accounts are allowed only one Twilio number. To purchase more, please upgrade."
        raise ApiError(status=400, code=21404, message=message)


def _open(core: Core, sid: str) -> Account:
    account = core.store.accounts.find(sid)
    if account is None:
        raise AdminError(status=404, message=f"account: there is no {sid}")
    if account.status == AccountStatus.CLOSED:
        raise AdminError(status=409, message=f"account: {sid} is closed, which is final")
    return account
