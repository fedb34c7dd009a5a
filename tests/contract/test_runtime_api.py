"""The REST API on both stores: what it answers is what its document says, once, in pages, and to nobody else."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.api import API, Rates
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store import statement
from tests.contract.api_kit import DOCUMENT, Api
from tests.support.postgres import Server, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import API_TOKEN, FakeTwilio, document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement

OTHER_TOKEN = "another-tenants-own-token"
READER, WRITER, OLD = "reader-token-000000000000", "writer-token-000000000000", "old-token-00000000000000"


def sha256(token: str) -> str:
    """As the file has it."""
    return hashlib.sha256(token.encode()).hexdigest()


TOKENS = [
    {"name": "crm-reader", "sha256": sha256(READER), "scopes": ["conversations:read", "contacts:read"]},
    {"name": "crm-writer", "token": WRITER, "scopes": ["conversations:write"], "expires": "2999-01-01T00:00:00Z"},
    {"name": "old", "token": OLD, "scopes": ["conversations:read"], "expires": "2001-01-01T00:00:00Z"},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    """Stands in for Twilio."""
    async with fake_twilio(SystemClock()) as one:
        yield one


@pytest.fixture(params=["sqlite", "postgres"])
async def api(request: pytest.FixtureRequest, tmp_path: Path, server: Server, twilio: FakeTwilio) -> AsyncIterator[Api]:
    """The runtime with two tenants, the first on each store in turn."""
    secrets = {"apiTokens": json.dumps(TOKENS)}
    if request.param == "postgres":
        secrets["databaseUrl"] = await tenant_dsn(await new_database(server), "uid-muebles-sur")
    async with serving(tmp_path, twilio, None, **secrets) as one:
        yield one


@asynccontextmanager
async def serving(folder: Path, twilio: FakeTwilio, rates: Rates | None = None, **secrets: str) -> AsyncIterator[Api]:
    """A served folder."""
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(folder, document(twilio=account, contacts={"fields": [{"name": "city"}]}), **secrets)
    write_tenant(folder, document(slug="otra", phone="+13055550199", twilio=account), apiToken=OTHER_TOKEN)
    async with served(folder, rates=rates or Rates()) as caller:
        yield Api(caller)


async def conversation(api: Api, text: str = "hola", **form: str) -> dict[str, Any]:
    """One in which a contact wrote and was answered."""
    await api.caller.say(text, **form)

    async def answered() -> Any:
        items = (await api.get("/conversations")).json()["items"]
        if not items:
            return None
        said = (await api.get(f"/conversations/{items[0]['id']}/messages")).json()["items"]
        done = said and said[0]["status"] == "sent"
        return (await api.get(f"/conversations/{items[0]['id']}")).json() if done else None

    found: dict[str, Any] = await eventually(answered, within=20)
    return found


async def test_a_person_takes_over_writes_and_gives_back(api: Api, twilio: FakeTwilio) -> None:
    """The bot is silent meanwhile, and the history says who said what."""
    one = await conversation(api)
    path = f"/conversations/{one['id']}"

    taken = (await api.post(path + "/take-over", {"person": "Ana"})).json()
    refused = await api.post(path + "/take-over", {"person": "Luis"})
    wrote = await api.post(path + "/messages", {"person": "Ana", "messages": [{"text": "Soy Ana"}]})
    await eventually(lambda: "Soy Ana" in twilio.bodies(), within=20)
    back = (await api.post(path + "/hand-back", {"person": "Ana"})).json()

    assert (taken["mode"], taken["person"], back["mode"]) == ("human", "Ana", "bot")
    assert refused.status == 409
    said = (await api.get(path + "/messages")).json()["items"]
    assert [(entry["author"], entry["direction"]) for entry in said] == [
        ("Ana", "out"),
        ("bot", "out"),
        ("contact", "in"),
    ]
    found = (await api.get("/messages/" + wrote.json()["ids"][0])).json()
    assert (found["text"], found["conversationId"]) == ("Soy Ana", one["id"])
    audit = (await api.get("/audit")).json()["items"]
    assert {"conversation.taken", "conversation.said", "conversation.handed_back"} <= {one["action"] for one in audit}
    assert (await api.get("/audit/verify")).json()["ok"]


async def test_the_same_post_under_the_same_key_is_done_once(api: Api, twilio: FakeTwilio) -> None:
    """Also at the same time; another body under it is refused."""
    one = await conversation(api)
    path = f"/conversations/{one['id']}/messages"
    body = {"messages": [{"text": "una vez"}]}

    first = await api.post(path, body, Idempotency_Key="k1")
    again = await api.post(path, body, Idempotency_Key="k1")
    other = await api.post(path, {"messages": [{"text": "otra"}]}, Idempotency_Key="k1")
    at_once = await asyncio.gather(*(api.post(path, body, Idempotency_Key="k2") for _ in range(5)))
    await eventually(lambda: twilio.bodies().count("una vez") == 2, within=20)

    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status == 422
    assert {reply.status for reply in at_once} == {202}
    assert len({reply.body for reply in at_once}) == 1


async def test_lists_come_in_pages_that_lose_and_repeat_nothing(api: Api) -> None:
    """Whatever the page's length; what comes meanwhile is not in them."""
    for number in range(5):
        await conversation(api, From=f"whatsapp:+54911555001{number:02}")

    whole = [one["id"] for one in (await api.get("/conversations")).json()["items"]]
    paged, cursor = [], None
    while True:
        page = (await api.get("/conversations", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        paged += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert len(set(whole)) == 5
    assert paged == whole


async def test_dead_letters_come_in_pages_though_some_are_revived_meanwhile(api: Api) -> None:
    """Messages first, then replies, each from the oldest."""
    for number in range(4):
        await conversation(api, From=f"whatsapp:+54911555001{number:02}")
    store = api.caller.app[CONTEXT].stores["muebles-sur"]
    await store.transact(given_up)

    whole = (await api.get("/dead-letters", limit=200)).json()["items"]
    first = (await api.get("/dead-letters", limit=3)).json()
    await api.post(f"/dead-letters/inbox/{whole[2]['id']}/replay")
    second = (await api.get("/dead-letters", limit=3, cursor=first["next"])).json()
    third = (await api.get("/dead-letters", limit=3, cursor=second["next"])).json()

    assert [one["queue"] for one in whole] == ["inbox"] * 4 + ["outbox"] * 4
    assert first["items"] + second["items"] + third["items"] == whole
    assert third["next"] is None
    assert (await api.get("/dead-letters", cursor="bm9wZQ")).status == 400


def given_up() -> Generator[Statement, Rows, None]:
    """Every message and every reply so far is a dead letter."""
    yield statement("UPDATE work SET outcome = 'assistant failed' WHERE tenant_id = :tenant AND state = 'done'")
    yield statement("UPDATE outbox SET state = 'failed', sid = NULL, error = 'given up: old' WHERE tenant_id = :tenant")


async def test_what_was_said_is_found_whatever_its_case_and_accents(api: Api) -> None:
    """In one conversation or all."""
    await conversation(api, "Necesito una SILLÓN gris")

    hits = (await api.get("/conversations/search", q="sillon")).json()["items"]

    assert [hit["text"] for hit in hits] == ["Necesito una SILLÓN gris"]
    assert (await api.get("/conversations/search")).status == 400


async def test_a_contact_is_changed_noted_and_not_overwritten_unseen(api: Api) -> None:
    """An ETag of an older state changes nothing."""
    one = await conversation(api)
    path = f"/contacts/{one['contactId']}"

    before = await api.get(path)
    changed = await api.patch(
        path, {"name": "Eva", "addTags": ["vip"], "fields": {"city": "Salta"}}, If_Match=before.headers["ETag"]
    )
    stale = await api.patch(path, {"name": "Adán"}, If_Match=before.headers["ETag"])
    noted = await api.post(path + "/notes", {"text": "llamar el lunes", "person": "Ana"})

    at_once = await asyncio.gather(
        *(api.patch(path, {"email": f"{name}@example.com"}, If_Match=changed.headers["ETag"]) for name in "abcd")
    )

    assert (changed.status, stale.status) == (200, 412)
    assert sorted(reply.status for reply in at_once) == [200, 412, 412, 412]
    assert (changed.json()["name"], changed.json()["tags"], changed.json()["fields"]) == (
        "Eva",
        ["vip"],
        {"city": "Salta"},
    )
    (kept,) = [reply for reply in at_once if reply.status == 200]
    assert (await api.get(path)).headers["ETag"] == kept.headers["ETag"]
    assert noted.status == 201
    assert [note["text"] for note in (await api.get(path + "/notes")).json()["items"]] == ["llamar el lunes"]
    assert [found["id"] for found in (await api.get("/contacts", q="eva", tag="vip")).json()["items"]] == [
        one["contactId"]
    ]
    assert (await api.patch(path, {"stage": "no such stage"})).status == 400
    assert (await api.get("/leads")).json() == {"items": [], "next": None}


async def test_two_contacts_become_one(api: Api) -> None:
    """The first's id leads to the second from then on."""
    first = await conversation(api, From="whatsapp:+5491155500201")
    second = await conversation(api, From="whatsapp:+5491155500202")

    merged = await api.post(f"/contacts/{first['contactId']}/merge", {"into": second["contactId"]})
    again = await api.post(f"/contacts/{second['contactId']}/merge", {"into": second["contactId"]})

    assert len(merged.json()["identities"]) == 2
    assert (await api.get(f"/contacts/{first['contactId']}")).json()["id"] == second["contactId"]
    assert again.status == 409


async def test_who_did_not_write_within_a_day_gets_a_template_or_nothing(api: Api, twilio: FakeTwilio) -> None:
    """On WhatsApp; on SMS words go out."""
    template = {"sid": "HX" + "0" * 32, "variables": {"1": "Eva"}}

    refused, offered = [
        await api.post("/messages", {"channel": "whatsapp", "to": "+5491155500300", "message": message})
        for message in ({"text": "hola"}, {"template": template})
    ]
    sms = {"channel": "sms", "to": "+5491155500301", "message": {"text": "su mesa llegó"}}
    sent = await api.post("/messages", sms)
    nobody = await api.post("/messages", {**sms, "from": "+19995550000"})

    assert (refused.status, sent.status, nobody.status, offered.status) == (409, 202, 400, 202)
    assert "send a template" in refused.json()["detail"]
    await eventually(lambda: twilio.bodies("+5491155500301") == ["su mesa llegó"], within=20)


async def test_nobody_is_written_to_on_a_channel_that_only_asks(api: Api) -> None:
    """The JSON webhook's contacts have what they asked for in its answers."""
    await api.caller.json("/webhook/muebles-sur", {"telefono": "+5491155500400", "mensaje": "hola"})
    (one,) = (await api.get("/conversations")).json()["items"]

    refused = await api.post(f"/conversations/{one['id']}/messages", {"messages": [{"text": "hola"}]})

    assert (one["channel"], refused.status) == ("http", 409)
    assert "nobody can be written to" in refused.json()["detail"]


async def test_a_token_opens_what_its_scopes_say_and_nothing_else(api: Api) -> None:
    """The refusal names the missing scope; an expired token is none."""
    one = await conversation(api)
    reader, writer, old = (Api(api.caller, token=token) for token in (READER, WRITER, OLD))

    refused = await reader.post(f"/conversations/{one['id']}/take-over", {})

    assert (await reader.get("/conversations")).status == 200
    assert (refused.status, refused.json()["scope"]) == (403, "conversations:write")
    assert (await writer.post(f"/conversations/{one['id']}/take-over", {})).json()["person"] == "crm-writer"
    assert (await writer.get("/conversations")).status == 403
    assert (await old.get("/conversations")).status == 401
    assert (await Api(api.caller, token=None).get("/conversations")).status == 401


async def test_nobody_learns_of_another_tenant(api: Api) -> None:
    """Not by host, not by slug; an unknown tenant and a wrong token look the same."""
    await conversation(api)
    other = Api(api.caller, token=OTHER_TOKEN)
    pod = "10.0.0.7:8080"
    by_slug = Api(api.caller, base="/api/v1/tenants/muebles-sur", host=pod)

    refused = [
        await other.get("/conversations"),
        await Api(api.caller, token=OTHER_TOKEN, base="/api/v1/tenants/muebles-sur", host=pod).get("/conversations"),
        await Api(api.caller, token=API_TOKEN, base="/api/v1/tenants/no-such", host=pod).get("/conversations"),
        await Api(api.caller, token=API_TOKEN, base="/api/v1/tenants/otra").get("/conversations"),
        await Api(api.caller, token=API_TOKEN, host=pod).get("/conversations"),
    ]

    assert {reply.status for reply in refused} == {401}
    assert len({reply.body for reply in refused}) == 1
    assert len((await by_slug.get("/conversations")).json()["items"]) == 1
    own = Api(api.caller, token=OTHER_TOKEN, base="/api/v1/tenants/otra", host=pod)
    assert (await own.get("/conversations")).json()["items"] == []


async def test_a_token_that_calls_too_often_waits(tmp_path: Path, twilio: FakeTwilio) -> None:
    """And is told how long; here none may call, so that nobody's speed matters."""
    async with serving(tmp_path, twilio, Rates(per_second=0.01), apiTokens=json.dumps(TOKENS)) as api:
        refused = await api.get("/usage")
        other = await Api(api.caller, token=READER).get("/conversations")

    assert (refused.status, other.status) == (429, 429)
    assert int(refused.headers["Retry-After"]) >= 90


def test_a_bucket_holds_five_seconds_and_fills_with_time() -> None:
    """One token's calls leave another's alone; a clock that goes back gives nothing."""
    rates = Rates(per_second=2.0)

    waits = [rates.take("sur", "crm", now=100.0) for _ in range(12)]

    assert waits == [0.0] * 10 + [0.5] * 2
    assert rates.take("sur", "other", now=100.0) == 0.0
    assert rates.take("sur", "crm", now=50.0) == 0.5
    assert rates.take("sur", "crm", now=101.0) == 0.0


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"messages": [], "unknown": 1}', {}, 400),
        (b'{"messages": [{"text": "\\ud800"}]}', {}, 400),
        (b'{"messages": [{"text": "\\u0000"}]}', {}, 400),
        (b"[" * 10_000, {}, 400),
        (b"messages=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"x" * 70_000, {}, 413),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
        (b'{"messages": [{"text": "x"}]}', {"Idempotency-Key": "x" * 300}, 400),
    ],
)
async def test_a_bad_body_is_refused_with_its_field_and_cure(
    tmp_path: Path, twilio: FakeTwilio, body: bytes, headers: dict[str, str], status: int
) -> None:
    """As a problem, and nothing is done."""
    async with serving(tmp_path, twilio) as api:
        reply = await api.call("POST", "/conversations/1/messages", body=body, headers=headers)

    assert reply.status == status
    assert reply.headers["Content-Type"].startswith("application/problem+json")


async def test_the_audit_log_is_checked_against_a_head_that_was_seen(api: Api) -> None:
    """Half of one is refused: a check that leaves it out would say that all is well."""
    one = await conversation(api)
    await api.post(f"/conversations/{one['id']}/take-over", {"person": "Ana"})
    head = (await api.get("/audit/verify")).json()

    same = await api.get("/audit/verify", seq=head["seq"], hash=head["hash"])
    other = await api.get("/audit/verify", seq=head["seq"], hash="0" * 64)
    later = await api.get("/audit/verify", seq=head["seq"] + 1, hash="0" * 64)
    halves = [await api.get("/audit/verify", hash="0" * 64), await api.get("/audit/verify", seq=1)]

    assert (same.json()["ok"], other.json()["problem"], later.json()["problem"]) == (True, "changed", "cut off")
    assert [half.status for half in halves] == [400, 400]
    problem = "is missing; a head is given as both, seq and hash"
    assert [half.json()["errors"] for half in halves] == [
        [{"field": one, "problem": problem}] for one in ("seq", "hash")
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("DELETE", "/api/v1/contacts", 405, "GET"),
        ("PUT", "/api/v1/contacts/x", 405, "GET,PATCH"),
        ("GET", "/api/v1/tenants/muebles-sur/messages", 405, "POST"),
        ("GET", "/api/v1/nothing", 404, None),
        ("POST", "/api/v1", 404, None),
        ("GET", "/api", 404, None),
        ("GET", "/api/v2/contacts", 404, None),
    ],
)
async def test_what_is_no_route_is_a_problem_that_names_the_methods_there_are(
    tmp_path: Path, twilio: FakeTwilio, method: str, path: str, status: int, allow: str | None
) -> None:
    """Everywhere under ``/api``, whatever its version."""
    async with serving(tmp_path, twilio) as api:
        reply = await Api(api.caller, base="").call(method, path)

    assert (reply.status, reply.json()["status"]) == (status, status)
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    allowed = set(reply.headers.get("Allow", "").replace(" ", "").split(",")) - {"", "HEAD"}
    assert allowed == set((allow or "").split(",")) - {""}


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**70), "1e3", "%00"])
async def test_an_id_that_can_be_none_is_not_found(tmp_path: Path, twilio: FakeTwilio, number: str) -> None:
    """It never reaches the store."""
    async with serving(tmp_path, twilio) as api:
        assert (await api.get(f"/conversations/{number}")).status == 404
        assert (await api.get("/conversations", cursor="bm9wZQ")).status == 400
        assert (await api.get("/conversations", nonsense="1")).status == 400


async def test_the_operation_of_a_tenant_is_told(api: Api) -> None:
    """Status, usage, quarantine and dead letters; and the operator's own view."""
    await conversation(api)
    await api.caller.signed("/bot/twilio/webhook", {"AccountSid": document()["twilio"]["accountSid"], "What": "ever"})

    status = (await api.get("/status")).json()
    kept = (await api.get("/quarantine")).json()["items"]
    replayed = await api.post("/quarantine/replay")
    gone = await api.post("/dead-letters/inbox/1/replay")
    plain = Api(api.caller, base="")

    assert status["assistants"] == {"ventas": {"state": "Healthy", "since": None, "reason": None}}
    assert set(status["queues"]) == {"inbox", "outbox"}
    assert [one["reason"] for one in kept] == ["no MessageSid, From or To"]
    assert replayed.json() == {"understood": 0, "notYet": 1}
    assert (gone.status, (await api.get("/dead-letters")).json()) == (404, {"items": [], "next": None})
    assert (await plain.get("/status")).json()["assistants"]["ventas"]["state"] == "Healthy"
    assert (await Api(api.caller, base="", token="wrong").get("/status")).status == 401


async def test_each_operation_is_documented_with_its_scope_and_the_page_runs_nothing(api: Api) -> None:
    """No token is needed to read how to call."""
    told = await Api(api.caller, token=None).get("/openapi.json")
    page = await Api(api.caller, token=None).get("/docs")

    assert told.json() == DOCUMENT
    assert {operation["x-scope"] for methods in DOCUMENT["paths"].values() for operation in methods.values()} <= {
        route.scope for route in API
    }
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert b"<script" not in page.body
    assert all(f'id="{route.name}"'.encode() in page.body for route in API)


async def test_a_file_of_tokens_that_cannot_be_read_is_told_at_the_start(tmp_path: Path, twilio: FakeTwilio) -> None:
    """With field and cure."""
    wrong = json.dumps([{"name": "x", "token": "t" * 20, "scopes": ["conversations:all"]}])

    with pytest.raises(ConfigurationError, match=r"apiTokens: 0: scopes: unknown scope 'conversations:all'"):
        async with serving(tmp_path, twilio, apiTokens=wrong):
            pass
