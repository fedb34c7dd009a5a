"""The tenant's own HTTP API: who may ask, what comes back, what bad input gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.unit.runtime.kit import API_TOKEN, OWN, document, eventually, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock

MESSAGE = {"telefono": "+5491155500200", "mensaje": "¿Cuánto sale la mesa?"}
ANSWER = "Mesa Pampa: 120000 ARS, 4 en stock."


@pytest.mark.parametrize("path", ["/webhook/muebles-sur", "/webhook/muebles", "/webhook"])
async def test_a_json_message_is_answered_in_its_response(caller: Caller, twilio: FakeTwilio, path: str) -> None:
    """By exact slug, by a similar one, and on the legacy path of a pod with one tenant; Twilio has no part in it."""
    response = await caller.json(path, MESSAGE)

    assert (response.status, response.json()["respuesta"]) == (200, ANSWER)
    assert twilio.posts == []


async def test_the_same_message_again_has_the_same_answer_and_no_second_turn(caller: Caller) -> None:
    """Known by the caller's id, or by its Idempotency-Key."""
    content = {**MESSAGE, "mensaje": "hola"}
    headers = {"Idempotency-Key": "k1"}
    answers = [(await caller.json("/webhook/muebles-sur", content, **headers)).json() for _ in range(3)]
    async with caller.session.get(caller.base + "/metrics") as response:
        text = await response.text()

    assert answers == [{"id": "k1", "respuesta": "¡Hola! ¿En qué te ayudo?"}] * 3
    assert 'switchboard_inbound_duplicates_total{tenant="muebles-sur"} 2.0' in text


@pytest.mark.parametrize("token", [None, "", "wrong", API_TOKEN + "x"])
@pytest.mark.parametrize("path", ["/webhook/muebles-sur", "/webhook"])
async def test_without_the_token_nothing_is_stored_or_told(caller: Caller, path: str, token: str | None) -> None:
    """401, empty."""
    response = await caller.json(path, MESSAGE, token=token)

    assert (response.status, response.body) == (401, b"")


async def test_a_slug_that_is_nobodys_is_404(caller: Caller) -> None:
    """Without a hint."""
    response = await caller.json("/webhook/banco", MESSAGE)

    assert (response.status, response.body) == (404, b"")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"telefono": "+1"}', b'{"telefono": "", "mensaje": "x"}', b"\xff", b"[" * 60_000],
)
async def test_a_body_that_is_no_message_is_400(caller: Caller, body: bytes) -> None:
    """With words for the caller, who has shown its token."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_TOKEN}"}
    response = await caller.post("/webhook/muebles-sur", body, headers=headers)

    assert response.status == 400
    assert response.json()["error"]


async def test_the_legacy_form_goes_to_the_tenant_of_its_number(
    root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Signed by that tenant's account over that tenant's address, whichever host it came through."""
    second = document(slug="otra", phone="+13055550999", twilio={**document()["twilio"], "endpoint": twilio.endpoint})
    write_tenant(root, second, authToken="b" * 32)
    async with served(root, clock=clock) as caller:
        caller.public = "https://otra.bots.example.com"
        form = caller.form("mesa", To="whatsapp:+13055550999")
        good = await caller.signed("/webhook", form, token="b" * 32, host="muebles-sur.bots.example.com")
        forged = await caller.signed("/webhook", caller.form("mesa", To=OWN), token="b" * 32)
        await eventually(lambda: twilio.posts)

    assert (good.status, forged.status) == (200, 403)
    assert [post["From"] for post in twilio.posts] == ["whatsapp:+13055550999"]


async def test_one_tenants_request_is_refused_by_another(root: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """A valid webhook, and a valid token, taken to the neighbour in the same pod."""
    write_tenant(root, document(slug="otra", phone="+13055550999"), authToken="b" * 32, apiToken="other-token")
    async with served(root, clock=clock) as caller:
        webhook = await caller.signed("/bot/twilio/webhook", caller.form(), host="otra.bots.example.com")
        token = await caller.json("/webhook/otra", MESSAGE)
        ambiguous = await caller.json("/webhook", MESSAGE, token=API_TOKEN, Host="unknown.example.com")

    assert (webhook.status, token.status, ambiguous.status) == (403, 401, 404)
    assert twilio.posts == []


async def tenants(caller: Caller, token: str) -> tuple[int, Any]:
    """``GET /tenants``."""
    headers = {"Authorization": f"Bearer {token}"}
    async with caller.session.get(caller.base + "/tenants", headers=headers) as response:
        body = await response.read()
        return response.status, json.loads(body) if body else None


async def test_the_list_of_tenants_shows_what_the_token_owns(root: Path, clock: TurnedClock) -> None:
    """And nothing to a token that owns nothing."""
    write_tenant(root, document(slug="otra", phone="+13055550999"), apiToken="other-token")
    async with served(root, clock=clock) as caller:
        owned, refused = await tenants(caller, API_TOKEN), await tenants(caller, "wrong")

    expected = {
        "id": "uid-muebles-sur",
        "name": "Muebles del Sur",
        "slug": "muebles-sur",
        "webhook_url": "/webhook/muebles-sur",
        "full_webhook_url": "https://muebles-sur.bots.example.com/webhook/muebles-sur",
        "status": "Active",
    }
    assert owned == (200, {"tenants": [expected]})
    assert refused == (401, None)


async def test_metrics_are_not_shown_on_a_tenants_public_host(caller: Caller) -> None:
    """A client's traffic is nobody else's business; probes say no more than ok."""
    public = {"Host": "muebles-sur.bots.example.com"}
    async with caller.session.get(caller.base + "/metrics", headers=public) as outside:
        pass
    async with caller.session.get(caller.base + "/metrics") as inside:
        pass
    async with caller.session.get(caller.base + "/readyz", headers=public) as probe:
        text = await probe.text()

    assert (outside.status, inside.status, text) == (404, 200, "ok\n")


@pytest.mark.parametrize(
    ("name", "status"),
    [("127.0.0.1", 200), ("localhost", 200), ("[::1]", 200), ("10.0.0.7", 404), ("localhost.example.com", 404)],
)
async def test_who_tries_a_runtime_on_his_own_machine_sees_its_metrics(
    root: Path, clock: TurnedClock, name: str, status: int
) -> None:
    """The tenant's address is loopback's then, which is nobody's public host."""
    write_tenant(root, {**document(slug="otra", phone="+13055550999"), "url": f"http://{name}:8180"})
    host = {"Host": f"{name}:8180"}
    async with (
        served(root, clock=clock) as caller,
        caller.session.get(caller.base + "/metrics", headers=host) as response,
    ):
        text = await response.text()

    assert (response.status, "switchboard_" in text) == (status, status == 200)


async def test_a_slow_body_is_cut_off(root: Path, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never ends holds nothing for long."""
    monkeypatch.setattr("switchboard_runtime.edge.body._BODY_SECONDS", 0.05)
    async with served(root, clock=clock) as caller:

        async def drip() -> Any:
            yield urlencode({"a": "b"}).encode()
            await eventually(lambda: False, within=1.0)

        headers = {"Host": "muebles-sur.bots.example.com", "Content-Type": "application/x-www-form-urlencoded"}
        async with caller.session.post(caller.base + "/bot/twilio/webhook", data=drip(), headers=headers) as response:
            status = response.status

    assert status == 408
