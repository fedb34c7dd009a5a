"""The emulator in a thread of its own, driven by the official synchronous SDK."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.contract.emulator_sync import NUMBER, PHONE, a_customer, a_world, refused

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_time_stands_still_until_it_is_moved() -> None:
    """A message rests in its first state; an hour later it was delivered and every callback made."""
    with a_world(status_delay=60) as world, a_customer(world.emulator) as customer:
        world.buy()
        sent = world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola", status_callback=f"{customer.url}/status")
        assert world.sub.messages(sent.sid).fetch().status == "queued"

        world.advance(3600)

        assert world.sub.messages(sent.sid).fetch().status == "delivered"
        assert [form["MessageStatus"] for form in customer.forms] == ["sending", "sent", "delivered"]
        assert customer.signed_by(world.sub_token)


def test_time_goes_on_where_it_was_when_a_state_file_is_opened_again(tmp_path: Path) -> None:
    """Neither back, nor by the same step twice; a reset leaves it where it is."""
    state = tmp_path / "state.sqlite3"
    with a_world(state=state) as world:
        began = world.emulator.now()
        world.advance(86_400)
        world.raw("POST", "/emulator/v1/reset").raise_for_status()
    with a_world(state=state) as world:
        assert world.emulator.now() == began + 86_400
        world.advance(60)
    with a_world(state=state) as world:
        assert world.emulator.now() == began + 86_460


def test_a_message_that_cannot_be_moved_on_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A row that somebody edited in the state file rests where it is, and the log names it."""
    state = tmp_path / "state.sqlite3"
    with a_world(state=state, status_delay=60) as world:
        world.buy()
        broken, whole = (world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola").sid for _ in range(2))
        sub = (world.sub_sid, world.sub_token)
    with sqlite3.connect(state) as file:
        file.execute("UPDATE messages SET extra = json_set(extra, '$.max_price', 'dear') WHERE sid = ?", (broken,))
    file.close()
    with a_world(state=state, status_delay=60) as world:
        world.advance(3600)
        messages = world.client(*sub).messages
        assert [messages(sid).fetch().status for sid in (broken, whole)] == ["queued", "delivered"]
    assert f"message {broken} cannot be moved on" in caplog.text


def test_a_refusal_names_its_code_by_fetch_and_by_list() -> None:
    """The SDK gives a list's refusal no code; the body has it."""
    with a_world() as world:
        with refused(404, 20404, "was not found"):
            world.sub.messages("SM" + "0" * 32).fetch()
        with refused(400, 20001, "Status"):
            world.parent.api.v2010.accounts.list(status="sleeping")


def test_a_webhook_that_fails_raises_an_alert_with_request_and_answer() -> None:
    """And the phone's message stays received."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        customer.answer("broken", status=500)
        world.say("Hola")
        assert [form["Body"] for form in customer.forms] == ["Hola"]
