"""API keys: ``iam.twilio.com/v1/Keys``.

The account is named by a parameter here, not by the path. It must be the account that authenticates:
resources outside of v2010 need the account's own credentials, and a key made for another account than the
one named would be found out too late.
"""

from __future__ import annotations

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.core import digest
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import invalid, unauthorized
from twilio_emulator.models import ApiKey, KeyKind
from twilio_emulator.paging import meta_page, window_of

__all__ = ["ROUTES"]


def create(call: Call) -> Answer:
    """Make a Standard key; its secret is in this answer and nowhere else."""
    _check_account(call)
    name = call.params.text("FriendlyName", longest=64)
    if call.params.choice("KeyType", ["restricted"]):
        raise invalid("KeyType", "the emulator makes Standard keys only; leave KeyType out")
    secret = call.core.sids.secret()
    key = call.core.store.keys.add(
        sid=call.core.sids.sid("SK"),
        account_sid=call.account.sid,
        friendly_name=name or "",
        kind=KeyKind.STANDARD,
        secret_digest=digest(secret),
        now=call.now,
    )
    return Answer(status=201, body={**_render(key), "secret": secret})


def list_(call: Call) -> Answer:
    """List the account's keys, newest first."""
    _check_account(call)
    window = window_of(call.params)
    found = call.core.store.keys.page(call.account.sid, window)
    return Answer(body=meta_page(call, "keys", found, window, _render_listed, filters=("AccountSid",)))


def fetch(call: Call) -> Answer:
    """Return one key."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Rename a key."""
    key = _named(call)
    name = call.params.text("FriendlyName", longest=64)
    if call.params.text("Policy"):
        raise invalid("Policy", "a Standard key has none")
    if name is not None:
        call.core.store.keys.change(key.sid, friendly_name=name, now=call.now)
    return Answer(body=_render(_named(call)))


def delete(call: Call) -> Answer:
    """Revoke a key at once."""
    call.core.store.keys.delete(_named(call).sid)
    return Answer(status=204)


def _check_account(call: Call) -> None:
    account_sid = call.params.sid("AccountSid", "AC")
    if not account_sid:
        raise invalid("AccountSid", "it is required")
    if account_sid != call.account.sid:
        raise unauthorized("AccountSid must be the account that authenticates")


def _named(call: Call) -> ApiKey:
    key = call.core.store.keys.find(call.ids["Sid"])
    if key is None or key.account_sid != call.account.sid:
        raise call.not_found()
    return key


def _render(key: ApiKey) -> Json:
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.updated),
        "policy": None,
    }


def _render_listed(key: ApiKey) -> Json:
    listed = {name: value for name, value in _render(key).items() if name != "policy"}
    return {**listed, "flags": []}


_LIST = "/v1/Keys"
_ONE = "/v1/Keys/{Sid}"

ROUTES = (
    Route("POST", "iam", _LIST, create, manages_accounts=True),
    Route("GET", "iam", _LIST, list_, manages_accounts=True),
    Route("GET", "iam", _ONE, fetch, manages_accounts=True),
    Route("POST", "iam", _ONE, update, manages_accounts=True),
    Route("DELETE", "iam", _ONE, delete, manages_accounts=True),
)
