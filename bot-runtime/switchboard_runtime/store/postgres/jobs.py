"""Statements of the common dialect on a PostgreSQL connection, in the caller's transaction."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from switchboard_runtime.store.postgres.lanes import clean
from switchboard_runtime.store.statements import bound

if TYPE_CHECKING:
    from switchboard_runtime.store.statements import Also, Job

__all__ = ["run_also", "run_job"]

Result = TypeVar("Result")


async def run_job(db: Any, tenant: int, job: Job[Result]) -> Result:
    """Run a body of statements."""
    with closing(job()) as body:
        try:
            one = next(body)
            while True:
                sql, values = bound(one, tenant=tenant, place=lambda index: f"${index}", convert=_kept)
                one = body.send([dict(row) for row in await db.fetch(sql, *values)])
        except StopIteration as end:
            result: Result = end.value
            return result


async def run_also(db: Any, tenant: int, also: Also) -> None:
    """Run bodies one after the other."""
    for job in also:
        await run_job(db, tenant, job)


def _kept(value: object) -> object:
    return clean(value) if isinstance(value, str) else value
