"""Statements of both stores: every parameter is a value, and nothing else is one."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.store import statement
from switchboard_runtime.store.statements import bound

VALUES = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.text(st.characters(codec="utf-8")), st.binary())


def dollars(index: int) -> str:
    """PostgreSQL's placeholders."""
    return f"${index}"


def test_parameters_become_places_in_their_order() -> None:
    """Quoted text and casts are none."""
    one = statement("SELECT :b, ':a', x::text, :a, :b FROM t WHERE tenant_id = :tenant", a=1, b=2)

    sql, values = bound(one, tenant=7, place=dollars, convert=lambda value: value)

    assert sql == "SELECT $1, ':a', x::text, $2, $3 FROM t WHERE tenant_id = $4"
    assert values == [2, 1, 2, 7]


def test_a_parameter_without_a_value_is_an_error() -> None:
    """It is not taken for NULL."""
    with pytest.raises(KeyError, match="b"):
        bound(statement("SELECT :b", a=1), tenant=1, place=dollars, convert=lambda value: value)


@given(st.lists(VALUES, min_size=1, max_size=5), st.lists(st.integers(0, 9), max_size=5))
def test_what_goes_in_comes_out_whatever_it_is(values: list[object], numbers: list[int]) -> None:
    """A value that looks like SQL is a value."""
    names = [f"v{index}" for index in range(len(values))]
    one = statement(
        f"SELECT {', '.join(f':{name}' for name in names)}, 5 IN :numbers",
        numbers=tuple(numbers),
        **dict(zip(names, values, strict=True)),
    )

    sql, given_values = bound(one, tenant=1, place=lambda _: "?", convert=lambda value: value)
    db = sqlite3.connect(":memory:")
    row = db.execute(sql, given_values).fetchone()
    db.close()

    assert list(row[:-1]) == values
    assert bool(row[-1]) == (5 in numbers)
