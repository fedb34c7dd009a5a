"""The emulator's memory: all of a transaction or nothing, and a file that a second process can go on with."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from twilio_emulator.errors import StateError
from twilio_emulator.store import Store, Window

if TYPE_CHECKING:
    from pathlib import Path


def add(store: Store, digit: str) -> None:
    """Add an account."""
    sid = "AC" + digit * 32
    store.accounts.add(sid=sid, owner_sid=sid, friendly_name=digit, auth_token="x", now=0)


def add_and_fail(store: Store) -> None:
    """Add an account in a transaction that then fails."""
    with store.transaction():
        add(store, "2")
        raise KeyError


def names(store: Store) -> list[str]:
    """Names of all accounts, newest first."""
    return [account.friendly_name for account in store.accounts.page([], Window(size=50)).items]


def test_a_transaction_that_fails_leaves_nothing() -> None:
    """Not even what it did before it failed; and nobody is told of a change."""
    store, rung = Store(None), list[int]()
    store.after_commit(lambda: rung.append(1))
    with store.transaction():
        add(store, "1")
    with pytest.raises(KeyError):
        add_and_fail(store)

    assert names(store) == ["1"]
    assert len(rung) == 1
    store.close()


def test_a_file_is_readable_at_once_by_another_connection(tmp_path: Path) -> None:
    """What is committed does not wait for a close."""
    first = Store(tmp_path / "state.sqlite3")
    with first.transaction():
        add(first, "1")
    second = Store(tmp_path / "state.sqlite3")

    assert names(second) == ["1"]
    first.close()
    second.close()


def test_positions_go_on_after_everything_was_erased(tmp_path: Path) -> None:
    """A reader that asks for what is new does not miss it."""
    store = Store(tmp_path / "state.sqlite3")
    with store.transaction():
        add(store, "1")
        before = store.accounts.require("AC" + "1" * 32).seq
        store.erase()
        add(store, "2")

    assert store.accounts.require("AC" + "2" * 32).seq > before
    store.close()


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    """It is neither changed nor guessed at."""
    path = tmp_path / "state.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(StateError, match="schema 99"):
        Store(path)
