"""Realistic webhooks: each is understood or quarantined as the corpus expects, and none is answered with a 5xx.

Channels that do not exist yet (ManyChat, Event Streams …) are quarantined where their sender can be known, and
refused where it cannot (Meta's signature needs a secret that a tenant has no place for yet).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from twilio.request_validator import RequestValidator

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import document, eventually, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.runtime.kit import Caller, FakeTwilio, Reply, TurnedClock

FILES = sorted((Path(__file__).parent / "corpus").glob("*.json"))
PATHS = {
    "sms.inbound": "/bot/twilio/webhook",
    "whatsapp.inbound": "/bot/twilio/webhook",
    "status": "/bot/twilio/status",
    "voice": "/bot/twilio/voice",
}
QUARANTINED = {
    "account.alert": "/bot/twilio/webhook",
    "usage": "/bot/twilio/webhook",
    "events": "/bot/twilio/events",
}
BEARER = ("manychat", "uchat")
NUMBERS = ("+14155550199", "+541150320199", "+551150280199", "+14155238886")


def load(name: str) -> dict[str, Any]:
    """A case of the corpus."""
    case: dict[str, Any] = json.loads((Path(__file__).parent / "corpus" / f"{name}.json").read_text(encoding="utf-8"))
    return case


@pytest.fixture
async def caller(tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock) -> AsyncIterator[Caller]:
    """The corpus' tenant, served."""
    numbers = [{"name": f"n{index}", "phoneNumber": number} for index, number in enumerate(NUMBERS)]
    account = {**document()["twilio"], "endpoint": twilio.endpoint}
    write_tenant(tmp_path, document(numbers=numbers, twilio=account))
    async with served(tmp_path, clock=clock, policy=Policy(store_patience=0.05)) as calls:
        yield calls


def rows(root: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tenant's file says."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


async def post(caller: Caller, case: dict[str, Any]) -> Reply:
    """Send a case as Twilio would."""
    form: dict[str, str] = {}
    form.update((name, value) for name, value in case["form"])
    path = PATHS[case["kind"]]
    return await caller.signed(path, form, headers=case["headers"])


async def settled(root: Path) -> None:
    """Wait until all that was stored was worked on and sent."""
    pending = "SELECT count(*) FROM work WHERE state = 'pending'"
    unsent = "SELECT count(*) FROM outbox WHERE state <> 'sent'"
    await eventually(lambda: rows(root, pending) == [(0,)] and rows(root, unsent) == [(0,)])


@pytest.mark.parametrize("name", [file.stem for file in FILES if json.loads(file.read_text())["kind"] in PATHS])
async def test_a_webhook_of_the_corpus_is_understood(
    caller: Caller, twilio: FakeTwilio, tmp_path: Path, name: str
) -> None:
    """Stored as often, answered as often and opted out as expected."""
    case = load(name)
    expect = case["expect"]
    if "duplicate_of" in expect:
        await post(caller, load(expect["duplicate_of"]))
    before = rows(tmp_path, "SELECT count(*) FROM message")[0][0]
    reply = await post(caller, case)
    await settled(tmp_path)

    assert 200 <= reply.status < 300
    assert rows(tmp_path, "SELECT count(*) FROM message")[0][0] - before == expect.get("stored", 0)
    if "duplicate_of" in expect:
        assert len(twilio.posts) == 1
    elif "reply" in expect:
        assert len(twilio.posts) == (expect["reply"] == "one")
    if "opt_out" in expect:
        assert rows(tmp_path, "SELECT opted_out FROM conversation") == [(1,)]
    if expect.get("status_update"):
        assert len(rows(tmp_path, "SELECT * FROM callback")) == 1
    if expect.get("needs_template"):
        assert rows(tmp_path, "SELECT error_code FROM callback") == [(63016,)]
    if expect.get("twiml"):
        assert ET.fromstring(reply.body).tag == "Response"
    said = [reply.body.decode(), *(post["Body"] for post in twilio.posts)]
    assert not [part for part in expect.get("must_not_contain", ()) if any(part in text for text in said)]


async def signed_json(caller: Caller, path: str, content: object) -> int:
    """Send JSON as Event Streams does: the hash of the body is in the signed address."""
    body = json.dumps(content).encode()
    path = f"{path}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(caller.token).compute_signature(caller.public + path, {})
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature}
    return (await caller.post(path, body, headers=headers)).status


def cases(*kinds: str) -> list[str]:
    """Names of the cases of some kinds."""
    return [file.stem for file in FILES if json.loads(file.read_text())["kind"] in kinds]


async def put_aside(caller: Caller, case: dict[str, Any]) -> int:
    """Send a case that nobody reads yet."""
    if "json" in case:
        return await signed_json(caller, QUARANTINED[case["kind"]], case["json"])
    form: dict[str, str] = {}
    form.update((name, value) for name, value in case["form"])
    return (await caller.signed(QUARANTINED[case["kind"]], form)).status


@pytest.mark.parametrize("name", cases(*QUARANTINED))
async def test_a_signed_webhook_that_nobody_reads_yet_is_quarantined(caller: Caller, tmp_path: Path, name: str) -> None:
    """Acknowledged, kept as it came, once; nothing is made of it."""
    case = load(name)
    if name == "events-duplicate":
        await put_aside(caller, load("events-batch"))
    before = rows(tmp_path, "SELECT count(*) FROM quarantine")[0][0]
    statuses = [await put_aside(caller, case), await put_aside(caller, case)]
    new = rows(tmp_path, "SELECT count(*) FROM quarantine")[0][0] - before

    assert statuses == [200, 200]
    assert new == case["expect"].get("stored", len(case["json"]) if "json" in case else 1)
    assert rows(tmp_path, "SELECT count(*) FROM message") == [(0,)]


@pytest.mark.parametrize("name", [name for name in cases(*BEARER) if load(name)["signed"] == "bearer"])
async def test_another_platforms_json_under_our_token_is_quarantined(caller: Caller, tmp_path: Path, name: str) -> None:
    """Accepted in JSON, since its caller wants some; answered once there is a channel for it."""
    reply = await caller.json("/webhook/muebles-sur", load(name)["json"])

    assert (reply.status, reply.json()["pendiente"]) == (202, True)
    assert rows(tmp_path, "SELECT reason FROM quarantine") == [("JSON of another platform",)]


@pytest.mark.parametrize("name", [*cases("meta", "meta.verify"), "uchat-live-chat-webhook"])
async def test_what_nobody_here_can_verify_is_refused(caller: Caller, tmp_path: Path, name: str) -> None:
    """Anybody could have sent it: 401, nothing is kept, and no 500."""
    case = load(name)
    reply = await caller.json("/webhook/muebles-sur", case.get("json", {}), token=None)

    assert reply.status == 401
    assert rows(tmp_path, "SELECT count(*) FROM quarantine") == [(0,)]


def test_every_case_of_the_corpus_is_tried() -> None:
    """A kind that no test here knows would be silently left out."""
    known = {
        *PATHS,
        *QUARANTINED,
        *BEARER,
        "meta",
        "meta.verify",
        "own.json",
        "voice.status",
    }  # the last: test_calls.py

    assert {json.loads(file.read_text())["kind"] for file in FILES} <= known
    assert len(FILES) == 48


async def test_a_contact_without_a_phone_number_is_answered_where_it_wrote_from(
    caller: Caller, twilio: FakeTwilio
) -> None:
    """Whoever insists on digits loses this contact."""
    await post(caller, load("wa-bsuid-no-phone"))
    await eventually(lambda: twilio.posts)

    assert twilio.posts[0]["To"] == "whatsapp:US.13491208655302741918"
