"""How webhooks are signed and delivered, by their URL: ``webhooks.twilio.com/v1/Webhooks``.

Shared keys sign, settings name a key with time-outs and retries, rules name a setting for some URLs. Writing a rule is
202: an operation tells when it works. Twilio publishes no OpenAPI document for this host; what is here was read off the
official SDK 9.13.0 and off twilio.com/docs/usage/webhooks. Errors are those of RFC 9457 (``type``, ``title``,
``detail``), which the SDK raises as ``TwilioServiceException``. Auth profiles, edge zones and tests are not emulated.
"""

from __future__ import annotations

import base64
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Endpoint, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.documents import Document
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.params import check_url
from twilio_emulator.store import Window
from twilio_emulator.webhooks.rules import (
    KEY,
    OPERATION,
    RULE,
    SETTING,
    MatchType,
    change_rule,
    delete_rule,
    match_key,
    new_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_MOST = 50
_INVALID, _IN_USE, _EXISTS, _LIMIT = 59000, 59100, 59103, 59200
_TITLES = {
    _INVALID: "Validation Error",
    _IN_USE: "Resource Is Still In Use",
    _EXISTS: "Resource Already Exists",
    _LIMIT: "Account Limit Reached",
    20404: "Not Found",
}
_ROOT = "/v1/Webhooks"
_LONGEST_NAME, _LONGEST_DESCRIPTION, _LONGEST_URL = 255, 1024, 2048
_RETRY_AFTER = "30"
_RETENTION = "P7D"
_CONDITIONS = ("ALL", "CONNECTION_TIMEOUT", "HTTP_4XX", "HTTP_5XX", "READ_TIMEOUT")


class _Problem(ApiError):
    """A refusal in the words of this host."""

    def body(self) -> dict[str, object]:
        return {
            "type": f"https://www.twilio.com/docs/api/errors/{self.code}",
            "title": _TITLES.get(self.code, "Error"),
            "status": self.status,
            "code": self.code,
            "detail": self.message,
        }


def _in_its_words(endpoint: Endpoint) -> Endpoint:
    """Have an endpoint refuse as this host does."""

    @wraps(endpoint)
    def answer(call: Call) -> Answer:
        try:
            return endpoint(call)
        except ApiError as error:
            raise _Problem(status=error.status, code=error.code, message=error.message) from error

    return answer


# ---------------------------------------------------------------------------------------------------------- shared keys


def create_key(call: Call) -> Answer:
    """Make a shared key; its secret is in this answer and nowhere else."""
    name = _name(_body(call))
    _check_limit(call, KEY)
    secret = call.core.sids.secret()
    key = _add(call, KEY, "sharedkey", {"friendlyName": name or "", "secret": secret})
    return Answer(status=201, body={**_render_key(key), "secret": secret})


def update_key(call: Call) -> Answer:
    """Rename a shared key."""
    name = _name(_body(call))
    changes = {} if name is None else {"friendlyName": name}
    return Answer(body=_render_key(call.core.store.records.change(_named(call, KEY), now=call.now, data=changes)))


def delete_key(call: Call) -> Answer:
    """Delete a shared key that no setting names."""
    key = _named(call, KEY)
    if call.core.store.records.first(SETTING, account_sid=call.account.sid, key=key.sid):
        raise _in_use(f"a Setting still names the SharedKey {key.sid}")
    call.core.store.records.delete(key)
    return Answer(status=204)


def _render_key(key: Record) -> Json:
    return {"id": key.sid, "friendlyName": key.data["friendlyName"], **_times(key)}


# ------------------------------------------------------------------------------------------------------------- settings


def create_setting(call: Call) -> Answer:
    """Make a setting; all but its name and description stays as it is."""
    body = _body(call)
    name, description = _name(body), _description(body)
    body.require("auth")
    auth, authorization = _auth(body.part("auth"))
    signature = _signature(call, body.part("signature")) if "signature" in body else None
    data = {
        "friendlyName": name or "",
        "description": description,
        "auth": auth,
        "secretAuthorization": authorization,
        "signature": signature,
        "connection": _connection(body.part("connection")) if "connection" in body else None,
        "edgeZones": _edge_zones(body.part("edgeZones")) if "edgeZones" in body else None,
    }
    _check_limit(call, SETTING)
    key = str(signature["sharedKeyId"]) if signature else ""
    return Answer(status=201, body=_render_setting(_add(call, SETTING, "setting", data, key=key)))


def update_setting(call: Call) -> Answer:
    """Rename a setting or describe it otherwise."""
    body = _body(call)
    given = {"friendlyName": _name(body), "description": _description(body)}
    changes = {name: value for name, value in given.items() if value is not None}
    setting = call.core.store.records.change(_named(call, SETTING), now=call.now, data=changes)
    return Answer(body=_render_setting(setting))


def delete_setting(call: Call) -> Answer:
    """Delete a setting that no rule names."""
    setting = _named(call, SETTING)
    if any(_names(rule, setting.sid) for rule in _rules(call)):
        raise _in_use(f"a Rule still names the Setting {setting.sid}")
    call.core.store.records.delete(setting)
    return Answer(status=204)


def _auth(auth: Document) -> tuple[Json, str | None]:
    """Return what is kept of the credentials, and the header they make."""
    auth.require("source")
    auth.choice("source", ["INLINE"])
    value = auth.part("value")
    value.require("scheme")
    scheme = value.choice("scheme", ["NONE", "BASIC"])
    if scheme == "NONE":
        return {"source": "INLINE", "value": {"scheme": scheme}}, None
    value.require("username", "password")
    username, password = value.text("username", longest=255) or "", value.text("password", longest=255) or ""
    header = f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
    return {"source": "INLINE", "value": {"scheme": scheme, "username": username}}, header


def _signature(call: Call, signature: Document) -> dict[str, str]:
    signature.require("sharedKeyId", "algorithm")
    signature.choice("type", ["SHARED_KEY"])
    signature.choice("algorithm", ["HMAC_SHA256"])
    key_id = signature.text("sharedKeyId") or ""
    key = call.core.store.records.find(KEY, key_id)
    if key is None or key.account_sid != call.account.sid:
        raise invalid("signature.sharedKeyId", "there is no such SharedKey", code=_INVALID)
    return {"type": "SHARED_KEY", "sharedKeyId": key_id, "algorithm": "HMAC_SHA256"}


def _connection(connection: Document) -> Json:
    retry = connection.part("retryPolicy")
    on = retry.texts("retryOn")
    for index, condition in enumerate(on or ()):
        if condition not in _CONDITIONS:
            why = f"it must be one of {', '.join(_CONDITIONS)}"
            raise invalid(f"connection.retryPolicy.retryOn[{index}]", why, code=_INVALID)
    return {
        "connectTimeoutMs": _whole(connection, "connectTimeoutMs", 100, 15_000, 5_000),
        "readTimeoutMs": _whole(connection, "readTimeoutMs", 100, 15_000, 15_000),
        "totalTimeoutMs": _whole(connection, "totalTimeoutMs", 100, 60_000, 15_000),
        "retryPolicy": {"retryCount": _whole(retry, "retryCount", 0, 5, 0), "retryOn": on or ["CONNECTION_TIMEOUT"]},
    }


def _edge_zones(zones: Document) -> Json:
    return {"zones": zones.texts("zones") or [], "allowZoneFallback": bool(zones.flag("allowZoneFallback"))}


def _render_setting(setting: Record) -> Json:
    names = ("friendlyName", "description", "auth", "signature", "connection", "edgeZones")
    return {
        "id": setting.sid,
        "type": "CUSTOMER",
        **{name: setting.data[name] for name in names},
        **_times(setting),
    }


# ---------------------------------------------------------------------------------------------------------------- rules


def create_rule(call: Call) -> Answer:
    """Write a rule, which works once its operation is completed."""
    body = _body(call)
    body.require("matchType", "settings")
    wanted = _wanted(call, body, {"friendlyName": "", "description": None})
    _check_limit(call, RULE)
    _check_single(call, wanted, but="")
    rule = _add(call, RULE, "rule", {**wanted, "live": None, "deleted": False})
    return _accepted(call, change_rule(call.core, rule, wanted, now=call.now))


def update_rule(call: Call) -> Answer:
    """Change a rule, which works once its operation is completed."""
    rule = _rule(call)
    wanted = _wanted(call, _body(call), rule.data)
    _check_single(call, wanted, but=rule.sid)
    return _accepted(call, change_rule(call.core, rule, wanted, now=call.now))


def delete_the_rule(call: Call) -> Answer:
    """Delete a rule, which works until its operation is completed."""
    return _accepted(call, delete_rule(call.core, _rule(call), now=call.now))


def fetch_rule(call: Call) -> Answer:
    """Return one rule, as it was written last."""
    return Answer(body=_render_rule(_rule(call)))


def list_rules(call: Call) -> Answer:
    """List the rules, newest first; those of one setting on demand."""
    setting = call.params.text("settingId")
    found = [rule for rule in _rules(call) if not setting or _names(rule, setting)]
    return _page(call, "rules", found, _render_rule)


def _wanted(call: Call, body: Document, before: Mapping[str, object]) -> dict[str, object]:
    """Return a rule as it shall be."""
    name, description = _name(body), _description(body)
    types = [MatchType.EXACT, MatchType.PREFIX, MatchType.DEFAULT]
    match_type = body.choice("matchType", types) or str(before["matchType"])
    wanted: dict[str, object] = {
        "friendlyName": before["friendlyName"] if name is None else name,
        "description": before["description"] if description is None else description,
        "matchType": match_type,
        "settings": _references(call, body) or before["settings"],
        "value": None,
        "prefix": None,
    }
    if match_type != MatchType.DEFAULT:
        field = "value" if match_type == MatchType.EXACT else "prefix"
        wanted[field] = _pattern(body, field, before.get(field))
    return wanted


def _pattern(body: Document, field: str, before: object) -> str:
    url = body.text(field, longest=_LONGEST_URL) or str(before or "")
    if not url:
        raise invalid(field, "it is required for this matchType", code=_INVALID)
    check_url(field, url, code=_INVALID)
    if set("*?#") & set(url):
        raise invalid(field, "it cannot have special characters", code=_INVALID)
    if url.endswith("/") != (field == "prefix"):
        raise invalid(field, "it must end with /" if field == "prefix" else "it must not end with /", code=_INVALID)
    return url


def _references(call: Call, body: Document) -> list[Json]:
    """Return which settings apply to how much of the traffic."""
    references: list[Json] = []
    for part in body.parts("settings", most=2) or ():
        part.require("settingId")
        setting = call.core.store.records.find(SETTING, part.text("settingId") or "")
        if setting is None or setting.account_sid != call.account.sid:
            raise invalid(part.where("settingId"), "there is no such Setting", code=_INVALID)
        references.append({"settingId": setting.sid, "percentage": _whole(part, "percentage", 0, 100, 100)})
    if "settings" in body and sum(int(str(part["percentage"])) for part in references) != 100:
        raise invalid("settings", "the percentages must add up to 100", code=_INVALID)
    return references


def _check_single(call: Call, wanted: Mapping[str, object], *, but: str) -> None:
    key = match_key(wanted)
    if any(rule.key == key and rule.sid != but for rule in _rules(call)):
        raise ApiError(status=HTTPStatus.CONFLICT, code=_EXISTS, message=f"There is a Rule for {key} already")


def _accepted(call: Call, operation: Record) -> Answer:
    rule = call.core.store.records.require(RULE, operation.parent_sid)
    url = f"https://webhooks.twilio.com{_ROOT}/Operations/{operation.sid}"
    body: dict[str, object] = {"operation": {"id": operation.sid, "statusUrl": url}}
    if not rule.data["deleted"]:
        body["rule"] = _render_rule(rule)
    headers = {"Operation-Id": operation.sid, "Location": url, "Retry-After": _RETRY_AFTER}
    return Answer(status=202, body=body, headers=headers)


def _rules(call: Call) -> list[Record]:
    """Return the account's rules but those deleted, newest first."""
    found = call.core.store.records.where(RULE, account_sid=call.account.sid)
    return [rule for rule in reversed(found) if not rule.data["deleted"]]


def _rule(call: Call) -> Record:
    rule = _named(call, RULE)
    if rule.data["deleted"]:
        raise call.not_found()
    return rule


def _names(rule: Record, setting: str) -> bool:
    references = rule.data["settings"]
    return isinstance(references, list) and any(part["settingId"] == setting for part in references)


def _render_rule(rule: Record) -> Json:
    names = ("friendlyName", "description", "matchType", "settings")
    field = {MatchType.EXACT: "value", MatchType.PREFIX: "prefix"}.get(str(rule.data["matchType"]))
    matched = {field: rule.data[field]} if field else {}
    return {"id": rule.sid, **{name: rule.data[name] for name in names}, **matched, **_times(rule)}


# ----------------------------------------------------------------------------------------------------------- operations


def _render_operation(operation: Record) -> Json:
    completed = operation.status == "COMPLETED"
    return {
        "id": operation.sid,
        "statusUrl": f"https://webhooks.twilio.com{_ROOT}/Operations/{operation.sid}",
        "status": operation.status,
        "error": None,
        "resourceId": operation.parent_sid,
        "createdAt": iso8601(operation.created),
        "completedAt": iso8601(operation.updated) if completed else None,
        "retentionPeriod": _RETENTION,
    }


# --------------------------------------------------------------------------------------------------------------- common


def _fetch(kind: str, render: Callable[[Record], Json]) -> Endpoint:
    """Return the endpoint that shows one of a kind."""
    return lambda call: Answer(body=render(_named(call, kind)))


def _list(kind: str, name: str, render: Callable[[Record], Json], **filters: str) -> Endpoint:
    """Return the endpoint that lists a kind, newest first; filters are column by parameter."""

    def answer(call: Call) -> Answer:
        given = {column: call.params.text(parameter) for parameter, column in filters.items()}
        columns = {column: value for column, value in given.items() if value}
        found = call.core.store.records.where(kind, account_sid=call.account.sid, **columns)
        return _page(call, name, found[::-1], render)

    return answer


def _page(call: Call, name: str, found: list[Record], render: Callable[[Record], Json]) -> Answer:
    """Return a page as this host writes it: with tokens, which are positions here."""
    size = call.params.integer("pageSize", least=1, most=1000, code=_INVALID) or _MOST
    start = call.params.integer("pageToken", code=_INVALID) or 0
    page, after = found[start : start + size], start + size
    meta = {
        "key": name,
        "pageSize": size,
        "nextToken": str(after) if after < len(found) else None,
        "previousToken": str(max(0, start - size)) if start else None,
    }
    return Answer(body={name: [render(record) for record in page], "meta": meta})


def _body(call: Call) -> Document:
    return Document(call.document, code=_INVALID)


def _name(body: Document) -> str | None:
    return body.text("friendlyName", longest=_LONGEST_NAME)


def _description(body: Document) -> str | None:
    return body.text("description", longest=_LONGEST_DESCRIPTION)


def _whole(document: Document, name: str, least: int, most: int, default: int) -> int:
    value = document.number(name, least=least, most=most)
    if value is not None and value != int(value):
        raise invalid(document.where(name), "it must be a whole number", code=_INVALID)
    return default if value is None else int(value)


def _check_limit(call: Call, kind: str) -> None:
    page = call.core.store.records.page(kind, [("account_sid = ?", call.account.sid)], Window(size=_MOST))
    if len(page.items) >= _MOST:
        message = f"The account has {_MOST} of these already, which is the limit"
        raise ApiError(status=HTTPStatus.UNPROCESSABLE_ENTITY, code=_LIMIT, message=message)


def _in_use(message: str) -> ApiError:
    return ApiError(status=HTTPStatus.CONFLICT, code=_IN_USE, message=message)


def _add(call: Call, kind: str, prefix: str, data: Mapping[str, object], *, key: str = "") -> Record:
    sid = new_id(call.core, prefix)
    return call.core.store.records.add(kind, sid=sid, account_sid=call.account.sid, key=key, data=data, now=call.now)


def _named(call: Call, kind: str) -> Record:
    record = call.core.store.records.find(kind, call.ids["Id"])
    if record is None or record.account_sid != call.account.sid:
        raise call.not_found()
    return record


def _times(record: Record) -> Json:
    return {"createdAt": iso8601(record.created), "updatedAt": iso8601(record.updated)}


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    takes_json = method in {"POST", "PATCH"}
    return Route(method, "webhooks", f"{_ROOT}{path}", _in_its_words(endpoint), takes_json=takes_json)


ROUTES = (
    _route("POST", "/SharedKeys", create_key),
    _route("GET", "/SharedKeys", _list(KEY, "sharedKeys", _render_key)),
    _route("GET", "/SharedKeys/{Id}", _fetch(KEY, _render_key)),
    _route("PATCH", "/SharedKeys/{Id}", update_key),
    _route("DELETE", "/SharedKeys/{Id}", delete_key),
    _route("POST", "/Settings", create_setting),
    _route("GET", "/Settings", _list(SETTING, "settings", _render_setting, sharedKeyId="key")),
    _route("GET", "/Settings/{Id}", _fetch(SETTING, _render_setting)),
    _route("PATCH", "/Settings/{Id}", update_setting),
    _route("DELETE", "/Settings/{Id}", delete_setting),
    _route("POST", "/Rules", create_rule),
    _route("GET", "/Rules", list_rules),
    _route("GET", "/Rules/{Id}", fetch_rule),
    _route("PATCH", "/Rules/{Id}", update_rule),
    _route("DELETE", "/Rules/{Id}", delete_the_rule),
    _route(
        "GET",
        "/Operations",
        _list(OPERATION, "operations", _render_operation, status="status", resourceId="parent_sid"),
    ),
    _route("GET", "/Operations/{Id}", _fetch(OPERATION, _render_operation)),
)
