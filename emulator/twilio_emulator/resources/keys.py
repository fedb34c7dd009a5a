"""API keys: ``iam.twilio.com/v1/Keys``.

The account is named by a parameter here, not by the path. It must be the account that authenticates:
resources outside of v2010 need the account's own credentials, and a key made for another account than the
one named would be found out too late.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.core import digest
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid, unauthorized
from twilio_emulator.models import ApiKey, KeyKind
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.permissions import MOST_PERMISSIONS, is_known
from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from twilio_emulator.params import Params

__all__ = ["ROUTES", "friendly_name", "make", "named"]

_LONGEST_NAME = 64
_FLAGS = {
    KeyKind.MAIN: ["rest_api", "signing", "manage_accounts", "manage_keys"],
    KeyKind.STANDARD: ["rest_api", "signing"],
    KeyKind.RESTRICTED: ["restricted"],
}


def create(call: Call) -> Answer:
    """Make a Standard or a Restricted key; its secret is in this answer and nowhere else."""
    _check_account(call)
    name = friendly_name(call.params)
    restricted = call.params.choice("KeyType", ["restricted"])
    policy = _policy(call.params)
    if restricted and policy is None:
        raise invalid("Policy", "a restricted key needs one")
    if policy is not None and not restricted:
        raise invalid("Policy", "a Standard key has none; give KeyType restricted")
    key, secret = make(call, name, KeyKind.RESTRICTED if restricted else KeyKind.STANDARD, policy or ())
    return Answer(status=201, body={**_render(key), "secret": secret})


def list_(call: Call) -> Answer:
    """List the account's keys, newest first."""
    _check_account(call)
    window = window_of(call.params)
    found = call.core.store.keys.page(call.account.sid, window)
    return Answer(body=meta_page(call, "keys", found, window, _render_listed, filters=("AccountSid",)))


def fetch(call: Call) -> Answer:
    """Return one key."""
    return Answer(body=_render(named(call)))


def update(call: Call) -> Answer:
    """Rename a key, or give a Restricted one another policy."""
    key = named(call)
    name, policy = friendly_name(call.params), _policy(call.params)
    if policy is not None and key.kind != KeyKind.RESTRICTED:
        raise invalid("Policy", "only a restricted key has one")
    changed = call.core.store.keys.change(key.sid, friendly_name=name, permissions=policy, now=call.now)
    return Answer(body=_render(changed))


def delete(call: Call) -> Answer:
    """Revoke a key at once."""
    call.core.store.keys.delete(named(call).sid)
    return Answer(status=204)


def make(call: Call, name: str | None, kind: KeyKind, permissions: tuple[str, ...] = ()) -> tuple[ApiKey, str]:
    """Make a key of the account acted on; return it and its secret, which is not kept."""
    secret = call.core.sids.secret()
    key = call.core.store.keys.add(
        sid=call.core.sids.sid("SK"),
        account_sid=call.account.sid,
        friendly_name=name or "",
        kind=kind,
        secret_digest=digest(secret),
        now=call.now,
        permissions=permissions,
    )
    return key, secret


def named(call: Call) -> ApiKey:
    """Return the key that the path names.

    Raises:
        ApiError: 400/70002 for what is no key's SID, 404 when the account has no such key.
    """
    sid = call.ids["Sid"]
    if not is_sid(sid, "SK"):
        raise invalid("Sid", "it must be SK and 32 hexadecimal digits", code=70002)
    key = call.core.store.keys.find(sid)
    if key is None or key.account_sid != call.account.sid:
        raise call.not_found()
    return key


def friendly_name(params: Params) -> str | None:
    """Read a key's name."""
    name = params.text("FriendlyName")
    if name is not None and len(name) > _LONGEST_NAME:
        raise invalid("FriendlyName", f"it may have at most {_LONGEST_NAME} characters", code=70001)
    return name


def _policy(params: Params) -> tuple[str, ...] | None:
    """Read ``{"allow": ["/twilio/messaging/messages/read"]}``; None when there is none."""
    text = params.text("Policy")
    if not text:
        return None
    allow = _allowed(text)
    if not 0 < len(allow) <= MOST_PERMISSIONS:
        raise invalid("Policy", f"allow must have 1 to {MOST_PERMISSIONS} permissions")
    for permission in allow:
        if not is_known(permission):
            raise ApiError(status=400, code=70002, message=f"Invalid Policy: assertion '{permission}' is invalid")
    return tuple(dict.fromkeys(allow))


def _allowed(text: str) -> list[str]:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid("Policy", "it must be JSON") from error
    allow = policy.get("allow") if isinstance(policy, dict) and policy.keys() == {"allow"} else None
    if not isinstance(allow, list) or not all(isinstance(permission, str) for permission in allow):
        raise invalid("Policy", 'it must be {"allow": [...]} with a list of permissions')
    return allow


def _check_account(call: Call) -> None:
    account_sid = call.params.sid("AccountSid", "AC")
    if not account_sid:
        raise invalid("AccountSid", "it is required")
    if account_sid != call.account.sid:
        raise unauthorized("AccountSid must be the account that authenticates")


def _render(key: ApiKey) -> Json:
    restricted = key.kind == KeyKind.RESTRICTED
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name or None,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.updated),
        "policy": {"allow": list(key.permissions)} if restricted else None,
    }


def _render_listed(key: ApiKey) -> Json:
    listed = {name: value for name, value in _render(key).items() if name != "policy"}
    return {**listed, "flags": _FLAGS[KeyKind(key.kind)]}


_LIST = "/v1/Keys"
_ONE = "/v1/Keys/{Sid}"

ROUTES = (
    Route("POST", "iam", _LIST, create, manages_accounts=True),
    Route("GET", "iam", _LIST, list_, manages_accounts=True),
    Route("GET", "iam", _ONE, fetch, manages_accounts=True),
    Route("POST", "iam", _ONE, update, manages_accounts=True),
    Route("DELETE", "iam", _ONE, delete, manages_accounts=True),
)
