"""The same request under the same Idempotency-Key is done once and answered the same, for a day.

A key and its answer are written in the transaction that does the act: either both are there or neither is, whenever the
process dies, and of several at once one does it. A request that was refused keeps no key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from switchboard_runtime.store import Around, Job, Rows, Statement

__all__ = ["Kept", "Once", "Repeated", "digest"]

Result = TypeVar("Result")

_KEPT_FOR = 86400.0
_DONE_WITHIN = 60.0
"""Seconds that a program of the release before takes at most for an act whose key it wrote before it."""

_MINE = "tenant_id = :tenant AND token = :token AND key = :key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a key: ``digest`` of its request, and its answer, status 0 while it is being done."""

    digest: str
    status: int
    body: str


class Repeated(Exception):
    """The request was done before, or is another's under the same key; undoes the transaction that found it out."""

    def __init__(self, kept: Kept) -> None:
        super().__init__("the key is there already")
        self.kept = kept


def digest(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


class Once:
    """The key of one request, to go around the transaction that does it (:class:`~switchboard_runtime.store.Around`).

    Without a key it does nothing.

    Args:
        token: the name of who asks; keys are their own.
        key: the key, or None.
        asked: the digest of the request.
        status: of its answer.
        written: makes the answer's text of what the handler returns.
        now: seconds since the epoch.

    Attributes:
        key: as given.
        body: the answer's text, once it was kept.
    """

    def __init__(
        self, *, token: str, key: str | None, asked: str, status: int, written: Callable[[Any], str], now: float
    ) -> None:
        self.key = key
        self.body: str | None = None
        self._token = token
        self._asked = asked
        self._status = status
        self._written = written
        self._now = now

    def __call__(self, job: Job[Result], /) -> Job[Result]:
        """The job with the key around it; what it returns is the answer."""
        return self.of(lambda result: result)(job)

    def of(self, shape: Callable[[Any], Any]) -> Around:
        """To go around a job whose result becomes the answer by ``shape``."""

        def around(job: Job[Result], /) -> Job[Result]:
            return job if self.key is None else lambda: self._around(job, shape)

        return around

    def known(self) -> Generator[Statement, Rows, Kept | None]:
        """What is known of the key already."""
        rows = yield statement(
            f"SELECT digest, status, body FROM api_request WHERE {_MINE} AND created_at >= :old"  # noqa: S608
            " AND (status > 0 OR created_at >= :stale)",
            token=self._token,
            key=self.key,
            old=self._now - _KEPT_FOR,
            stale=self._now - _DONE_WITHIN,
        )
        return Kept(**dict(rows[0])) if rows else None

    def same(self, kept: Kept) -> bool:
        """Whether what was kept is of the same request."""
        return kept.digest == self._asked

    def _around(self, job: Job[Result], shape: Callable[[Any], Any]) -> Generator[Statement, Rows, Result]:
        yield from self._taken()
        result = yield from job()
        self.body = self._written(shape(result))
        yield statement(
            f"UPDATE api_request SET status = :status, body = :body WHERE {_MINE}",  # noqa: S608
            token=self._token,
            key=self.key,
            status=self._status,
            body=self.body,
        )
        return result

    def _taken(self) -> Generator[Statement, Rows, None]:
        """Take the key; what another transaction took, this one waits for."""
        yield statement(
            "DELETE FROM api_request WHERE tenant_id = :tenant"
            " AND (created_at < :old OR (token = :token AND key = :key AND status = 0 AND created_at < :stale))",
            token=self._token,
            key=self.key,
            old=self._now - _KEPT_FOR,
            stale=self._now - _DONE_WITHIN,
        )
        taken = yield statement(
            "INSERT INTO api_request (tenant_id, token, key, digest, status, body, created_at)"
            " VALUES (:tenant, :token, :key, :digest, 0, '', :now) ON CONFLICT (tenant_id, token, key) DO NOTHING"
            " RETURNING 1 AS taken",
            token=self._token,
            key=self.key,
            digest=self._asked,
            now=self._now,
        )
        if not taken:
            rows = yield statement(
                f"SELECT digest, status, body FROM api_request WHERE {_MINE}",  # noqa: S608
                token=self._token,
                key=self.key,
            )
            raise Repeated(Kept(**dict(rows[0])))
