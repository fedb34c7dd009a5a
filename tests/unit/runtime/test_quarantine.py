"""What is signed and not understood is kept and understood later; what was given up can be tried again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from switchboard_runtime.__main__ import main
from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import eventually, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock

ANSWER = "Mesa Pampa: 120000 ARS, 4 en stock."
SMS = {"From": "+5491155500200", "To": "+13055550123"}
EXCUSE = "Disculpá, ahora no puedo responder. Muebles del Sur recibió tu mensaje."


def rows(root: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tenant's file says."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(file) as db:
        return db.execute(query).fetchall()


def replay(root: Path, *flags: str) -> int:
    """``switchboard-runtime replay``."""
    folders = ("tenants", "credentials", "data")
    return main(["replay", *(f"--{name}-dir={root / name}" for name in folders), *flags])


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
async def test_a_signed_message_without_what_makes_one_is_kept_as_it_came(
    caller: Caller, root: Path, missing: str
) -> None:
    """Refused, it would be lost; Twilio delivers it again, and it is kept once."""
    form = caller.form("mesa", SmsMessageSid="-", **{missing: "-"})
    replies = [await caller.signed("/bot/twilio/webhook", form) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert rows(root, "SELECT path, body FROM quarantine") == [("/bot/twilio/webhook", urlencode(form).encode())]


async def test_what_cannot_be_kept_is_not_acknowledged(caller: Caller, root: Path) -> None:
    """503, so that Twilio tries again."""
    [file] = (root / "data").glob("*.sqlite3")
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    reply = await caller.signed("/bot/twilio/webhook", caller.form(From="-"))
    blocker.close()

    assert reply.status == 503
    assert rows(root, "SELECT count(*) FROM quarantine") == [(0,)]


async def test_an_unsigned_request_is_not_kept(caller: Caller, root: Path) -> None:
    """A quarantine that anybody could fill would be a hole."""
    for path in ("/bot/twilio/webhook", "/bot/twilio/status", "/bot/twilio/anything"):
        reply = await caller.signed(path, caller.form(From="-"), token="f" * 32)
        assert reply.status == 403

    assert rows(root, "SELECT count(*) FROM quarantine") == [(0,)]


async def test_a_later_release_answers_what_it_understands(
    root: Path, twilio: FakeTwilio, clock: TurnedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Listed first; then replayed, once; what is not understood even now stays."""
    async with served(root, clock=clock) as caller:
        await caller.signed("/bot/twilio/webhook", caller.form(From="-"))
        form = urlencode(caller.form("mesa"))
    insert = "INSERT INTO quarantine (key, path, content_type, body, reason, received_at) VALUES (?, ?, ?, ?, ?, ?)"
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(file) as db:
        kind = "application/x-www-form-urlencoded"
        db.execute(insert, ("k", "/bot/twilio/webhook", kind, form.encode(), "an older release", clock.now()))
    codes = await _in_a_thread(root, ["--list"], [], [])
    async with served(root, clock=clock):
        await eventually(lambda: twilio.posts)

    assert codes == [0, 0, 0]
    assert twilio.bodies() == [ANSWER]
    assert rows(root, "SELECT reason FROM quarantine WHERE replayed_at IS NULL") == [("no MessageSid, From or To",)]
    said = capsys.readouterr().out
    assert "an older release" in said
    assert "muebles-sur: 1 understood, 1 not; 0 dead letters revived" in said
    assert "muebles-sur: 0 understood, 1 not; 0 dead letters revived" in said


async def test_a_dead_letter_is_answered_after_all(
    root: Path, twilio: FakeTwilio, clock: TurnedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The assistant failed at every try; it is mended, and the message is revived. On SMS, which has no window."""

    class Broken:
        def __init__(self, _assistant: object) -> None:
            pass

        async def answer(self, question: object) -> str:
            raise RuntimeError

    async with served(root, clock=clock, answering=Broken, policy=Policy(answer_attempts=1)) as caller:
        await caller.say("mesa", **SMS)
        await eventually(lambda: rows(root, "SELECT state FROM outbox") == [("sent",)])
    codes = await _in_a_thread(root, ["--list"], ["--dead-letters"])
    clock.turn(1e9)  # to after the command's own, real time
    async with served(root, clock=clock):
        await eventually(lambda: len(twilio.posts) == 2)

    assert codes == [0, 0]
    assert twilio.bodies(SMS["From"]) == [EXCUSE, ANSWER]
    assert "1 dead letters revived" in capsys.readouterr().out


async def test_a_reply_given_up_is_sent_in_its_lane(root: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """Too old while Twilio refused it; revived, it goes before what waits behind it."""
    twilio.faults = [(429, 20429)] * 500

    def given_up() -> bool:
        clock.turn(400.0)
        return rows(root, "SELECT state FROM outbox") == [("failed",)]

    async with served(root, clock=clock) as caller:
        await caller.say("mesa", **SMS)
        await eventually(given_up)
    twilio.faults = []
    [code] = await _in_a_thread(root, ["--dead-letters"])
    clock.turn(1e9)  # to after the command's own, real time
    async with served(root, clock=clock) as caller:
        await caller.say("Hola", **SMS)
        await eventually(lambda: len(twilio.bodies(SMS["From"])) == 2)

    assert code == 0
    assert twilio.bodies(SMS["From"]) == [ANSWER, "¡Hola! ¿En qué te ayudo?"]


async def test_replay_does_not_begin_with_a_wrong_folder(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 78 and a line that names it."""
    code = (await _in_a_thread(root / "nowhere", ["--list"]))[0]

    assert code == 78
    assert "nowhere" in capsys.readouterr().err


async def _in_a_thread(root: Path, *calls: list[str]) -> list[int]:
    import asyncio  # noqa: PLC0415

    return [await asyncio.to_thread(replay, root, *flags) for flags in calls]
