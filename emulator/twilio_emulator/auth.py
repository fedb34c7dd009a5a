"""Who calls, and how far the credentials reach.

The rules (twilio.com/docs/iam/api/subaccounts, /docs/iam/api-keys):

- SID + auth token, primary or secondary, is that account. The parent's also reach every v2010 resource of a subaccount.
- On other product hosts no path names an account: the call acts on the account that authenticates. A client that holds
  the parent's credentials and believes to act on a subaccount acts on the parent (twilio-python#785).
- A key is its account. The parent's Main key manages accounts and keys but reaches no resource inside a subaccount; a
  Standard key reaches neither accounts nor keys.
- A subaccount's credentials reach that subaccount only. Another account is 404 for a token and 401 for a key.
- A closed account is 401. A suspended one still answers; only messages are refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.core import digest
from twilio_emulator.errors import not_found, unauthorized
from twilio_emulator.models import Account, AccountStatus, KeyKind

if TYPE_CHECKING:
    from twilio_emulator.store import Store

__all__ = ["Caller", "CredentialKind", "authenticate", "reach", "reach_account"]


class CredentialKind(StrEnum):
    """What kind of credentials a call came with."""

    TOKEN = "token"  # noqa: S105  # a kind, not a credential
    MAIN_KEY = "main"
    STANDARD_KEY = "standard"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The account that authenticated, and with what."""

    account: Account
    kind: CredentialKind

    @property
    def manages_accounts(self) -> bool:
        """Say whether accounts and keys may be touched at all."""
        return self.kind is not CredentialKind.STANDARD_KEY


def authenticate(store: Store, header: str | None) -> Caller:
    """Return who sent an ``Authorization`` header.

    Raises:
        ApiError: 401 for a header that is missing, malformed or unknown, and for a closed account.
    """
    username, password = _basic(header)
    find = _by_key if username.startswith("SK") else _by_token
    caller = find(store, username, password)
    if caller is None or caller.account.status == AccountStatus.CLOSED:
        raise unauthorized()
    return caller


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
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unauthorized() from error
    if not colon:
        raise unauthorized()
    return username, password


def _by_key(store: Store, sid: str, secret: str) -> Caller | None:
    key = store.keys.find(sid)
    if key is None or not hmac.compare_digest(key.secret_digest, digest(secret)):
        return None
    kind = CredentialKind.MAIN_KEY if key.kind == KeyKind.MAIN else CredentialKind.STANDARD_KEY
    return Caller(account=store.accounts.require(key.account_sid), kind=kind)


def _by_token(store: Store, sid: str, token: str) -> Caller | None:
    account = store.accounts.find(sid)
    if account is None:
        return None
    known = [held for held in (account.auth_token, account.secondary_token) if held]
    if not any(hmac.compare_digest(held.encode(), token.encode()) for held in known):
        return None
    return Caller(account=account, kind=CredentialKind.TOKEN)
