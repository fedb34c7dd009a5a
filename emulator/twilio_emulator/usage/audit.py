"""The audit log that Monitor shows: which write of the API is which event, and what it changed, without secrets."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.signals import Signal

__all__ = ["SOURCE_IP", "event_type_of", "note"]

SOURCE_IP = "127.0.0.1"
"""From where every call came: the emulator does not look."""

_A = "/2010-04-01/Accounts/{AccountSid}"
_SPECIAL: Mapping[str, str] = {
    "POST /v1/AuthTokens/Secondary": "account-auth-token.secondary-created",
    "DELETE /v1/AuthTokens/Secondary": "account-auth-token.secondary-deleted",
    "POST /v1/AuthTokens/Promote": "account-auth-token.promoted",
    f"POST {_A}/Calls/{{Sid}}.json": "call.status.updated",
}
_UNNOTED = frozenset(
    {
        f"POST {_A}/Calls.json",
        f"POST {_A}/Messages.json",
        f"POST {_A}/Messages/{{MessageSid}}/Feedback.json",
        "POST /v1/Sinks/{Sid}/Test",
        "POST /v1/Sinks/{Sid}/Validate",
    }
)
"""Traffic, which the logs of messages and calls hold, and what changes nothing."""
_NOUNS: Mapping[str, str] = {
    "Accounts": "account",
    "Addresses": "address",
    "AlphaSenders": "copilot-number-pool",
    "Applications": "application",
    "BrandRegistrations": "brand-registration",
    "Bundles": "bundle",
    "Calls": "call",
    "ChannelSenders": "copilot-number-pool",
    "IncomingPhoneNumbers": "phone-number",
    "Keys": "account-api-keys",
    "Media": "message-media",
    "Messages": "message",
    "OutgoingCallerIds": "caller-id",
    "PhoneNumbers": "copilot-number-pool",
    "Recordings": "recording",
    "Senders": "channels-sender",
    "Services": "copilot-application",
    "SigningKeys": "account-keys",
    "Triggers": "usage-trigger",
    "Usa2p": "us-app-to-person",
}
"""What the collections are called in events; the names are Twilio's where it lists one."""
_KINDS_OF_NUMBER = ("Local", "Mobile", "TollFree")
_SECRET = re.compile(
    r"token|secret|password|credential|write_key|external_id|role_arn|configuration|pin", re.IGNORECASE
)
_CHANGING = frozenset({"date_updated"})
_LONGEST = 1_000


def note(core: Core, signal: Signal) -> None:
    """Enter a write of the API into the log."""
    if signal.name != "api.write":
        return
    data = signal.data
    event_type = event_type_of(str(data["method"]), str(data["template"]))
    if event_type is None:
        return
    resource_sid = signal.resource_sid if is_sid(signal.resource_sid, signal.resource_sid[:2]) else ""
    body = data.get("body")
    state = _state(body) if isinstance(body, dict) else {}
    core.store.audit.add(
        sid=core.sids.sid("AE"),
        account_sid=signal.account_sid,
        actor_sid=str(data.get("actor_sid") or signal.account_sid),
        event_type=event_type,
        resource_sid=resource_sid,
        resource_url=_url(data, resource_sid),
        source_ip=SOURCE_IP,
        state=state,
        changes=_changes(core, resource_sid, state) if event_type.endswith(".updated") else {},
        now=signal.now,
    )


def event_type_of(method: str, template: str) -> str | None:
    """Return the event that a write is, such as ``phone-number.created``; None for one that is none.

    Args:
        method: HTTP method.
        template: the route's path, with its variables.
    """
    write = f"{method} {template}"
    if write in _UNNOTED:
        return None
    if write in _SPECIAL:
        return _SPECIAL[write]
    parts = template.removesuffix(".json").split("/")
    on_one = parts[-1].startswith("{")
    names = [part for part in parts if part and not part.startswith("{") and part not in _KINDS_OF_NUMBER]
    noun = _NOUNS.get(names[-1]) or _kebab(names[-1])
    if method == "DELETE":
        return f"{noun}.deleted"
    return f"{noun}.updated" if on_one else f"{noun}.created"


def _changes(core: Core, resource_sid: str, state: Mapping[str, object]) -> dict[str, object]:
    """Return what is different since the resource's last event; nothing when there is none to compare with."""
    last = core.store.audit.last_of(resource_sid) if resource_sid else None
    if last is None:
        return {}
    return {
        name: {"previous": last.state.get(name), "updated": value}
        for name, value in state.items()
        if name not in _CHANGING and last.state.get(name) != value
    }


def _state(body: Mapping[str, object]) -> dict[str, object]:
    """Return a resource's plain properties, none that is a secret or could hold one."""
    return {
        name: _clean(value)
        for name, value in body.items()
        if (value is None or isinstance(value, str | int | float | bool)) and not _is_secret(name)
    }


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    """There are a few hundred names, asked for again and again."""
    return _SECRET.search(name) is not None


def _clean(value: object) -> object:
    """Take user and password out of a URL, and cut what is long."""
    if not isinstance(value, str):
        return value
    if "@" in value and "://" in value:
        try:
            parts = urlsplit(value)
            value = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        except ValueError:
            return ""
    return value[:_LONGEST]


def _url(data: Mapping[str, object], resource_sid: str) -> str:
    host, path = str(data.get("host")), str(data.get("path"))
    named = path.rstrip("/").removesuffix(".json").endswith(resource_sid)
    below = path if not resource_sid or named else f"{path.removesuffix('.json')}/{resource_sid}"
    return f"https://{host}.twilio.com{below}"


def _kebab(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    return words.removesuffix("s")
