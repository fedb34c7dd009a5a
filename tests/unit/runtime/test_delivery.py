"""How replies leave: once, in order, whatever Twilio and the network do. Real sockets, a clock that is turned."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import CONTACT, OWN, document, eventually, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock


def replies(root: Path, columns: str = "state") -> list[tuple[Any, ...]]:
    """The outbox, in order."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute(f"SELECT {columns} FROM outbox ORDER BY seq").fetchall()


async def states(root: Path, *expected: str) -> None:
    """Wait until the outbox is so."""
    await eventually(lambda: replies(root) == [(state,) for state in expected])


async def turn_until(clock: TurnedClock, seconds: float, probe: Any) -> None:
    """Let time pass in steps until something is so."""

    def step() -> Any:
        clock.turn(seconds)
        return probe()

    await eventually(step)


@pytest.mark.parametrize("fault", [(429, 20429), (503, 0), (401, 20003), (400, 63018)])
async def test_a_send_that_was_not_done_is_tried_again(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, fault: tuple[int, int]
) -> None:
    """Too many at once, a server error, a key on its way out: the contact gets its one answer later.

    A 503 has an unknown outcome, so the list is asked until the grace is over.
    """
    twilio.faults = [fault]
    twilio.hidden = 1 if fault[0] == 503 else 0  # what the fake kept of the 503 is nobody's
    await caller.say("mesa")

    await eventually(lambda: len(twilio.posts) == 1)
    await turn_until(clock, 1.0, lambda: len(twilio.posts) == 2)
    assert twilio.posts[0]["Body"] == twilio.posts[1]["Body"]


async def test_a_send_whose_answer_was_lost_is_found_and_not_repeated(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """The connection broke after Twilio had taken it."""
    twilio.faults = ["lost"]
    await caller.say("mesa")

    await eventually(lambda: twilio.posts)
    await turn_until(clock, 0.5, lambda: replies(root) == [("sent",)])
    assert len(twilio.posts) == 1


async def test_a_lagging_list_is_not_taken_for_an_absence(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """Within the grace nothing is sent again; when the list catches up, the reply is found."""
    twilio.faults, twilio.hidden = ["lost"], 1
    await caller.say("mesa")
    await eventually(lambda: twilio.posts)
    for _ in range(20):
        clock.turn(1.0)
    twilio.hidden = 0

    await turn_until(clock, 0.5, lambda: replies(root) == [("sent",)])
    assert len(twilio.posts) == 1


async def test_a_send_that_never_arrived_is_sent_after_the_grace(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """An equal text sent before is not taken for it: that one's SID belongs to another reply."""
    await caller.say("mesa")
    await states(root, "sent")
    twilio.faults = ["broken"]
    await caller.say("mesa")

    await turn_until(clock, 2.0, lambda: replies(root) == [("sent",), ("sent",)])
    assert twilio.bodies() == ["Mesa Pampa: 120000 ARS, 4 en stock."] * 2


async def test_a_callback_with_our_id_settles_an_unsure_send(caller: Caller, twilio: FakeTwilio, root: Path) -> None:
    """It comes before any look, and brings the SID."""
    twilio.faults = ["lost"]
    await caller.say("mesa")
    await eventually(lambda: twilio.posts)
    path = twilio.posts[0]["StatusCallback"].removeprefix(caller.public)
    form = caller.form(MessageSid="SM9", MessageStatus="sent", From=OWN, To=CONTACT)
    response = await caller.signed(path, form)

    await eventually(lambda: replies(root, "state, sid, delivery") == [("sent", "SM9", "sent")])
    assert response.status == 204
    assert len(twilio.posts) == 1


async def test_a_late_callback_never_lowers_a_status(caller: Caller, twilio: FakeTwilio, root: Path) -> None:
    """Callbacks come late, twice and out of order."""
    await caller.say("mesa")
    await states(root, "sent")
    sid = twilio.messages[0]["sid"]
    for status in ("delivered", "sent", "queued", "delivered", "odd", "read", "delivered"):
        form = caller.form(MessageSid=sid, MessageStatus=status, From=OWN, To=CONTACT)
        assert (await caller.signed("/bot/twilio/status", form)).status == 204

    assert replies(root, "delivery") == [("read",)]


async def test_a_callback_for_anothers_number_is_refused(caller: Caller) -> None:
    """Signed by our account, but not about a number of ours."""
    form = caller.form(MessageStatus="sent", From="+13055550999", To=CONTACT)

    assert (await caller.signed("/bot/twilio/status", form)).status == 403


async def test_a_reply_refused_for_good_ends_and_the_next_goes_on(
    caller: Caller, twilio: FakeTwilio, root: Path
) -> None:
    """A bad recipient is not tried again, and does not stop the lane."""
    twilio.faults = [(400, 21211)]
    await caller.say("mesa")
    await caller.say("mesa")

    await states(root, "failed", "sent")
    assert replies(root, "error_code")[0] == (21211,)


async def test_an_opt_out_known_to_twilio_becomes_ours(caller: Caller, twilio: FakeTwilio, root: Path) -> None:
    """After 21610 the bot is silent until START, which it confirms."""
    twilio.faults = [(400, 21610)]
    await caller.say("mesa")
    await states(root, "failed")
    await caller.say("mesa")
    await caller.say("START")
    await caller.say("mesa")

    await states(root, "failed", "sent", "sent")
    assert len(twilio.posts) == 3


async def test_replies_of_a_conversation_keep_their_order_behind_a_stuck_one(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """Another conversation does not wait for it."""
    twilio.faults = [(429, 20429)]
    await caller.say("mesa")
    await eventually(lambda: twilio.posts)
    await caller.say("Hola")
    await caller.say("Hola", From="whatsapp:+5491100000000")
    await eventually(lambda: twilio.bodies("whatsapp:+5491100000000"))
    assert twilio.bodies() == []

    await turn_until(clock, 1.0, lambda: len(twilio.bodies()) == 2)
    assert twilio.bodies() == ["Mesa Pampa: 120000 ARS, 4 en stock.", "¡Hola! ¿En qué te ayudo?"]


async def test_what_a_sender_has_too_much_of_stops_its_other_replies_too(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """One refusal, then silence until the pause is over; nothing is lost."""
    twilio.faults = [(400, 21611)]
    phones = [f"whatsapp:+549110000000{number}" for number in range(3)]
    await caller.say("mesa", From=phones[0])
    await eventually(lambda: len(twilio.posts) == 1)
    for phone in phones[1:]:
        await caller.say("mesa", From=phone)
    done = 'send_retries_total{reason="sender pauses"'

    async def pausing() -> bool:
        return await metric(caller, done)

    await eventually(pausing)
    assert len(twilio.posts) == 1

    await turn_until(clock, 1.0, lambda: all(twilio.bodies(phone) for phone in phones))
    assert len(twilio.posts) == 4


async def test_a_number_that_answers_a_list_chooses_from_it(root: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """Once: the next message is about what was said since."""
    menu = "¿Cuál?\n1. Rojo\n2. Cancelar"
    rules = [
        {
            "when": {"matches": ["color"]},
            "reply": {"es": "¿Cuál?"},
            "choices": [{"title": {"es": "Rojo"}, "id": "c-red"}, {"title": {"es": "Cancelar"}, "id": "c-none"}],
        },
        {"when": {"matches": ["c-red"]}, "reply": {"es": "Rojo será."}},
        {"when": {"matches": ["c-none"]}, "reply": {"es": "Sin color."}},
    ]
    base = document()["assistants"][0]
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    script = {"rules": rules, "otherwise": {"es": "No entendí."}}
    write_tenant(root, document(twilio=account, assistants=[{**base, "script": script}]))
    async with served(root, clock=clock) as caller:
        for answered, text in enumerate(("color", "1", "1", "color", "cancelar"), 1):
            await caller.say(text)
            await eventually(partial(_answered, twilio, answered))

    assert twilio.bodies() == [menu, "Rojo será.", "No entendí.", menu, "Sin color."]


def _answered(twilio: FakeTwilio, times: int) -> bool:
    return len(twilio.bodies()) == times


async def reopening(root: Path, twilio: FakeTwilio) -> None:
    """The tenant with a template for closed windows."""
    template = {"sid": {"es": f"HX{'a' * 32}"}, "variables": {"1": "{text}"}}
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(twilio=account, whatsapp={"reopenTemplate": template}))


async def test_a_window_that_closed_while_a_reply_waited_is_reopened_by_the_tenants_template(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """The free text is not tried; the template has its words, once."""
    await reopening(root, twilio)
    async with served(root, clock=clock, policy=Policy(give_up=1e9, send_lanes=0)) as caller:
        await caller.say("mesa")
        await states(root, "queued")
    clock.turn(24 * 3600 + 1)
    async with served(root, clock=clock, policy=Policy(give_up=1e9)):
        await states(root, "failed", "sent")

    [post] = twilio.posts
    assert (post["ContentSid"], "Body" in post) == (f"HX{'a' * 32}", False)
    assert "120000 ARS" in post["ContentVariables"]
    assert replies(root, "error_code, error")[0] == (63016, "window closed")


async def test_a_callback_that_says_the_window_is_closed_sends_the_template_once(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Twilio takes free text first and says so later, perhaps twice; the template's own failure ends it."""
    await reopening(root, twilio)
    async with served(root, clock=clock) as caller:
        await caller.say("mesa")
        await states(root, "sent")

        async def failed(number: int) -> None:
            sid = twilio.messages[number]["sid"]
            form = caller.form(MessageSid=sid, MessageStatus="failed", ErrorCode="63016", From=OWN, To=CONTACT)
            assert (await caller.signed("/bot/twilio/status", form)).status == 204

        await failed(0)
        await failed(0)
        await states(root, "sent", "sent")
        await failed(1)
        await caller.say("mesa")
        await states(root, "sent", "sent", "sent")

    assert [post.get("ContentSid") for post in twilio.posts] == [None, f"HX{'a' * 32}", None]
    assert replies(root, "delivery, error_code")[:2] == [("failed", 63016)] * 2


async def test_a_reply_too_old_to_be_of_use_is_given_up(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """Four hours is what Twilio's own queue keeps."""
    twilio.faults = [(429, 20429)] * 500
    await caller.say("mesa")

    await turn_until(clock, 400.0, lambda: replies(root) == [("failed",)])


async def test_a_stop_word_silences_what_was_not_sent_yet(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path
) -> None:
    """A reply that waited for a better moment does not go out after STOP; the confirmation does, once."""
    twilio.faults = [(429, 20429)]
    await caller.say("mesa")
    await eventually(lambda: twilio.posts and replies(root) == [("queued",)])
    await caller.say("Stop")
    await caller.say("Stop")

    await states(root, "failed", "sent")
    clock.turn(60)
    assert [post["Body"][:4] for post in twilio.posts] == ["Mesa", "List"]


@pytest.mark.parametrize("fault", [(429, 20429), "broken"])
async def test_a_stop_word_silences_what_is_just_being_sent(
    caller: Caller, twilio: FakeTwilio, clock: TurnedClock, root: Path, fault: str | tuple[int, int]
) -> None:
    """If the POST fails, it is not tried again; the confirmation follows."""
    twilio.faults = [fault]
    await caller.say("mesa")
    await caller.say("Stop")

    await turn_until(clock, 5.0, lambda: replies(root) == [("failed",), ("sent",)])
    assert len([post for post in twilio.posts if post["Body"].startswith("Mesa")]) <= 1


async def test_an_assistant_that_keeps_failing_gives_an_excuse(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Never silence; and it was tried more than once."""
    tries = []

    class Broken:
        def __init__(self, _assistant: object) -> None:
            pass

        async def answer(self, question: object) -> str:
            tries.append(question)
            raise RuntimeError

    async with served(root, clock=clock, answering=Broken) as caller:
        await caller.say("mesa")
        await turn_until(clock, 5.0, lambda: twilio.posts)

    assert twilio.bodies() == ["Disculpá, ahora no puedo responder. Muebles del Sur recibió tu mensaje."]
    assert len(tries) == Policy().answer_attempts


async def test_a_message_that_many_processes_died_with_is_still_answered(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Their deaths, or a full disk, are not the assistant's failures: no excuse is due."""

    def claimed_often() -> None:
        [file] = (root / "data").glob("*.sqlite3")
        with sqlite3.connect(file) as db:
            db.execute("UPDATE work SET attempts = 50 WHERE state = 'pending'")

    async with served(root, clock=clock, policy=Policy(answer_lanes=0)) as caller:
        await caller.say("mesa")
    claimed_often()
    async with served(root, clock=clock):
        await eventually(lambda: twilio.posts)

    assert twilio.bodies() == ["Mesa Pampa: 120000 ARS, 4 en stock."]


async def test_a_burst_is_answered_as_one(root: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """Three messages within the window are one question; the next comes too late for them. Others do not wait."""
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(twilio=account, burstSeconds=1.5))
    outcomes = "SELECT state, outcome FROM work ORDER BY id"
    async with served(root, clock=clock) as caller:
        await caller.say("buen día")
        clock.turn(1.0)
        await caller.say("quería saber")
        await caller.say("el precio de la mesa")
        assert twilio.posts == []
        clock.turn(0.5)
        await eventually(lambda: len(twilio.posts) == 1)
        await caller.say("Hola")
        clock.turn(1.5)
        await eventually(lambda: len(twilio.posts) == 2)
        await states(root, "sent", "sent")
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(file) as db:
        kept = db.execute(outcomes).fetchall()

    assert twilio.bodies() == ["Mesa Pampa: 120000 ARS, 4 en stock.", "¡Hola! ¿En qué te ayudo?"]
    assert kept == [("done", "answered")] * 4


async def test_a_burst_whose_process_dies_is_answered_by_the_next(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Stored before the window closed; whoever comes takes all of it."""
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(twilio=account, burstSeconds=1.5))
    async with served(root, clock=clock) as caller:
        await caller.say("quería saber")
        await caller.say("el precio de la mesa")
    clock.turn(5.0)
    async with served(root, clock=clock):
        await states(root, "sent")

    assert twilio.bodies() == ["Mesa Pampa: 120000 ARS, 4 en stock."]


async def test_a_suspended_tenant_keeps_messages_and_says_nothing(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Twilio gets its 200, so that nothing is retried or lost."""
    tenant = {**document()["tenant"], "status": "Suspended"}
    write_tenant(
        root,
        document(tenant=tenant, twilio={"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}),
    )
    async with served(root, clock=clock) as caller:
        response = await caller.say("mesa")
        done = 'turns_total{outcome="suspended"'

        async def suspended() -> bool:
            return await metric(caller, done)

        await eventually(suspended)

    assert (response.status, twilio.posts) == (200, [])


async def metric(caller: Caller, name: str) -> bool:
    """Whether a series is there."""
    async with caller.session.get(caller.base + "/metrics") as response:
        return name in await response.text()


async def test_a_process_that_stops_finishes_what_is_in_flight(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """After SIGTERM nothing is left half done; what waits is the next one's, without waiting for a lease."""
    async with served(root, clock=clock) as caller:
        twilio.faults = [(429, 20429)]
        await caller.say("mesa")
        await eventually(lambda: twilio.posts and replies(root) == [("queued",)])
    clock.turn(2.0)
    async with served(root, clock=clock):
        await states(root, "sent")

    assert len(twilio.posts) == 2
