"""The same POST under the same Idempotency-Key is done once and answered the same, for a day.

A key is taken before the act and gets its answer after it. If the process dies in between, the next try of the request
does it again after a minute; what is said to people is kept once all the same, since its ids are made of the key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Rows, Statement

__all__ = ["Kept", "begin", "digest", "drop", "finish"]

_KEPT_FOR = 86400.0
_DONE_WITHIN = 60.0

_MINE = "tenant_id = :tenant AND token = :token AND key = :key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a key: ``digest`` of its request, and its answer, status 0 while it is being done."""

    digest: str
    status: int
    body: str


def digest(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def begin(token: str, key: str, *, asked: str, now: float) -> Generator[Statement, Rows, Kept | None]:
    """Take a key. None when the request is the caller's to do.

    Run again after a commit whose answer was lost, it finds its own key, by its very moment, and not another's.
    """
    yield statement("DELETE FROM api_request WHERE tenant_id = :tenant AND created_at < :old", old=now - _KEPT_FOR)
    taken = yield statement(
        "INSERT INTO api_request (tenant_id, token, key, digest, status, body, created_at)"
        " VALUES (:tenant, :token, :key, :digest, 0, '', :now) ON CONFLICT (tenant_id, token, key) DO UPDATE"
        " SET created_at = excluded.created_at WHERE api_request.status = 0 AND api_request.digest = excluded.digest"
        " AND api_request.created_at < :stale RETURNING 1",
        token=token,
        key=key,
        digest=asked,
        now=now,
        stale=now - _DONE_WITHIN,
    )
    if taken:
        return None
    rows = yield statement(
        f"SELECT digest, status, body, created_at FROM api_request WHERE {_MINE}",  # noqa: S608
        token=token,
        key=key,
    )
    if not rows or (rows[0]["status"], rows[0]["digest"], rows[0]["created_at"]) == (0, asked, now):
        return None
    return Kept(digest=rows[0]["digest"], status=rows[0]["status"], body=rows[0]["body"])


def finish(token: str, key: str, *, status: int, body: str) -> Generator[Statement, Rows, None]:
    """Keep a key's answer."""
    yield statement(
        f"UPDATE api_request SET status = :status, body = :body WHERE {_MINE}",  # noqa: S608
        token=token,
        key=key,
        status=status,
        body=body,
    )


def drop(token: str, key: str) -> Generator[Statement, Rows, None]:
    """Let go of a key whose request was refused: nothing was done."""
    yield statement(
        f"DELETE FROM api_request WHERE {_MINE} AND status = 0",  # noqa: S608
        token=token,
        key=key,
    )
