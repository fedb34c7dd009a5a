"""Accounts and subaccounts: ``/2010-04-01/Accounts``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import SUSPENDED_BY_TWILIO, quota
from twilio_emulator.auth import CredentialKind, reach_account
from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid, unauthorized
from twilio_emulator.models import Account, AccountStatus
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROUTES"]

_LONGEST_NAME = 64
_SUBRESOURCES: Mapping[str, str] = {
    "addresses": "Addresses",
    "applications": "Applications",
    "authorized_connect_apps": "AuthorizedConnectApps",
    "available_phone_numbers": "AvailablePhoneNumbers",
    "balance": "Balance",
    "calls": "Calls",
    "conferences": "Conferences",
    "connect_apps": "ConnectApps",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "messages": "Messages",
    "notifications": "Notifications",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "queues": "Queues",
    "recordings": "Recordings",
    "short_codes": "SMS/ShortCodes",
    "signing_keys": "SigningKeys",
    "sip": "SIP",
    "transcriptions": "Transcriptions",
    "usage": "Usage",
}


def create(call: Call) -> Answer:
    """Make a subaccount of the caller's account."""
    name = _friendly_name(call)
    parent = call.caller.account
    if not parent.is_parent:
        raise _refused(21101, "Subaccounts cannot contain subaccounts")
    if parent.status != AccountStatus.ACTIVE:
        raise _refused(21476, "Unable to create a subaccount, parent account is suspended.")
    accounts = call.core.store.accounts
    if accounts.count_open_subaccounts(parent.sid) >= quota(call.core, parent):
        raise _refused(21480, "Reached maximum number of subaccounts")
    account = accounts.add(
        sid=call.core.sids.sid("AC"),
        owner_sid=parent.sid,
        friendly_name=name or f"SubAccount Created at {rfc2822(call.now)}",
        auth_token=call.core.sids.token(),
        now=call.now,
        type_=parent.type,
    )
    return Answer(status=201, body=_render(call, account))


def list_(call: Call) -> Answer:
    """List the caller's account and its subaccounts, newest first."""
    window = window_of(call.params)
    name = call.params.text("FriendlyName")
    status = call.params.choice("Status", list(AccountStatus))
    conditions: list[tuple[str, object]] = [_visible(call.caller.account)]
    if name:
        conditions.append(("friendly_name = ?", name))
    if status:
        conditions.append(("status = ?", status))
    found = call.core.store.accounts.page(conditions, window)
    filters = ("FriendlyName", "Status")
    body = uri_page(call, "accounts", found, window, lambda item: _render(call, item), filters=filters)
    return Answer(body=body)


def fetch(call: Call) -> Answer:
    """Return one account."""
    return Answer(body=_render(call, _named(call)))


def update(call: Call) -> Answer:
    """Rename an account, suspend, resume or close it."""
    account = _named(call)
    name = _friendly_name(call)
    status = call.params.choice("Status", list(AccountStatus), code=21475) or account.status
    if call.params.text("Status") is not None:
        _check_status(call, account)
    if status == AccountStatus.CLOSED:
        _give_back(call, account)
    changed = call.core.store.accounts.change(
        account.sid, now=call.now, friendly_name=name or account.friendly_name, status=status
    )
    return Answer(body=_render(call, changed))


def _give_back(call: Call, account: Account) -> None:
    """Release what an account that closes holds, and tell the other parts."""
    signals = call.core.signals
    for number in call.core.store.numbers.release_all(account.sid, now=call.now):
        data = {"phone_number": number.phone_number, "owner_sid": account.sid}
        signals.emit(
            Signal(name="number.released", account_sid=account.sid, resource_sid=number.sid, now=call.now, data=data)
        )
    signals.emit(
        Signal(name="account.closed", account_sid=account.sid, resource_sid=account.sid, now=call.now, data={})
    )


def _check_status(call: Call, account: Account) -> None:
    """Refuse a change of status that Twilio would refuse."""
    if account.is_parent:
        raise _refused(21477, "Unable to update Status for parent accounts")
    if call.caller.account.sid != account.owner_sid:
        raise unauthorized("Only the parent account may change the Status of a subaccount")
    if account.status == AccountStatus.CLOSED:
        raise _refused(21479, "Unable to update Status for subaccount, subaccount has been closed.")
    if call.caller.account.status != AccountStatus.ACTIVE:
        raise _refused(21476, "Unable to update Status for subaccount, parent account is suspended.")
    if account.suspended_by == SUSPENDED_BY_TWILIO:
        raise _refused(21478, "Unable to update Status for subaccount, subaccount has been suspended by Twilio.")


def _named(call: Call) -> Account:
    return reach_account(call.core.store, call.caller, call.ids["Sid"], call.path)


def _visible(caller: Account) -> tuple[str, object]:
    return ("owner_sid = ?", caller.sid) if caller.is_parent else ("sid = ?", caller.sid)


def _friendly_name(call: Call) -> str | None:
    name = call.params.text("FriendlyName")
    if name is not None and len(name) > _LONGEST_NAME:
        raise invalid("FriendlyName", f"it may have at most {_LONGEST_NAME} characters", code=20002)
    return name


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)


def _render(call: Call, account: Account) -> Json:
    kind = call.caller.kind
    own = account.sid == call.caller.account.sid
    shows_token = kind is CredentialKind.TOKEN or (own and kind is CredentialKind.MAIN_KEY)
    root = f"/2010-04-01/Accounts/{account.sid}"
    return {
        "auth_token": account.auth_token if shows_token else "",
        "date_created": rfc2822(account.created),
        "date_updated": rfc2822(account.updated),
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.owner_sid,
        "sid": account.sid,
        "status": account.status,
        "subresource_uris": {name: f"{root}/{path}.json" for name, path in _SUBRESOURCES.items()},
        "type": account.type,
        "uri": f"{root}.json",
    }


_LIST = "/2010-04-01/Accounts.json"
_ONE = "/2010-04-01/Accounts/{Sid}.json"

ROUTES = (
    Route("POST", "api", _LIST, create, manages_accounts=True),
    Route("GET", "api", _LIST, list_, manages_accounts=True),
    Route("GET", "api", _ONE, fetch, manages_accounts=True),
    Route("POST", "api", _ONE, update, manages_accounts=True),
)
