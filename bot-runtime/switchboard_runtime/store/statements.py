"""Transactions written once for both stores: a generator that yields statements and is sent their rows.

For: everything that is kept beside the engine's own tables, and in the same transaction as the engine's writes.
Assumes: the SQL is what SQLite and PostgreSQL have in common: ``:name`` parameters, ``ON CONFLICT``, ``RETURNING``,
``CAST(:x AS TEXT)`` where a parameter's type cannot be told, tables without schema. ``:tenant`` is always there, each
table has ``tenant_id``, and each statement names it. A tuple stands for a list: ``IN :ids``.
Refuses: time and randomness: ids and dates are made outside, so that a transaction that is run again after a lost
connection writes the same. It may be run again after it was committed: its inserts bring their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeVar

__all__ = ["Also", "Around", "Job", "Row", "Rows", "Statement", "alone", "bound", "statement"]

Result = TypeVar("Result")

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values of its ``:name`` parameters: None, bool, int, float, str, bytes, or a tuple of one of them."""

    sql: str
    values: Mapping[str, object] = field(default_factory=dict, repr=False)


Job = Callable[[], Generator[Statement, Rows, Result]]
"""Begins a transaction's body anew each time it is called."""

Also = tuple[Job[object], ...]
"""Bodies to run in somebody else's transaction."""


class Around(Protocol):
    """What else is kept with an act, by whoever asks for it: before its body, and after it with its result."""

    def __call__(self, job: Job[Result], /) -> Job[Result]:
        """The body with it around."""
        ...


def alone(job: Job[Result], /) -> Job[Result]:
    """Nothing else is kept (:class:`Around`)."""
    return job


def statement(sql: str, /, **values: object) -> Statement:
    """A statement with its values by name."""
    return Statement(sql, values)


def bound(
    one: Statement, *, tenant: int, place: Callable[[int], str], convert: Callable[[object], object]
) -> tuple[str, list[object]]:
    """The statement with a store's own placeholders, and its values in their order.

    Args:
        one: the statement.
        tenant: the value of ``:tenant``.
        place: the placeholder of the n-th value, from 1.
        convert: makes a value what the store can keep.

    Raises:
        KeyError: a parameter without a value.
    """
    values = {"tenant": tenant, **one.values}
    lengths = tuple((name, len(value)) for name, value in values.items() if isinstance(value, tuple))
    parts, names = _parsed(one.sql)
    sizes = dict(lengths)
    sql, given = [parts[0]], list[object]()
    for name, text in zip(names, parts[1:], strict=True):
        value = values[name]
        many: tuple[object, ...] = value if isinstance(value, tuple) else (value,)
        marks = ", ".join(place(len(given) + index) for index in range(1, len(many) + 1))
        given += [convert(one) for one in many]
        sql += [f"({marks or 'NULL'})" if name in sizes else marks, text]
    return "".join(sql), given


@lru_cache(maxsize=1024)
def _parsed(sql: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts between parameters, and the parameters' names; ``'…'`` and ``::`` are text."""
    pieces = re.split(r"('(?:[^']|'')*'|::|:[a-z_][a-z0-9_]*)", sql)
    texts, names = [pieces[0]], list[str]()
    for piece, after in zip(pieces[1::2], pieces[2::2], strict=True):
        if piece.startswith(":") and piece != "::":
            names.append(piece[1:])
            texts.append(after)
        else:
            texts[-1] += piece + after
    return tuple(texts), tuple(names)
