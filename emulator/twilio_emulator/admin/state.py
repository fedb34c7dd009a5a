"""What the emulator holds: ``/state``; and what happens in it, API calls and webhooks in one stream: ``/record``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from twilio_emulator.admin.edge import MOST_ITEMS, json_response, query_number, wait_until
from twilio_emulator.admin.logs import delivery_json, request_json
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.store.window import Stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.core import Core

__all__ = ["ROUTES"]

_USUAL_PAGE = 100
_MOST_EACH = 200
"""Most numbers and most other resources told of one account."""
_BOOKKEEPING = frozenset({"clock", "rented-number"})
"""Kinds of record that are no resource of anybody's but the emulator's own notes; ``full=1`` has them too."""
_POSITION = re.compile(r"(?P<requests>[0-9]{1,15})-(?P<deliveries>[0-9]{1,15})")
_HIDDEN_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


async def state(admin: Admin, request: web.Request) -> web.Response:
    """Accounts with what they have, oldest first, ``limit`` (100) after ``after``; with ``full=1`` every record."""
    core = admin.core
    if request.query.get("full") in {"1", "true"}:
        snapshot = {"at": iso8601(core.clock.now()), "tables": core.store.snapshots.everything()}
        return json_response(snapshot)
    after = int(query_number(request, "after", most=2**53))
    limit = int(query_number(request, "limit", most=MOST_ITEMS)) or _USUAL_PAGE
    account_sid = request.query.get("account", "")
    rows = core.store.snapshots.accounts(after, most=limit + 1, account_sid=account_sid)
    if account_sid and not rows and not after:
        raise AdminError(status=404, message=f"account: there is no {account_sid}")
    shown = rows[:limit]
    return json_response(
        {
            "accounts": _accounts(core, shown),
            "next": shown[-1]["seq"] if len(rows) > limit else None,
            "totals": core.store.snapshots.totals(),
            "at": iso8601(core.clock.now()),
        }
    )


async def record(admin: Admin, request: web.Request) -> web.Response:
    """API calls and webhooks as they happened, after a position; ``after=end`` gives the position behind all."""
    given = request.query.get("after", "")
    log, outbox = admin.core.store.requests, admin.core.store.outbox
    if given == "end":
        return json_response({"entries": [], "after": f"{log.last()}-{outbox.last_attempt()}"})
    match = _POSITION.fullmatch(given or "0-0")
    if match is None:
        raise AdminError(status=400, message="after: give the position of an earlier answer, end, or nothing")
    first_request, first_delivery = int(match["requests"]), int(match["deliveries"])

    def find() -> list[tuple[float, dict[str, Any]]]:
        calls = log.since(Stretch(after=first_request, most=MOST_ITEMS))
        attempts = outbox.attempts_since(Stretch(after=first_delivery, most=MOST_ITEMS))
        entries = [(item.at, {"type": "request", **request_json(item)}) for item in calls]
        entries += [(item.at, {"type": "webhook", **_harmless(delivery_json(item))}) for item in attempts]
        return sorted(entries, key=lambda entry: entry[0])

    entries = [entry for _, entry in await wait_until(admin, request, find)]
    last = {"request": first_request, "webhook": first_delivery}
    last |= {entry["type"]: entry["seq"] for entry in entries}
    return json_response({"entries": entries, "after": f"{last['request']}-{last['webhook']}"})


def _accounts(core: Core, rows: list[Mapping[str, Any]]) -> list[dict[str, object]]:
    sids = [str(row["sid"]) for row in rows]
    snapshots = core.store.snapshots
    counts = snapshots.counts(sids)
    numbers = snapshots.belongings("numbers", sids, most=_MOST_EACH)
    records = snapshots.belongings("records", sids, most=_MOST_EACH)
    return [
        {
            "seq": row["seq"],
            "sid": row["sid"],
            "ownerSid": row["owner_sid"],
            "friendlyName": row["friendly_name"],
            "status": row["status"],
            "created": iso8601(row["created"]),
            "counts": {kind: number for kind, number in counts[row["sid"]].items() if kind not in _BOOKKEEPING},
            "numbers": [_number(number) for number in numbers[row["sid"]]],
            "resources": [
                _resource(resource) for resource in records[row["sid"]] if resource["kind"] not in _BOOKKEEPING
            ],
        }
        for row in rows
    ]


def _number(number: Mapping[str, Any]) -> dict[str, object]:
    config = number["config"]
    return {
        "sid": number["sid"],
        "phoneNumber": number["phone_number"],
        "smsUrl": config["sms_url"],
        "voiceUrl": config["voice_url"],
        "statusCallback": config["status_callback"],
    }


def _resource(row: Mapping[str, Any]) -> dict[str, object]:
    names = {"kind": "kind", "sid": "sid", "parent_sid": "parentSid", "key": "key", "status": "status"}
    return {told: row[name] for name, told in names.items()}


def _harmless(attempt: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook attempt without the customer's credentials: in its URL, in its headers."""
    sides = {
        side: {**attempt[side], "headers": _without_credentials(attempt[side]["headers"])}
        for side in ("request", "response")
    }
    return {**attempt, **sides, "url": _without_password(attempt["url"])}


def _without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HIDDEN_HEADERS}


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/state", state),
    ("GET", "/record", record),
)
