"""``switchboard-runtime export``: contacts, conversations, messages, leads or usage, as CSV or JSON lines.

It is one moment's view, taken while the tenant may be served. Cells that a spreadsheet would take for a formula get an
apostrophe before them, since contacts write some of them.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from switchboard_runtime.backup.tables import ORDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from switchboard_runtime.backup.places import Place

__all__ = ["EXPORTS", "Row", "write_rows"]

Row = dict[str, Any]

_FORMULA = re.compile(r"^([=@\t\r]|[+-](?![0-9]))")


async def _contacts(place: Place) -> AsyncIterator[Row]:
    tags, addresses = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    async for row in _rows(place, "contact_tag", "contact_id", "tag"):
        tags[row["contact_id"]].append(row["tag"])
    async for row in _rows(place, "identity", "contact_id", "channel", "address"):
        addresses[row["contact_id"]].append(f"{row['channel']} {row['address']}")
    names = ("id", "name", "phone", "email", "language", "stage", "fields", "created_at", "last_seen", "merged_into")
    async for row in _rows(place, "contact", *names):
        if row.pop("merged_into") is None:
            yield {**row, "tags": tags[row["id"]], "addresses": addresses[row["id"]]}


async def _conversations(place: Place) -> AsyncIterator[Row]:
    names = (
        "channel",
        "own",
        "contact",
        "mode",
        "opted_out",
        "language",
        "created_at",
        "updated_at",
        "last_inbound_at",
    )
    async for row in _rows(place, "conversation", "id", *names):
        yield row


async def _messages(place: Place) -> AsyncIterator[Row]:
    """All that came, then all that went out, each in its order."""
    async for row in _rows(place, "message", "id", "conversation_id", "received_at", "kind", "text", "sid", "trace"):
        yield {
            **_said(row, "received_at", f"m{row['id']}"),
            "direction": "in",
            "author": "contact",
            "status": "received",
        }
    names = ("id", "conversation_id", "created_at", "author", "text", "sid", "trace", "state", "delivery", "error_code")
    async for row in _rows(place, "outbox", *names):
        status = row["delivery"] or row["state"]
        said = _said({**row, "kind": "text"}, "created_at", row["id"])
        yield {**said, "direction": "out", "author": row["author"], "status": status, "error_code": row["error_code"]}


def _said(row: Row, at: str, entry_id: str) -> Row:
    return {
        "id": entry_id,
        "conversation_id": row["conversation_id"],
        "at": row[at],
        "direction": "",
        "author": "",
        "kind": row["kind"],
        "text": row["text"],
        "status": "",
        "error_code": None,
        "sid": row["sid"],
        "trace": row["trace"],
    }


async def _leads(place: Place) -> AsyncIterator[Row]:
    async for row in _rows(
        place, "lead", "id", "contact_id", "conversation_id", "at", "name", "phone", "email", "interest"
    ):
        yield row


async def _usage(place: Place) -> AsyncIterator[Row]:
    names = ("assistant", "model", "outcome", "input_tokens", "cached_tokens", "output_tokens", "requests", "estimated")
    async for row in _rows(place, "spending", "work_id", "at", *names, "micros", "currency"):
        yield row


EXPORTS: Mapping[str, Callable[[Place], AsyncIterator[Row]]] = {
    "contacts": _contacts,
    "conversations": _conversations,
    "messages": _messages,
    "leads": _leads,
    "usage": _usage,
}
"""What can be exported."""


async def write_rows(rows: AsyncIterator[Row], stream: IO[str], *, as_csv: bool) -> int:
    """Write rows; how many there were."""
    count, writer = 0, None
    async for row in rows:
        plain = {name: _dated(name, value) for name, value in row.items()}
        if not as_csv:
            stream.write(json.dumps(plain, ensure_ascii=False) + "\n")
        else:
            if writer is None:
                writer = csv.DictWriter(stream, fieldnames=list(plain), lineterminator="\r\n")
                writer.writeheader()
            writer.writerow({name: _cell(value) for name, value in plain.items()})
        count += 1
    return count


async def _rows(place: Place, table: str, *columns: str) -> AsyncIterator[Row]:
    if not await place.columns(table):
        return
    async for batch in place.rows(ORDER[table], columns):
        for row in batch:
            yield dict(zip(columns, row, strict=True))


def _dated(name: str, value: Any) -> Any:
    if name in {"at", "last_seen"} or name.endswith("_at"):
        return None if value is None else datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    if name == "fields":
        return json.loads(value)
    return bool(value) if name in {"opted_out", "estimated"} else value


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
