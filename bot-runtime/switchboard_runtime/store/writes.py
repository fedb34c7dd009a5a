"""Whether a store keeps what is written: a failure counts until a write of our own has gone well.

For: readiness that means it, also when nobody writes because the process is not ready.
Assumes: one event loop, and somebody who asks again and again.
Refuses: to cost anything while nothing has failed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store.statements import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store.statements import Job, Rows, Statement

__all__ = ["WriteCheck"]

Result = TypeVar("Result")

_PAUSE = 1.0
"""Seconds from the end of a write of our own to the next."""

_PATIENCE = 0.5
"""Seconds that whoever asks waits for it; a kubelet waits for one."""

_SIZE = 48 * 1024
"""Bytes that it takes, which is more than all but the largest webhooks need."""

_ROW = "tenant_id = :tenant AND token = '' AND key = 'probe'"
"""No token has that name, so it is nobody's answer; if it is left behind, a day's end takes it away."""


class Transact(Protocol):
    """How a job is run in the store: :meth:`Store.transact`."""

    async def __call__(self, job: Job[Result]) -> Result:
        """Run it in a transaction of its own."""
        ...


class WriteCheck:
    """What is known of a store's writes.

    Args:
        transact: writes.
        clock: time.
    """

    def __init__(self, transact: Transact, *, clock: Clock) -> None:
        self._transact = transact
        self._clock = clock
        self._failure: StoreUnavailable | None = None
        self._next = 0.0
        self._trial: asyncio.Task[None] | None = None

    @property
    def failure(self) -> str | None:
        """Why a write was not kept, if none is known to have been kept since."""
        return None if self._failure is None else str(self._failure)

    def failed(self, error: StoreUnavailable) -> None:
        """A write, or a read, was not done."""
        self._failure = error

    async def ask(self) -> str | None:
        """Find out whether writes are kept again, if they were not: :attr:`failure` is what is known then.

        That takes a write of our own, at most one a second, however many ask.
        """
        if self._failure is None:
            return None
        if self._trial is None and self._clock.now() >= self._next:
            self._trial = asyncio.create_task(self._try(), name="store write check")
        if self._trial is not None:
            await asyncio.wait((self._trial,), timeout=_PATIENCE)
        return self.failure

    async def _try(self) -> None:
        """Write what needs new pages, and take it away; two transactions, or nothing would reach the disk."""
        before = self._failure
        try:
            await self._transact(partial(_put, now=self._clock.now()))
            await self._transact(_take)
        except StoreUnavailable as error:
            self._failure = error
        else:
            if self._failure is before:  # else another write has failed meanwhile
                self._failure = None
        finally:
            self._next = self._clock.now() + _PAUSE
            self._trial = None


def _put(*, now: float) -> Generator[Statement, Rows, None]:
    yield statement(
        "INSERT INTO api_request (tenant_id, token, key, digest, status, body, created_at)"
        " VALUES (:tenant, '', 'probe', '', 0, :body, :now)"
        " ON CONFLICT (tenant_id, token, key) DO UPDATE SET body = excluded.body, created_at = excluded.created_at",
        body=_ballast(),
        now=now,
    )


def _take() -> Generator[Statement, Rows, None]:
    yield statement(f"DELETE FROM api_request WHERE {_ROW}")  # noqa: S608  # put together from constants


@cache
def _ballast() -> str:
    """Text that no store can make shorter."""
    return base64.b64encode(hashlib.shake_256(b"probe").digest(_SIZE)).decode()
