"""What Twilio's webhooks are answered, and what they leave behind."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.unit.runtime.kit import ACCOUNT, CONTACT, OWN, TOKEN, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock

WEBHOOK = "/bot/twilio/webhook"


def stored(root: Path) -> int:
    """Messages in the tenant's file."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return int(db.execute("SELECT count(*) FROM message").fetchone()[0])


async def test_a_signed_message_is_answered_from_the_number_it_was_sent_to(caller: Caller, twilio: FakeTwilio) -> None:
    """The reply leaves under the tenant's API key and asks for callbacks that carry its own id."""
    response = await caller.say("¿Cuánto sale la MÉSA?")

    [post] = await eventually(lambda: twilio.posts)
    assert response.status == 200
    assert (post["From"], post["To"], post["Body"]) == (OWN, CONTACT, "Mesa Pampa: 120000 ARS, 4 en stock.")
    assert post["StatusCallback"].startswith(f"{caller.public}/bot/twilio/status?m=")
    assert base64.b64decode(post["auth"].removeprefix("Basic ")) == b"SK1:key-secret"


async def test_a_message_delivered_again_is_acknowledged_and_not_answered_again(
    caller: Caller, twilio: FakeTwilio, root: Path
) -> None:
    """Twilio retries; a replayed capture is the same to us."""
    form = caller.form("Hola")
    statuses = [(await caller.signed(path, form)).status for path in (WEBHOOK, WEBHOOK, "/bot/twilio/fallback")]
    await caller.say("mesa")

    await eventually(lambda: len(twilio.posts) == 2)
    assert statuses == [200, 200, 200]
    assert stored(root) == 2


async def test_the_fallback_answers_what_the_webhook_missed(caller: Caller, twilio: FakeTwilio) -> None:
    """ErrorCode and ErrorUrl come with it and change nothing."""
    form = caller.form("Hola", ErrorCode="11200", ErrorUrl=caller.public + WEBHOOK)
    response = await caller.signed("/bot/twilio/fallback", form)

    await eventually(lambda: twilio.posts)
    assert response.status == 200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"AccountSid": "AC" + "0" * 32}, 403, id="another account"),
        pytest.param({"AccountSid": "-"}, 403, id="no account"),
        pytest.param({"To": "whatsapp:+13055550999"}, 403, id="another's number"),
    ],
)
async def test_a_signed_form_that_is_not_a_message_to_this_tenant_stores_nothing(
    caller: Caller, root: Path, change: dict[str, str], expected: int
) -> None:
    """The refusal says nothing."""
    response = await caller.say(**change)

    assert (response.status, response.body, stored(root)) == (expected, b"", 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, 403, id="unsigned"),
        pytest.param({"X-Twilio-Signature": ""}, 403, id="empty signature"),
        pytest.param({"X-Twilio-Signature": "AAAA"}, 403, id="wrong signature"),
        pytest.param({"X-Twilio-Signature": "ñandú"}, 403, id="a signature that is no ASCII"),
        pytest.param({"Content-Type": "application/json"}, 400, id="no form"),
        pytest.param({"Content-Type": "multipart/form-data; boundary=x"}, 400, id="another kind of form"),
        pytest.param({"Content-Encoding": "gzip"}, 415, id="packed"),
    ],
)
async def test_a_request_that_twilio_did_not_sign_stores_nothing(
    caller: Caller, root: Path, headers: dict[str, str], expected: int
) -> None:
    """Whatever is odd is refused without a word."""
    response = await caller.post(WEBHOOK, urlencode(caller.form()).encode(), headers=headers)

    assert (response.status, response.body, stored(root)) == (expected, b"", 0)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=1", b"a&" * 600, b"{}", b"%ff=%ff"])
async def test_a_body_that_is_no_form_is_refused(caller: Caller, root: Path, body: bytes) -> None:
    """Neither an empty body, nor bytes that are not UTF-8, nor a flood of fields is a form."""
    response = await caller.post(WEBHOOK, body, headers={"X-Twilio-Signature": "AAAA"})

    assert response.status in {400, 403}
    assert stored(root) == 0


async def test_a_body_over_64_kib_is_refused_before_it_is_understood(caller: Caller, root: Path) -> None:
    """A valid signature does not help."""
    response = await caller.say("x" * 70_000)

    assert (response.status, stored(root)) == (413, 0)


async def test_only_the_exact_host_finds_the_tenant(caller: Caller, root: Path) -> None:
    """Neither a part of the name nor a proxy's header is a host; case and port do not matter."""
    form = caller.form()
    statuses = {
        host: (await caller.signed(WEBHOOK, form, host=host)).status
        for host in ("other.bots.example.com", "muebles-sur", "x.muebles-sur.bots.example.com", "127.0.0.1")
    }
    forwarded = await caller.signed(
        WEBHOOK, form, host="evil.example.com", headers={"X-Forwarded-Host": "muebles-sur.bots.example.com"}
    )
    good = await caller.signed(WEBHOOK, form, host="Muebles-Sur.bots.example.com:8443")

    assert set(statuses.values()) == {404}
    assert (forwarded.status, good.status, stored(root)) == (404, 200, 1)


async def test_the_signed_address_is_ours_whatever_a_request_says_of_itself(caller: Caller, root: Path) -> None:
    """A signature over the Host header's or a proxy's idea of the address is no signature."""
    form = caller.form()
    signature = RequestValidator(TOKEN).compute_signature("http://evil.example.com" + WEBHOOK, form)
    headers = {"X-Twilio-Signature": signature, "X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "http"}
    response = await caller.post(WEBHOOK, urlencode(form).encode(), headers=headers)

    assert (response.status, stored(root)) == (403, 0)


async def test_a_signature_that_names_another_algorithm_is_refused(caller: Caller) -> None:
    """No tenant has a key of its own yet, so nobody may choose how a signature is checked."""
    headers = {"X-Twilio-Webhooks-Signature-Settings": "key=x,algorithm=HMAC_SHA1"}
    response = await caller.signed(WEBHOOK, caller.form(), headers=headers)

    assert response.status == 403


async def test_signed_json_is_checked_on_its_raw_body(caller: Caller) -> None:
    """A forged body under a good signature is 403; a good one is put aside, since nobody reads it yet."""
    body = b'{"a": 1}'
    path = f"{WEBHOOK}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(caller.public + path, {})
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}

    good = await caller.post(path, body, headers=headers)
    forged = await caller.post(path, b'{"a": 2}', headers=headers)

    assert (good.status, forged.status) == (200, 403)


async def test_both_tokens_are_good_while_the_token_is_rotated(caller: Caller, root: Path, clock: TurnedClock) -> None:
    """The folder changes under the running program; no webhook is refused on the way."""
    new = "f" * 32
    before = await caller.signed(WEBHOOK, caller.form(), token=new)
    (root / "credentials" / "muebles-sur" / "authTokenSecondary").write_text(new)
    clock.turn(5)
    during = [(await caller.signed(WEBHOOK, caller.form(), token=token)).status for token in (new, TOKEN)]
    (root / "credentials" / "muebles-sur" / "authToken").write_text(new)
    (root / "credentials" / "muebles-sur" / "authTokenSecondary").unlink()
    clock.turn(5)
    after = [(await caller.signed(WEBHOOK, caller.form(), token=token)).status for token in (new, TOKEN)]

    assert (before.status, during, after) == (403, [200, 200], [200, 403])


async def test_a_call_hears_a_polite_text(caller: Caller) -> None:
    """TwiML from the library; the tenant's name is escaped."""
    form = {"CallSid": "CA1", "AccountSid": ACCOUNT, "From": "+1", "To": "+13055550123"}
    response = await caller.signed("/bot/twilio/voice", form)
    text = response.body.decode()

    assert response.status == 200
    assert "Gracias por llamar a Muebles del Sur" in text
    assert "<Hangup" in text


async def test_a_message_that_cannot_be_stored_is_answered_503(caller: Caller, root: Path, twilio: FakeTwilio) -> None:
    """Twilio then uses its retry and its fallback; after that the message is answered once."""
    [file] = (root / "data").glob("*.sqlite3")
    form = caller.form()
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = await caller.signed(WEBHOOK, form)
        other.execute("ROLLBACK")
    accepted = await caller.signed("/bot/twilio/fallback", form)

    await eventually(lambda: twilio.posts)
    assert (refused.status, accepted.status, stored(root)) == (503, 200, 1)


async def test_answers_do_not_tell_what_runs_here(caller: Caller) -> None:
    """No Server header, on good answers and on bad ones."""
    answers = [await caller.say(), await caller.post("/nowhere", b"")]

    assert [answer.headers.get("Server") for answer in answers] == [None, None]
