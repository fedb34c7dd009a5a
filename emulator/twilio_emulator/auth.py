"""Who calls, and how far the credentials reach.

The rules (twilio.com/docs/iam/api/subaccounts, /docs/iam/api-keys):

- SID + auth token, primary or secondary, is that account. The parent's also reach every v2010 resource of a subaccount.
- On other product hosts no path names an account: the call acts on the account that authenticates. A client that holds
  the parent's credentials and believes to act on a subaccount acts on the parent (twilio-python#785).
- A key is its account. The parent's Main key manages accounts and keys but reaches no resource inside a subaccount; a
  Standard key reaches neither accounts nor keys; a Restricted key reaches what its policy allows.
- Test credentials are an account of their own that owns nothing: see ``resources.test_mode``.
- A subaccount's credentials reach that subaccount only. Another account is 404 for a token and 401 for a key.
- A closed account is 401. A suspended one still answers; messages, calls and purchases are refused.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.core import digest
from twilio_emulator.errors import ApiError, not_found, unauthorized
from twilio_emulator.models import Account, AccountStatus, AccountType, KeyKind
from twilio_emulator.permissions import missing

if TYPE_CHECKING:
    from twilio_emulator.calls import Route
    from twilio_emulator.core import Core
    from twilio_emulator.store import Store

__all__ = ["Caller", "CredentialKind", "authenticate", "authorize", "reach", "reach_account"]


class CredentialKind(StrEnum):
    """What kind of credentials a call came with."""

    TOKEN = "token"  # noqa: S105  # a kind, not a credential
    MAIN_KEY = "main"
    STANDARD_KEY = "standard"
    RESTRICTED_KEY = "restricted"
    TEST = "test"


_KINDS = {
    KeyKind.MAIN: CredentialKind.MAIN_KEY,
    KeyKind.STANDARD: CredentialKind.STANDARD_KEY,
    KeyKind.RESTRICTED: CredentialKind.RESTRICTED_KEY,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The account that authenticated, and with what; ``permissions`` are those of a Restricted key."""

    account: Account
    kind: CredentialKind
    permissions: tuple[str, ...] = ()


def authenticate(core: Core, header: str | None) -> Caller:
    """Return who sent an ``Authorization`` header.

    Raises:
        ApiError: 401 for a header that is missing, malformed or unknown, and for a closed account.
    """
    username, password = _basic(header)
    if username == core.settings.test_pair.sid:
        return _by_test_pair(core, password)
    find = _by_key if username.startswith("SK") else _by_token
    caller = find(core.store, username, password)
    if caller is None or caller.account.status == AccountStatus.CLOSED:
        raise unauthorized()
    return caller


def authorize(caller: Caller, route: Route) -> None:
    """Refuse a call that the credentials are not for, whatever account it is about.

    Raises:
        ApiError: 401/20003 for accounts and keys with a Standard key, 401/70051 for what a policy does not allow.
    """
    if caller.kind is CredentialKind.STANDARD_KEY and route.manages_accounts:
        raise unauthorized("A Standard API key cannot manage accounts and keys")
    if caller.kind is not CredentialKind.RESTRICTED_KEY:
        return
    lacking = missing(caller.permissions, route.method, route.host, route.path)
    if lacking is not None:
        what = f"required permission {lacking} is missing" if lacking else "no permission stands for this resource"
        raise ApiError(status=401, code=70051, message=f"Authorization Error: {what}")


def reach(store: Store, caller: Caller, account_sid: str, path: str) -> Account:
    """Return the account that a v2010 path names, if the caller's credentials reach into it.

    Raises:
        ApiError: they do not: 401 for a key, 404 for a token.
    """
    if account_sid != caller.account.sid and caller.kind is not CredentialKind.TOKEN:
        raise unauthorized()
    return reach_account(store, caller, account_sid, path)


def reach_account(store: Store, caller: Caller, account_sid: str, path: str) -> Account:
    """Return an account that the caller may see and change as such; a Main key may, other than its contents.

    Raises:
        ApiError: 404 when it is neither the caller's nor one of its subaccounts.
    """
    if account_sid == caller.account.sid:
        return caller.account
    account = store.accounts.find(account_sid)
    if account is None or account.owner_sid != caller.account.sid:
        raise not_found(path)
    return account


def _basic(header: str | None) -> tuple[str, str]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise unauthorized()
    try:
        username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:  # no base64, no ASCII, no UTF-8
        raise unauthorized() from error
    if not colon:
        raise unauthorized()
    return username, password


def _by_key(store: Store, sid: str, secret: str) -> Caller | None:
    key = store.keys.find(sid)
    if key is None or not hmac.compare_digest(key.secret_digest, digest(secret)):
        return None
    account = store.accounts.require(key.account_sid)
    return Caller(account=account, kind=_KINDS[KeyKind(key.kind)], permissions=key.permissions)


def _by_token(store: Store, sid: str, token: str) -> Caller | None:
    account = store.accounts.find(sid)
    if account is None:
        return None
    known = [held for held in (account.auth_token, account.secondary_token) if held]
    if not any(hmac.compare_digest(held.encode(), token.encode()) for held in known):
        return None
    return Caller(account=account, kind=CredentialKind.TOKEN)


def _by_test_pair(core: Core, token: str) -> Caller:
    """Return the test account, which is in no store."""
    pair, now = core.settings.test_pair, core.clock.now()
    if not hmac.compare_digest(pair.token.encode(), token.encode()):
        raise unauthorized()
    account = Account(
        seq=0,
        sid=pair.sid,
        owner_sid=pair.sid,
        friendly_name="Test credentials",
        status=AccountStatus.ACTIVE,
        auth_token=pair.token,
        secondary_token=None,
        secondary_created=None,
        created=now,
        updated=now,
        type=AccountType.FULL,
        suspended_by="",
    )
    return Caller(account=account, kind=CredentialKind.TEST)
