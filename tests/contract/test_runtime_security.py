"""Rows T4, T5, T11, T13, T14 and T26 of the threat table, against the runtime as it is served: sockets, files, Twilio.

What PostgreSQL refuses by itself is tried in ``test_runtime_postgres_security.py``.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import itertools
import json
import sqlite3
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from switchboard_operator.desired.webhooks import webhooks_of
from switchboard_runtime.assistants.calling import HttpCaller
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.assistants.replies import Asked, ModelFailed, Told
from switchboard_runtime.assistants.tools import ToolFailed
from switchboard_runtime.assistants.vendors import VendorModel
from switchboard_runtime.channels.voice import answer_call
from switchboard_runtime.config import Settings, TenantDocument
from switchboard_runtime.config.documents import HttpTool, ModelChoice, ToolParameter
from switchboard_runtime.conversation import Policy
from switchboard_runtime.edge.listening import Limits
from switchboard_runtime.edge.signature import signed_form, signed_json
from switchboard_runtime.events.outward import Outward
from tests.support.loopback import Answer, Loopback, loopback
from tests.support.smallworld import resource
from tests.unit.runtime.kit import (
    ACCOUNT,
    API_TOKEN,
    CONTACT,
    OWN,
    TOKEN,
    Caller,
    FakeTwilio,
    TurnedClock,
    document,
    eventually,
    fake_twilio,
    served,
    write_tenant,
)
from tests.unit.runtime.test_assistants_egress import EVIL, PUBLIC, resolving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

WEBHOOK, STATUS, VOICE = "/bot/twilio/webhook", "/bot/twilio/status", "/bot/twilio/voice"
HOST = "muebles-sur.bots.example.com"
B = {"account": "ACb0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0", "token": "b" * 32, "api": "b-api-token", "phone": "+13055550777"}
B_HOST = "beta.bots.example.com"


@pytest.fixture
async def clock() -> TurnedClock:
    """Time that only tests move."""
    return TurnedClock()


@pytest.fixture
async def twilio(clock: TurnedClock) -> AsyncIterator[FakeTwilio]:
    """Where replies go."""
    async with fake_twilio(clock) as fake:
        yield fake


@pytest.fixture
def root(tmp_path: Path, twilio: FakeTwilio) -> Path:
    """A folder with two tenants, A and B, of two accounts."""
    write_tenant(tmp_path, document(twilio={"endpoint": twilio.endpoint, "accountSid": ACCOUNT}))
    account = {"endpoint": twilio.endpoint, "accountSid": B["account"]}
    other = document(slug="beta", phone=B["phone"], twilio=account)
    write_tenant(tmp_path, other, authToken=B["token"], apiToken=B["api"])
    return tmp_path


@pytest.fixture
async def caller(root: Path, clock: TurnedClock) -> AsyncIterator[Caller]:
    """Calls as A's Twilio does."""
    async with served(root, clock=clock, policy=Policy(store_patience=0.05)) as calls:
        yield calls


def stored(root: Path, slug: str | None = None) -> int:
    """What any message, callback or put-aside webhook left behind, of one tenant or of all."""
    found = 0
    for file in (root / "data").glob(f"{slug or ''}*.sqlite3"):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
            for table in ("message", "callback", "quarantine"):
                found += int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    return found


# T4: who is meant follows from our own table, never from what a request says of itself.

HEADERS = [
    {"X-Forwarded-Host": B_HOST},
    {"X-Forwarded-Host": f"{HOST}, {B_HOST}"},
    {"X-Forwarded-Server": B_HOST},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Port": "8080"},
    {"X-Forwarded-Prefix": "/webhook/beta"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Host": B_HOST},
    {"X-Original-URL": "/webhook/beta"},
    {"X-Original-Host": B_HOST},
    {"X-Rewrite-URL": "/webhook/beta"},
    {"Forwarded": f"for=127.0.0.1;host={B_HOST};proto=http"},
    {"Via": "1.1 beta"},
    {"Referer": f"https://{B_HOST}/"},
    {"Origin": f"https://{B_HOST}"},
    {"X-HTTP-Method-Override": "GET"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda one: next(iter(one)))
async def test_t4_no_header_of_a_proxy_moves_a_request(caller: Caller, root: Path, headers: dict[str, str]) -> None:
    """A's request stays A's; one to a host that is nobody's stays nobody's; a signature over the claim is none."""
    claimed = RequestValidator(TOKEN).compute_signature(f"http://{B_HOST}{WEBHOOK}", form := caller.form())

    good = await caller.signed(WEBHOOK, form, headers=headers)
    nobody = await caller.signed(WEBHOOK, caller.form(), host="nobody.example.com", headers=headers)
    lying = await caller.signed(WEBHOOK, caller.form(), headers={**headers, "X-Twilio-Signature": claimed})

    assert (good.status, nobody.status, lying.status) == (200, 404, 403)
    assert (stored(root, "muebles-sur"), stored(root, "beta")) == (1, 0)


HOSTS = [
    "",
    "beta",
    "x.muebles-sur.bots.example.com",
    "muebles-sur.bots.example.com.evil.example.com",
    "evil.example.com#muebles-sur.bots.example.com",
    "evil@muebles-sur.bots.example.com",
    "muebles-sur.bots.example.com@evil.example.com",
    "muebles-sur.bots.example.com,beta.bots.example.com",
    "muebles-sur.bots.example.com/beta.bots.example.com",
    "https://muebles-sur.bots.example.com",
    "muebles\u2013sur.bots.example.com",
    "muebles-sur.bots.example.com:80:443",
    "127.0.0.1",
    "[::1]",
    "localhost",
    "*",
    "*.bots.example.com",
]


@pytest.mark.parametrize("host", HOSTS)
async def test_t4_only_the_exact_host_is_a_tenants(caller: Caller, root: Path, host: str) -> None:
    """Whatever else is in the Host header is nobody's."""
    head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {host}\r\n"
    status = await raw(caller, signed_head(caller, form := caller.form(), head) + urlencode(form).encode())

    assert status in {400, 404}
    assert stored(root) == 0


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        (f"http://{B_HOST}{WEBHOOK}", [HOST]),
        (f"https://{HOST}{WEBHOOK}", [B_HOST]),
        (WEBHOOK, [HOST, B_HOST]),
        (WEBHOOK, [B_HOST, HOST]),
        (f"//{B_HOST}{WEBHOOK}", [HOST]),
        (f"/bot/../webhook/beta/..{WEBHOOK}", [HOST]),
    ],
)
async def test_t4_a_request_line_or_a_second_host_moves_nothing(
    caller: Caller, root: Path, target: str, hosts: list[str]
) -> None:
    """Absolute targets, two hosts, dots in the path: refused, or not there; B gets nothing of A's."""
    head = f"POST {target} HTTP/1.1\r\n" + "".join(f"Host: {host}\r\n" for host in hosts)
    status = await raw(caller, signed_head(caller, form := caller.form(), head) + urlencode(form).encode())

    assert status in {200, 400, 403, 404}
    assert status != 200 or hosts[0] == HOST
    assert stored(root, "beta") == 0


async def test_t4_a_valid_request_of_tenant_a_is_403_at_tenant_b(caller: Caller, root: Path) -> None:
    """As it is, signed for B's address, made out to B's account, or to B's number: whoever owns A owns A alone."""
    at_b = RequestValidator(TOKEN)
    forms = {
        "as it is": caller.form(),
        "to B's number": caller.form(To=f"whatsapp:{B['phone']}"),
        "of B's account": caller.form(AccountSid=B["account"]),
        "all of B's": caller.form(AccountSid=B["account"], To=f"whatsapp:{B['phone']}"),
    }
    statuses = {}
    for (name, form), path in itertools.product(forms.items(), (WEBHOOK, "/bot/twilio/fallback", STATUS, VOICE)):
        for url in (caller.public, f"https://{B_HOST}"):
            headers = {"X-Twilio-Signature": at_b.compute_signature(url + path, form)}
            reply = await caller.post(path, urlencode(form).encode(), host=B_HOST, headers=headers)
            statuses[name, path, url] = (reply.status, reply.body)

    assert set(statuses.values()) == {(403, b"")}
    assert stored(root) == 0


async def test_t4_two_tenants_of_one_account_keep_their_numbers_apart(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """The same signing token does not make A's number B's."""
    account = {"endpoint": twilio.endpoint, "accountSid": ACCOUNT}
    write_tenant(tmp_path, document(twilio=account))
    write_tenant(tmp_path, document(slug="beta", phone=B["phone"], twilio=account))
    async with served(tmp_path, clock=clock) as calls:
        calls.public = f"https://{B_HOST}"
        misled = await calls.signed(WEBHOOK, calls.form(), host=B_HOST)
        right = await calls.signed(WEBHOOK, calls.form(To=f"whatsapp:{B['phone']}"), host=B_HOST)

        assert (misled.status, right.status) == (403, 200)
        assert (stored(tmp_path, "muebles-sur"), stored(tmp_path, "beta")) == (0, 1)


async def test_t4_a_token_of_tenant_a_opens_nothing_of_tenant_b(caller: Caller, root: Path) -> None:
    """Neither by B's slug, nor by B's number on the shared path, nor by B's host; and A sees A alone in the list."""
    message = {"telefono": "+1", "mensaje": "hola"}
    slug = await caller.json("/webhook/beta", message, token=API_TOKEN)
    number = await caller.json("/webhook", {**message, "to": B["phone"]}, token=API_TOKEN)
    host = await caller.json("/webhook", message, token=API_TOKEN, Host=B_HOST)
    async with caller.session.get(f"{caller.base}/tenants", headers={"Authorization": f"Bearer {API_TOKEN}"}) as listed:
        seen = [one["slug"] for one in (await listed.json())["tenants"]]

    assert (slug.status, number.status, host.status) == (401, 401, 401)
    assert seen == ["muebles-sur"]
    assert stored(root, "beta") == 0


# T5: forged, replayed, downgraded.

VECTOR = {
    "AccountSid": "AC9a9f9392lad99kla0sklakjs90j092j3",
    "ApiVersion": "2010-04-01",
    "CallSid": "CAd800bb12c0426a7ea4230e492fef2a4f",
    "CallStatus": "ringing",
    "Called": "+15306384866",
    "CalledCity": "OAKLAND",
    "CalledCountry": "US",
    "CalledState": "CA",
    "CalledZip": "94612",
    "Caller": "+15306666666",
    "CallerCity": "SOUTH LAKE TAHOE",
    "CallerCountry": "US",
    "CallerName": "CA Wireless Call",
    "CallerState": "CA",
    "CallerZip": "89449",
    "Direction": "inbound",
    "From": "+15306666666",
    "FromCity": "SOUTH LAKE TAHOE",
    "FromCountry": "US",
    "FromState": "CA",
    "FromZip": "89449",
    "To": "+15306384866",
    "ToCity": "OAKLAND",
    "ToCountry": "US",
    "ToState": "CA",
    "ToZip": "94612",
}
VECTOR_TOKEN = "1c892n40nd03kdnc0112slzkl3091j20"
VECTOR_URL = "http://www.postbin.org/1ed898x"
VECTOR_BODY = b'{"property": "value", "boolean": true}'


def test_t5_the_vectors_of_twilios_own_libraries_are_accepted_and_nothing_near_them() -> None:
    """The form and the JSON body that twilio-python, -node, -java … all test with."""

    def form(pairs: dict[str, str], signature: str, url: str = VECTOR_URL) -> bool:
        return signed_form(url=url, pairs=[*pairs.items()], signature=signature, tokens=[VECTOR_TOKEN])

    def body(content: bytes, signature: str) -> bool:
        digest = hashlib.sha256(VECTOR_BODY).hexdigest()
        url = f"https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256={digest}"
        return signed_json(url=url, body=content, signature=signature, tokens=["12345"])

    good, good_body = "fF+xx6dTinOaCdZ0aIeNkHr/ZAA=", "a9nBmqA0ju/hNViExpshrM61xv4="
    assert form(VECTOR, good)
    assert form(VECTOR, good, VECTOR_URL.replace(".org", ".org:80"))
    assert not form({**VECTOR, "Caller": "+15306666667"}, good)
    assert not form(VECTOR, good.lower())
    assert not form(VECTOR, good, VECTOR_URL.replace("http", "https"))
    assert body(VECTOR_BODY, good_body)
    assert not body(VECTOR_BODY + b" ", good_body)
    assert not body(VECTOR_BODY, good)


async def test_t5_a_forged_signature_is_403_wherever_it_differs(caller: Caller, root: Path) -> None:
    """One letter at any place, cut, longer, of another token, of another address, of another hash, or in two copies."""
    form = caller.form()
    good = RequestValidator(TOKEN).compute_signature(caller.public + WEBHOOK, form)
    forged = [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in range(27)]
    forged += [good[:-1], good + "=", good.upper(), good[::-1], "=" * 28, "sha1=" + good, "\x00", "null", "0" * 5000]
    forged += [RequestValidator("b" * 32).compute_signature(caller.public + WEBHOOK, form)]
    forged += [RequestValidator(TOKEN).compute_signature(caller.public + STATUS, form)]
    forged += [RequestValidator("").compute_signature(caller.public + WEBHOOK, form)]
    body = urlencode(form).encode()
    statuses = set()
    for signature in forged:
        if "\x00" not in signature:
            statuses.add((await caller.post(WEBHOOK, body, headers={"X-Twilio-Signature": signature})).status)
    head = signed_head(caller, form, f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nX-Twilio-Signature: {forged[0]}\r\n")

    assert statuses == {403}
    assert await raw(caller, head + body) == 403
    assert stored(root) == 0


async def test_t5_a_replayed_webhook_is_one_message_for_ever(
    caller: Caller, root: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Twenty at once, through the fallback, a month later; an address that was changed is refused."""
    form = caller.form("mesa")
    at_once = await asyncio.gather(*(caller.signed(WEBHOOK, form) for _ in range(20)))
    await eventually(lambda: twilio.posts)
    clock.turn(31 * 86_400.0)
    later = await caller.signed("/bot/twilio/fallback", form)
    signature = RequestValidator(TOKEN).compute_signature(caller.public + WEBHOOK, form)
    moved = [
        (await caller.post(path, urlencode(form).encode(), headers={"X-Twilio-Signature": signature})).status
        for path in (f"{WEBHOOK}?x=1", "/bot/twilio/fallback", STATUS, VOICE, "/bot/twilio/other")
    ]
    await caller.say("mesa")
    await eventually(lambda: len(twilio.posts) == 2)

    assert {one.status for one in (*at_once, later)} == {200}
    assert moved == [403] * 5
    assert stored(root) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Twilio-Webhooks-Signature-Settings": "key=x,algorithm=HMAC_SHA1"},
        {"X-Twilio-Webhooks-Signature-Settings": "algorithm=HMAC_SHA1"},
        {"X-Twilio-Webhooks-Signature-Settings": ""},
        {"x-twilio-webhooks-signature-settings": "key=x,algorithm=none"},
        {"Content-Type": "application/json"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/x-www-form-urlencoded2"},
        {"Content-Encoding": "gzip"},
        {"X-HTTP-Method-Override": "PUT", "X-Twilio-Signature": ""},
    ],
    ids=str,
)
async def test_t5_nobody_chooses_how_a_signature_is_checked(
    caller: Caller, root: Path, headers: dict[str, str]
) -> None:
    """No algorithm from a header, no other reading of the same bytes under a good signature."""
    reply = await caller.signed(WEBHOOK, caller.form(), headers=headers)

    assert reply.status in {400, 403, 415}
    assert (reply.body, stored(root)) == (b"", 0)


async def test_t5_json_without_its_hash_in_the_address_is_refused(caller: Caller, root: Path) -> None:
    """A signature over the bare address says nothing of the body, so it opens nothing."""
    bare = RequestValidator(TOKEN).compute_signature(caller.public + WEBHOOK, {})
    empty = f"{WEBHOOK}?bodySHA256="
    signatures = {WEBHOOK: bare, empty: RequestValidator(TOKEN).compute_signature(caller.public + empty, {})}
    for path, signature in signatures.items():
        headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature}
        assert (await caller.post(path, b'{"a": 1}', headers=headers)).status in {400, 403}
    assert stored(root) == 0


# T11: where calls may go. The list and its properties are in tests/unit/runtime/test_assistants_egress.py.


@pytest.fixture
async def inside() -> AsyncIterator[Loopback]:
    """A server on loopback that nobody allowed."""
    async with loopback() as server:
        yield server


def model_at(url: str, egress: Egress) -> VendorModel:
    """A model of a tenant that wrote this base URL."""
    choice = ModelChoice.model_construct(provider="openai", model="m", base_url=url, max_tokens=16, stream=False)
    return VendorModel(choice=choice, key="k", egress=egress)


async def reached(model: VendorModel) -> bool:
    """Whether the model could be asked at all."""
    try:
        await model.ask(Asked(instructions="i", messages=(Told("hola"),)))
    except ModelFailed as error:
        return "HTTP" in str(error)
    finally:
        await model.close()
    return True


def tool_at(url: str) -> HttpTool:
    """A tool of a tenant that wrote this URL."""
    parameters = (ToolParameter.model_validate({"name": "order"}),)
    return HttpTool.model_construct(name="t", description="d", url=url, parameters=parameters)


async def test_t11_no_evil_url_is_reached_by_a_tool_or_a_model() -> None:
    """Sixty spellings of inside: loopback, private, metadata; decimal, octal, hex, mapped; userinfo; other schemes."""
    assert len(EVIL) >= 60
    caller = HttpCaller(egress=Egress(), secret=lambda _: None)
    for url in EVIL:
        with pytest.raises(ToolFailed):
            await caller.call(tool_at(url), {"order": "7"})
    await caller.close()
    assert [url for url in EVIL if await reached(model_at(url, Egress()))] == []


ODD = [
    "https://127.0.0.1\\@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://127\u30020\u30020\u30021/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
    "https://0000000177.0.0.1/",
    "https://0x7f000001:443/",
    "https://127.0.0.1%2f@example.com/",
    "https://[::ffff:169.254.169.254]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
]
"""Spellings that two readers of addresses may read differently."""


async def test_t11_a_model_that_may_not_be_called_says_how_its_host_is_opened() -> None:
    """For the platform's admin, in the log; a tenant cannot open it."""
    model = model_at("http://llm.models.svc:8000/v1", Egress())
    with pytest.raises(ModelFailed, match=r"llm\.models\.svc: only https is called; SWITCHBOARD_EGRESS_ALLOW opens"):
        await model.ask(Asked(instructions="i", messages=(Told("hola"),)))
    await model.close()


async def test_t11_no_evil_url_is_reached_by_a_webhook_of_ours() -> None:
    """What a tenant subscribes is called as little as what its tools name."""
    async with Outward(Egress(), deadline=5.0) as outward:
        answers = {url: await outward.post(url, headers={}, body=b"{}") for url in (*EVIL, *ODD)}

    assert {url: one.status for url, one in answers.items() if one.status is not None} == {}


@pytest.mark.parametrize("url", ODD)
async def test_t11_a_url_that_can_be_read_two_ways_is_reached_in_neither(url: str) -> None:
    """By tools and models."""
    caller = HttpCaller(egress=Egress(), secret=lambda _: None)
    with pytest.raises(ToolFailed):
        await caller.call(tool_at(url), {"order": "7"})
    await caller.close()

    assert not await reached(model_at(url, Egress()))


@pytest.mark.parametrize("answers", [(("127.0.0.1",),), ((PUBLIC, "127.0.0.1"),), (("::ffff:127.0.0.1",),)], ids=str)
async def test_t11_a_name_that_leads_inside_is_not_called(inside: Loopback, answers: tuple[Any, ...]) -> None:
    """By whatever address it resolves to, by a tool and by a model."""
    egress = Egress(resolve=resolving(*answers))
    url = f"https://shop.example:{urlsplit(inside.url).port}/"
    caller = HttpCaller(egress=egress, secret=lambda _: None)
    with pytest.raises(ToolFailed):
        await caller.call(tool_at(url), {"order": "7"})
    await caller.close()

    assert not await reached(model_at(url, egress))
    async with Outward(egress) as outward:
        assert (await outward.post(url, headers={}, body=b"{}")).status is None
    assert inside.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_t11_a_redirect_is_not_followed(inside: Loopback, status: int) -> None:
    """Not by a tool, a model's client or a webhook of ours, even to where the tenant may call."""
    async with loopback() as allowed:
        allowed.will(Answer(status=status, headers={"Location": f"{inside.url}/"}))
        hosts = frozenset({urlsplit(allowed.url).netloc, urlsplit(inside.url).netloc})
        caller = HttpCaller(egress=Egress(allowed=hosts), secret=lambda _: None)
        with pytest.raises(ToolFailed):
            await caller.call(tool_at(allowed.url), {"order": "7"})
        await caller.close()
        await reached(model_at(allowed.url, Egress(allowed=hosts)))
        async with Outward(Egress(allowed=hosts)) as outward:
            told = await outward.post(allowed.url, headers={}, body=b"{}")

        assert told.status == status
        assert len(allowed.asked) == 3
        assert inside.asked == []


# T13: what Twilio is answered holds our verbs and nothing else.

VERBS = {"Response", "Say", "Hangup", "Reject", "Gather", "Record", "Dial", "Number", "Redirect", "Pause", "Play"}
INJECTIONS = [
    "</Say><Dial>+19005550100</Dial><Say>",
    "</Response><Response><Redirect>http://evil.example.com</Redirect>",
    "]]><Dial>+1900</Dial><![CDATA[",
    "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
    '" voice="x"><Dial/><Say a="',
    "&#60;Dial&#62;&lt;Dial&gt;",
    "<?xml-stylesheet href='x'?>",
    "\u202e<Dial>\ufeff",
    "{name} {{name}} %s ${jndi:ldap://x}",
]
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1, max_size=60)


def verbs(twiml: str | bytes) -> set[str]:
    """The elements of an answer."""
    return {element.tag for element in ET.fromstring(twiml).iter()}


@given(name=texts | st.sampled_from(INJECTIONS), language=st.sampled_from(["es", "en", "pt-BR", "fr"]))
@settings(deadline=None)
def test_t13_no_text_of_a_tenant_becomes_a_verb(name: str, language: str) -> None:
    """Whatever the tenant is called."""
    content = document(languages=[language], tenant={**document()["tenant"], "displayName": name})
    try:
        tenant = TenantDocument.model_validate_json(json.dumps(content))
    except ValueError:
        return  # refused is fine too
    twiml = answer_call(tenant)

    assert verbs(twiml) <= VERBS
    assert "Dial" not in verbs(twiml)


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("path", [WEBHOOK, "/bot/twilio/fallback", VOICE, "/bot/twilio/other"])
async def test_t13_no_text_of_a_contact_becomes_a_verb(caller: Caller, path: str, text: str) -> None:
    """In any field that a contact or a caller can fill, and in the names of fields."""
    fields = ("Body", "ProfileName", "SpeechResult", "Digits", "CallerName", "FromCity", "ButtonText", text[:40])
    form = caller.form(**dict.fromkeys(fields, text), CallSid="CA1")
    reply = await caller.signed(path, form)

    assert reply.status == 200
    assert verbs(reply.body) <= VERBS
    assert b"evil" not in reply.body
    assert b"1900" not in reply.body


# T14: many, slow, large.

QUICK = Limits(head=0.3, idle=0.6, drain=0.2, per_peer=8)


@asynccontextmanager
async def connection(caller: Caller) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A plain socket to the runtime."""
    parts = urlsplit(caller.base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def signed_head(caller: Caller, form: dict[str, str], head: str) -> bytes:
    """A head with a signature over A's address, and the form's length."""
    signature = RequestValidator(TOKEN).compute_signature(caller.public + WEBHOOK, form)
    rest = f"X-Twilio-Signature: {signature}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return (head + rest + f"Content-Length: {len(urlencode(form))}\r\nConnection: close\r\n\r\n").encode()


async def raw(caller: Caller, request: bytes, *, within: float = 5.0) -> int:
    """Send bytes and read the status of the answer; 0 when the connection is closed without one."""
    async with connection(caller) as (reader, writer), asyncio.timeout(within):
        writer.write(request)
        try:
            line = await reader.readline()
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0


async def closed_after(reader: asyncio.StreamReader) -> float:
    """Seconds until the other side closes."""
    began = time.monotonic()
    async with asyncio.timeout(10):
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
    return time.monotonic() - began


@pytest.fixture
async def guarded(root: Path, clock: TurnedClock) -> AsyncIterator[Caller]:
    """The runtime with limits that a test can wait for."""
    async with served(root, clock=clock, limits=QUICK) as calls:
        yield calls


def test_t14_the_limits_of_a_connection_are_those_that_were_promised() -> None:
    """First byte and head within five seconds, at most fifteen of silence."""
    limits = Limits(per_peer=Settings().peer_connections())

    assert limits.head <= 5.0
    assert limits.idle <= 15.0
    assert limits.drain <= 5.0
    assert limits.per_peer <= 1024


async def test_t14_who_says_nothing_is_closed(guarded: Caller) -> None:
    """No first byte, no connection."""
    async with connection(guarded) as (reader, _):
        assert await closed_after(reader) < QUICK.head + 2


async def test_t14_a_head_a_byte_at_a_time_is_closed(guarded: Caller) -> None:
    """Slowloris: each byte is in time, the head is not. The deadline is not moved by what comes."""
    async with connection(guarded) as (reader, writer):
        slowly = asyncio.create_task(trickle(writer, f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nX: ".encode()))
        took = await closed_after(reader)
        slowly.cancel()
    metrics = await metric(guarded, "switchboard_connections_closed_total", "head too slow")

    assert took < QUICK.head + 2
    assert metrics >= 1


async def test_t14_a_second_head_on_a_kept_connection_has_no_more_time(guarded: Caller) -> None:
    """A good request first does not buy an hour."""
    async with connection(guarded) as (reader, writer):
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] == b"200"
        slowly = asyncio.create_task(trickle(writer, b"GET /healthz HTTP/1.1\r\nX-Slow: "))
        took = await closed_after(reader)
        slowly.cancel()

    assert took < QUICK.head + QUICK.idle + 2


async def test_t14_silence_after_a_request_is_closed(guarded: Caller) -> None:
    """Keep-alive ends."""
    async with connection(guarded) as (reader, writer):
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await reader.readline()
        assert await closed_after(reader) < QUICK.idle + 2


async def test_t14_a_slow_but_honest_request_is_served(root: Path, clock: TurnedClock) -> None:
    """In two halves, and twice on one connection: limits are for who never ends."""
    async with (
        served(root, clock=clock, limits=Limits(head=2.0, idle=2.0)) as calls,
        connection(calls) as (read, write),
    ):
        for _ in range(2):
            write.write(b"GET /healthz HTTP/1.1\r\nHo")
            await write.drain()
            await asyncio.sleep(0.05)  # two packets, not one
            write.write(b"st: x\r\n\r\n")
            assert (await read.readline()).split()[1] == b"200"
            await read.readuntil(b"ok\n")


async def test_t14_a_peer_has_so_many_connections_and_no_more(root: Path, clock: TurnedClock) -> None:
    """The next is closed without an answer; when one of them ends there is room again."""
    health = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    async with served(root, clock=clock, limits=Limits(per_peer=2)) as calls:
        async with connection(calls) as (first_reader, first), connection(calls) as (second_reader, second):
            for reader, writer in ((first_reader, first), (second_reader, second)) * 2:
                writer.write(health)
                assert (await reader.readline()).split()[1] == b"200"
                await reader.readuntil(b"ok\n")
            third = await raw(calls, health)
            second.close()
            await eventually(lambda: raw(calls, health))

        assert third == 0
        assert await metric(calls, "switchboard_connections_closed_total", "too many connections") >= 1


async def trickle(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send a beginning, and then a byte now and then."""
    try:
        writer.write(data)
        while True:
            await asyncio.sleep(0.05)
            writer.write(b"a")
            await writer.drain()
    except ConnectionError:
        return


async def metric(caller: Caller, name: str, label: str) -> float:
    """A counter's value."""
    async with caller.session.get(f"{caller.base}/metrics") as reply:
        lines = (await reply.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name) and label in line)


def heads() -> Iterator[tuple[str, bytes]]:
    """Heads that are too much, or none."""
    start = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\n".encode()
    yield "many headers", start + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n"
    yield "a long header", start + b"X: " + b"y" * 20_000 + b"\r\n\r\n"
    yield "a long address", f"POST /{'a' * 20_000} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    yield "no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03secret text of a message\r\n\r\n"
    yield "two lengths", start + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"
    yield "a length and chunks", start + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "an odd transfer", start + b"Transfer-Encoding: gzip\r\n\r\n"
    yield "a folded header", start + b"X-A: 1\r\n X-B: 2\r\n\r\n"
    yield "a space in a name", start + b"Content-Length : 0\r\n\r\n"


@pytest.mark.parametrize(("name", "head"), [*heads()], ids=lambda one: one if isinstance(one, str) else "")
async def test_t14_a_head_that_is_too_much_or_none_is_refused(
    caller: Caller, root: Path, caplog: pytest.LogCaptureFixture, name: str, head: bytes
) -> None:
    """400 and closed, without a word of it in the answer or the log."""
    async with connection(caller) as (reader, writer), asyncio.timeout(10):
        writer.write(head)
        answer = await reader.read()

    assert answer[9:12] in {b"400", b"403", b"413"}
    assert b"aiohttp" not in answer
    assert b"secret text" not in answer
    assert "secret text" not in caplog.text
    assert stored(root) == 0


async def test_t14_a_large_body_is_refused_before_it_is_all_there(caller: Caller, root: Path) -> None:
    """By its length, or after 64 KiB of an endless one."""
    start = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n".encode()
    async with connection(caller) as (reader, writer), asyncio.timeout(10):
        writer.write(start + b"Transfer-Encoding: chunked\r\n\r\n")
        endless = asyncio.create_task(chunks(writer))
        line = await reader.readline()
        sent = endless.result() if endless.done() else None
        endless.cancel()
    told = await raw(caller, start + b"Content-Length: 1000000000\r\n\r\n" + b"x" * 70_000)

    assert line.split()[1] == b"413"
    assert sent is None
    assert told == 413
    assert stored(root) == 0


async def chunks(writer: asyncio.StreamWriter) -> None:
    """Chunks for ever."""
    try:
        while True:
            writer.write(b"1000\r\n" + b"a" * 4096 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        return


async def test_t14_a_bomb_is_not_unpacked(caller: Caller, root: Path) -> None:
    """20 MiB in 20 KiB, signed as it is: refused by its encoding, in whatever spelling."""
    bomb = gzip.compress(b"a" * 20_000_000)
    for encoding in ("gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x-gzip"):
        reply = await caller.post(WEBHOOK, bomb, headers={"Content-Encoding": encoding})
        assert reply.status == 415
    assert len(bomb) < 64 * 1024
    assert stored(root) == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("&".join(f"a{n}=" for n in range(8_000)).encode(), id="many fields"),
        pytest.param(b"&".join(b"a" for _ in range(30_000)), id="one field many times"),
        pytest.param(b"=" * 60_000, id="only separators"),
        pytest.param(b"%" * 60_000, id="only escapes"),
        pytest.param(b"[" * 60_000, id="nested JSON"),
        pytest.param(b'{"a":' * 10_000, id="nested objects"),
        pytest.param(b'{"telefono": ' + b"9" * 60_000 + b"}", id="a long number"),
    ],
)
async def test_t14_a_body_made_to_be_costly_costs_little(caller: Caller, root: Path, body: bytes) -> None:
    """Refused within a moment, by whichever way it comes in."""
    began = time.process_time()
    form = await caller.post(WEBHOOK, body, headers={"X-Twilio-Signature": "AAAA"})
    bearer = {"Content-Type": "application/json", "Authorization": f"Bearer {API_TOKEN}"}
    jsons = [(await caller.post(path, body, headers=bearer)).status for path in ("/webhook/muebles-sur", "/webhook")]
    took = time.process_time() - began

    assert form.status in {400, 403}
    assert jsons == [400, 400]
    assert took < 1.0
    assert stored(root) == 0


# T26: an address tells nothing, and opens nothing.


async def test_t26_no_address_that_twilio_is_given_holds_a_secret(
    caller: Caller, twilio: FakeTwilio, root: Path
) -> None:
    """Neither the numbers' webhooks, as the operator writes them, nor the callback of a reply."""
    await caller.say("mesa")
    [post] = await eventually(lambda: twilio.posts)
    number = resource("BotNumber", "line", {"tenantRef": {"name": "a"}, "phoneNumber": "+13055550123"})
    hooks = webhooks_of(number, base_url=caller.public)
    urls = [post["StatusCallback"], *(str(getattr(hooks, name)) for name in hooks.__slots__)]
    secrets = [file.read_text() for file in (root / "credentials" / "muebles-sur").iterdir()]

    for url in urls:
        parts = urlsplit(url)
        assert (parts.scheme, parts.hostname, parts.username, parts.password) == ("https", HOST, None, None)
        assert not [secret for secret in secrets if secret in url]


async def test_t26_the_id_in_a_callbacks_address_opens_nothing(caller: Caller, twilio: FakeTwilio, root: Path) -> None:
    """Without Twilio's signature it is 403; signed by another tenant it reaches that tenant alone."""
    await caller.say("mesa")
    [post] = await eventually(lambda: twilio.posts)
    path = post["StatusCallback"].removeprefix(caller.public)
    form = {"MessageSid": "SM9", "MessageStatus": "read", "AccountSid": ACCOUNT, "From": OWN, "To": CONTACT}
    unsigned = await caller.post(path, urlencode(form).encode())
    caller.public, caller.token = f"https://{B_HOST}", B["token"]
    mine = {**form, "AccountSid": B["account"], "From": f"whatsapp:{B['phone']}"}
    others = await caller.signed(path, mine, host=B_HOST)

    assert unsigned.status == 403
    assert others.status == 204
    [file] = (root / "data").glob("muebles-sur*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM outbox WHERE delivery IS NOT NULL").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM callback").fetchone() == (0,)
