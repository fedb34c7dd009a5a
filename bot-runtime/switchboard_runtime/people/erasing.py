"""SQL that makes a contact unknown: bodies of transactions.

Rows of the engine stay, empty and under a pseudonym, since their ids are what recognises a webhook that comes again;
rows that are about nothing but the contact go. The conversations' epochs are raised, so that no turn in flight is kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from switchboard_runtime.store import Lane, statement

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from switchboard_runtime.people.records import Identity
    from switchboard_runtime.store import Row, Rows, Statement

__all__ = ["ERASED", "Emptied", "emptied", "noted_of", "quarantine_erased", "sids_of", "unknown", "untold", "used"]

ERASED = "erased:"
"""What the address of a contact begins with, that was erased."""

_SLICE = 200
_SHORTEST_NUMBER = 7

_EMPTYING = (
    (
        "work",
        "UPDATE work SET state = 'done', outcome = 'erased', head = false, lease_until = 0 WHERE tenant_id = :tenant"
        " AND conversation_id = :id AND state = 'pending' RETURNING 1 AS one",
    ),
    (
        "unsent",
        "UPDATE outbox SET state = 'failed', error = 'erased', head = false, lease_until = 0"
        " WHERE tenant_id = :tenant AND conversation_id = :id AND state IN ('queued', 'sending') RETURNING 1 AS one",
    ),
    (
        "callbacks",
        "DELETE FROM callback WHERE tenant_id = :tenant AND sid IN (SELECT sid FROM outbox WHERE tenant_id = :tenant"
        " AND conversation_id = :id AND sid IS NOT NULL) RETURNING 1 AS one",
    ),
    (
        "replies",
        "UPDATE outbox SET text = '', payload = '{}', recipient = :name WHERE tenant_id = :tenant"
        " AND conversation_id = :id RETURNING 1 AS one",
    ),
    (
        "messages",
        "UPDATE message SET text = '', fields = '[]' WHERE tenant_id = :tenant AND conversation_id = :id"
        " RETURNING 1 AS one",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """What was found to empty: the conversations, ids at the provider, and how many rows of what.

    Of the conversations' addresses, ``stopped`` are those of who had said STOP, and ``going`` the others.
    """

    conversations: tuple[int, ...]
    sids: tuple[str, ...]
    counts: dict[str, int]
    stopped: tuple[Lane, ...]
    going: tuple[Lane, ...]


def emptied(identities: Sequence[Identity]) -> Generator[Statement, Rows, Emptied]:
    """Empty all conversations with these addresses; each is held to the commit, before anything else of it."""
    counts: dict[str, int] = {}
    ids: list[int] = []
    sids: list[str] = []
    lanes: dict[bool, list[Lane]] = {True: [], False: []}
    for identity in identities:
        rows = yield statement(
            "UPDATE conversation SET epoch = epoch + 1, contact = :erased || CAST(id AS TEXT)"
            " WHERE tenant_id = :tenant AND channel = :channel AND contact = :address"
            " RETURNING id, own, opted_out",
            erased=ERASED,
            channel=identity.channel,
            address=identity.address,
        )
        for row in rows:
            ids.append(int(row["id"]))
            lanes[bool(row["opted_out"])].append(Lane(identity.channel, row["own"], identity.address))
            sids += yield from sids_of(ids[-1:])
            for what, sql in _EMPTYING:
                gone = yield statement(sql, id=ids[-1], **({"name": f"{ERASED}{ids[-1]}"} if ":name" in sql else {}))
                counts[what] = counts.get(what, 0) + len(gone)
    counts["conversations"] = len(ids)
    return Emptied(
        conversations=tuple(ids),
        sids=tuple(dict.fromkeys(sids)),
        counts=counts,
        stopped=tuple(lanes[True]),
        going=tuple(lanes[False]),
    )


def sids_of(conversations: Sequence[int], *, since: float | None = None) -> Generator[Statement, Rows, list[str]]:
    """The provider's ids of what was said in conversations; only of what changed ``since``, if given."""
    ids = tuple(conversations)
    heard: Rows = ()
    if since is None:
        heard = yield statement(
            "SELECT sid FROM message WHERE tenant_id = :tenant AND provider = 'twilio' AND conversation_id IN :ids"
            " ORDER BY id",
            ids=ids,
        )
    said = yield statement(
        "SELECT sid FROM outbox WHERE tenant_id = :tenant AND conversation_id IN :ids AND sid IS NOT NULL"
        " AND updated_at >= :since ORDER BY seq",
        ids=ids,
        since=float(since or 0.0),
    )
    return [str(row["sid"]).partition(":")[0] for row in (*heard, *said)]


def used(identities: Sequence[Identity], *, name: str) -> Generator[Statement, Rows, int]:
    """What a contact used is a number without a name from now on; what would be told of them to others is not told."""
    count = 0
    for identity in identities:
        subject = f"{identity.channel} {identity.address}"
        rows = yield statement(
            "UPDATE usage SET subject = :name WHERE tenant_id = :tenant AND scope = 'contact' AND subject = :subject"
            " RETURNING 1 AS one",
            name=name,
            subject=subject,
        )
        count += len(rows)
        yield statement(
            "UPDATE pace SET subject = :name WHERE tenant_id = :tenant AND scope = 'contact' AND subject = :subject",
            name=name,
            subject=subject,
        )
        yield statement(
            "UPDATE reservation SET accounts = replace(accounts, :subject, :name) WHERE tenant_id = :tenant"
            " AND accounts LIKE :like ESCAPE '!'",
            name=json.dumps(name),
            subject=json.dumps(subject, ensure_ascii=False),
            like=_like(json.dumps(subject, ensure_ascii=False)),
        )
    return count


def untold(identities: Sequence[Identity], *ids: str) -> Generator[Statement, Rows, int]:
    """Take away what endpoints were or would be told of the contact, and answers of the API that name them.

    Args:
        identities: their addresses.
        ids: the contact's, and of what was noted.
    """
    written = [json.dumps(identity.address, ensure_ascii=False) for identity in identities]
    count = 0
    for table, needles in (("webhook_delivery", written), ("api_request", [*written, *map(json.dumps, ids)])):
        for needle in needles:
            rows = yield statement(
                f"DELETE FROM {table} WHERE tenant_id = :tenant AND body LIKE :like ESCAPE '!' RETURNING 1 AS one",  # noqa: S608
                like=_like(needle),
            )
            count += len(rows)
    return count


def noted_of(contact_id: str) -> Generator[Statement, Rows, tuple[str, ...]]:
    """Ids of what was noted of a contact."""
    rows = yield statement("SELECT id FROM contact_note WHERE tenant_id = :tenant AND contact_id = :id", id=contact_id)
    return tuple(row["id"] for row in rows)


def unknown(contact_id: str) -> Generator[Statement, Rows, dict[str, int]]:
    """Take away all that is known of a contact, and of those that were merged into them."""
    counts: dict[str, int] = {}
    for table in ("contact_note", "contact_tag", "lead", "identity"):
        rows = yield statement(
            f"DELETE FROM {table} WHERE tenant_id = :tenant AND contact_id = :id RETURNING 1 AS one",  # noqa: S608
            id=contact_id,
        )
        counts[table] = len(rows)
    rows = yield statement(
        "DELETE FROM contact WHERE tenant_id = :tenant AND (id = :id OR merged_into = :id) RETURNING 1 AS one",
        id=contact_id,
    )
    counts["contact"] = len(rows)
    return counts


def quarantine_erased(
    identities: Sequence[Identity], *, after: int, at: float
) -> Generator[Statement, Rows, tuple[int, int]]:
    """Empty webhooks of a slice that were not understood and name an address.

    Returns:
        How many, and the last id that was read; 0 when there are no more.
    """
    rows = yield statement(
        "SELECT id, path, body FROM quarantine WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit",
        after=after,
        limit=_SLICE,
    )
    named = tuple(int(row["id"]) for row in rows if _names(row, identities))
    yield statement(
        "UPDATE quarantine SET body = :nothing, path = '', reason = 'erased', replayed_at = coalesce(replayed_at, :at)"
        " WHERE tenant_id = :tenant AND id IN :ids",
        nothing=b"",
        at=float(at),
        ids=named,
    )
    return len(named), int(rows[-1]["id"]) if len(rows) == _SLICE else 0


def _names(row: Row, identities: Sequence[Identity]) -> bool:
    """Whether a webhook has an address in it: as it is, in a form, in JSON; or its phone number alone."""
    content = f"{row['path']} ".encode() + bytes(row["body"])
    for identity in identities:
        address, number = identity.address, identity.address.rpartition(":")[2].lstrip("+")
        written = {address, quote_plus(address), json.dumps(address)[1:-1]}
        if number.isdigit() and len(number) >= _SHORTEST_NUMBER:
            written.add(number)
        if any(_is_in(one.encode("utf-8", "replace"), content) for one in written):
            return True
    return False


def _is_in(name: bytes, content: bytes) -> bool:
    """Whether a name stands there whole, and is no part of a longer one."""
    return re.search(rb"(?<![0-9])" + re.escape(name) + rb"(?![0-9A-Za-z])", content) is not None


def _like(text: str) -> str:
    return "%" + "".join(f"!{letter}" if letter in "!%_" else letter for letter in text) + "%"
