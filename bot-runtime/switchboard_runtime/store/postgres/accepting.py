"""Messages that arrive while a transaction is being made durable go into the next one together."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store.postgres.database import Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from switchboard_runtime.store.records import Accepted, Inbound

__all__ = ["Acceptor"]

_Waiting = tuple["Inbound", "asyncio.Future[Accepted]"]


class Acceptor:
    """One transaction at a time, in the order of arrival.

    Args:
        write: stores messages in one transaction.
        max_batch: messages in one transaction at most.
        max_backlog: messages waiting at most; more are refused, so that a slow server answers 5xx at once.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Inbound]], Awaitable[list[Accepted]]],
        *,
        max_batch: int = 128,
        max_backlog: int = 10_000,
    ) -> None:
        self._write = write
        self._max_batch = max_batch
        self._max_backlog = max_backlog
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def accept(self, message: Inbound) -> Accepted:
        """Return when the message is durable.

        Raises:
            StoreUnavailable: it is not.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._waiting) >= self._max_backlog:
            raise StoreUnavailable("too much waits to be written")
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="store acceptor")
        return await future

    async def close(self) -> None:
        """Write what waits and take no more."""
        self._closed = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
            try:
                await self._store(batch)
            except Rejected as error:
                if len(batch) == 1:
                    _refuse(batch, error)
                for one in batch if len(batch) > 1 else ():  # one that cannot be stored must not cost the others
                    await self._alone(one)
            except Exception as error:  # noqa: BLE001  # it is told to those who wait
                _refuse(batch, error)
            except BaseException:
                _refuse([*batch, *self._waiting], StoreUnavailable("the store is closing"))
                self._waiting.clear()
                raise

    async def _alone(self, one: _Waiting) -> None:
        try:
            await self._store([one])
        except Exception as error:  # noqa: BLE001  # as above
            _refuse([one], error)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        accepted = await self._write([message for message, _ in batch])
        for (_, future), result in zip(batch, accepted, strict=True):
            if not future.done():
                future.set_result(result)


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
