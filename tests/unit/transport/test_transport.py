"""The transport under the official SDK: where calls go, that they go once, and what failures mean."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchboard_twilio import (
    TwilioError,
    TwilioRefused,
    TwilioThrottled,
    TwilioTransport,
    TwilioUnavailable,
    twilio_client,
)
from tests.support.loopback import Answer, Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SID = "AC" + "0" * 32
SECRET = "s3cr3t" + "x" * 26
ACCOUNT = json.dumps({"sid": SID, "friendly_name": "Acme", "status": "active"})
ACCOUNTS = f"https://api.twilio.com/2010-04-01/Accounts/{SID}.json"


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """What stands in for Twilio."""
    async with loopback() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that carries the calls."""
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def calls() -> list[tuple[str, str, int | None]]:
    """What ``on_call`` was told."""
    return []


@pytest.fixture
def transport(
    server: Loopback, session: aiohttp.ClientSession, calls: list[tuple[str, str, int | None]]
) -> TwilioTransport:
    """The transport, towards the server."""
    return TwilioTransport(
        session=session,
        endpoint=server.url + "/",
        deadline=5,
        on_call=lambda method, path, status, _: calls.append((method, path, status)),
    )


async def failure(transport: TwilioTransport, method: str = "POST", **more: Any) -> TwilioError:
    """The error of a call."""
    with pytest.raises(TwilioError) as caught:
        await transport.request(method, ACCOUNTS, auth=(SID, SECRET), **more)
    return caught.value


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts.json", "/api/2010-04-01/Accounts.json"),
        ("https://iam.twilio.com/v1/Keys", "/iam/v1/Keys"),
        ("https://pricing.twilio.com/v1/PhoneNumbers/Countries/US", "/pricing/v1/PhoneNumbers/Countries/US"),
        ("https://api.dublin.ie1.twilio.com/2010-04-01/Accounts.json", "/api/2010-04-01/Accounts.json"),
    ],
)
async def test_the_product_is_the_first_part_of_the_path(
    server: Loopback, transport: TwilioTransport, uri: str, path: str
) -> None:
    """Behind one endpoint all of Twilio's hosts have a place."""
    await transport.request("GET", uri)

    assert [(asked.method, asked.path) for asked in server.asked] == [("GET", path)]


async def test_the_query_of_a_next_page_is_kept(server: Loopback, transport: TwilioTransport) -> None:
    """Twilio's own addresses carry their query, and a plus in it stays a plus."""
    await transport.request("GET", "https://api.twilio.com/x.json?PageToken=PT1&PhoneNumber=%2B1305&Page=1")

    assert server.asked[0].query == [("PageToken", "PT1"), ("PhoneNumber", "+1305"), ("Page", "1")]


async def test_parameters_are_written_as_twilio_reads_them(server: Loopback, transport: TwilioTransport) -> None:
    """None is left out, a bool is lower case, a list repeats its name, a plus survives."""
    params = {
        "PhoneNumber": "+1305",
        "SmsEnabled": True,
        "Beta": False,
        "Absent": None,
        "Tag": ["a", None, "b"],
        "N": 5,
    }
    await transport.request("GET", ACCOUNTS, params=params)

    assert server.asked[0].query == [
        ("PhoneNumber", "+1305"),
        ("SmsEnabled", "true"),
        ("Beta", "false"),
        ("Tag", "a"),
        ("Tag", "b"),
        ("N", "5"),
    ]


async def test_forms_are_forms_and_json_stays_json(server: Loopback, transport: TwilioTransport) -> None:
    """A body has the form that its content type says (twilio-python #932)."""
    data = {"To": "+1305", "Persistent": True, "Absent": None, "Media": ["a", "b"]}
    await transport.request("POST", ACCOUNTS, data=data)
    await transport.request("POST", ACCOUNTS, data={"a": {"b": [1]}}, headers={"content-type": "application/json"})

    form, plain = server.asked
    assert form.body == "To=%2B1305&Persistent=true&Media=a&Media=b"
    assert form.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert json.loads(plain.body) == {"a": {"b": [1]}}


async def test_credentials_are_sent_as_basic_authorization(server: Loopback, transport: TwilioTransport) -> None:
    """Who calls stands in the header, and nowhere else."""
    await transport.request("GET", ACCOUNTS, auth=(SID, SECRET))

    wanted = base64.b64encode(f"{SID}:{SECRET}".encode()).decode()
    assert server.asked[0].headers["Authorization"] == f"Basic {wanted}"
    assert SECRET not in server.asked[0].path


async def test_only_twilios_hosts_are_called(transport: TwilioTransport, server: Loopback) -> None:
    """An address of elsewhere never gets our credentials."""
    for uri in ("https://example.com/x", "https://twilio.com.example.com/x", "https://eviltwilio.com/x"):
        with pytest.raises(ValueError, match="not a host of Twilio"):
            await transport.request("GET", uri, auth=(SID, SECRET))

    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "status", "code", "unknown"),
    [
        (Answer(400, '{"code": 21422, "message": "taken"}'), TwilioRefused, 400, 21422, None),
        (Answer(404, '{"code": 20404, "message": "gone"}'), TwilioRefused, 404, 20404, None),
        (Answer(403, '{"code": "x", "title": "no", "status": 403}'), TwilioRefused, 403, None, None),
        (Answer(401, "<html>", content_type="text/html"), TwilioRefused, 401, None, None),
        (Answer(429, '{"code": 20429, "message": "slow"}'), TwilioThrottled, 429, 20429, None),
        (Answer(302, "", {"Location": "https://elsewhere.example.com"}), TwilioRefused, 302, None, None),
        (Answer(500, '{"code": 20500, "message": "oops"}'), TwilioUnavailable, 500, 20500, True),
        (Answer(503, "busy", content_type="text/plain"), TwilioUnavailable, 503, None, True),
        (Answer(200, "<html>", content_type="text/html"), TwilioUnavailable, 200, None, True),
        (Answer(None), TwilioUnavailable, None, None, True),
    ],
)
async def test_failures_are_sorted_and_sent_once(
    server: Loopback,
    transport: TwilioTransport,
    answer: Answer,
    kind: type[TwilioError],
    status: int | None,
    code: int | None,
    unknown: bool | None,
) -> None:
    """A failed write is one call, without repeat or redirect, and it says whether it may have acted."""
    server.will(answer)
    error = await failure(transport)

    assert type(error) is kind
    assert (error.status, error.code) == (status, code)
    assert getattr(error, "outcome_unknown", None) is unknown
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(None), Answer(200, "no JSON")])
async def test_a_read_that_failed_changed_nothing(server: Loopback, transport: TwilioTransport, answer: Answer) -> None:
    """The outcome of a GET is never unknown."""
    server.will(answer)
    error = await failure(transport, "GET")

    assert isinstance(error, TwilioUnavailable)
    assert not error.outcome_unknown


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("", None), ("soon", None)])
async def test_a_throttled_call_says_how_long_to_wait(
    server: Loopback, transport: TwilioTransport, header: str, seconds: float | None
) -> None:
    """``Retry-After`` is handed on where it is a number."""
    server.will(Answer(429, "{}", {"Retry-After": header} if header else {}))
    error = await failure(transport)

    assert isinstance(error, TwilioThrottled)
    assert error.retry_after == seconds


async def test_a_call_has_a_deadline(server: Loopback, transport: TwilioTransport) -> None:
    """A server that never answers is given up; what was asked may have happened."""
    server.will(Answer(hold=True))
    error = await failure(transport, timeout=0.05)

    assert isinstance(error, TwilioUnavailable)
    assert error.outcome_unknown
    assert "timed out" in str(error)


async def test_what_was_never_sent_did_not_happen(session: aiohttp.ClientSession) -> None:
    """Where nobody listens, a write may simply be sent again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        error = await failure(TwilioTransport(session=session, endpoint=endpoint))

    assert isinstance(error, TwilioUnavailable)
    assert not error.outcome_unknown


async def test_no_error_tells_a_secret(server: Loopback, transport: TwilioTransport) -> None:
    """Neither credential nor body nor query stands in an error; a long text of Twilio's is cut."""
    server.will(Answer(400, json.dumps({"code": 1, "message": "x" * 5000})))
    error = await failure(transport, data={"AuthToken": SECRET}, params={"Q": SECRET})

    assert SECRET not in f"{error} {error!r} {error.__dict__}"
    assert len(str(error)) < 600


async def test_each_call_is_counted(
    server: Loopback, transport: TwilioTransport, calls: list[tuple[str, str, int | None]]
) -> None:
    """Good, bad and lost calls are told, by path without query."""
    server.will(Answer(), Answer(500), Answer(None))
    await transport.request("get", ACCOUNTS + "?a=b")
    await failure(transport)
    await failure(transport)

    path = f"/api/2010-04-01/Accounts/{SID}.json"
    assert calls == [("GET", path, 200), ("POST", path, 500), ("POST", path, None)]


async def test_the_official_sdk_speaks_through_it(server: Loopback, transport: TwilioTransport) -> None:
    """A resource of the SDK comes back as the SDK's own object, a deletion as done."""
    server.will(Answer(200, ACCOUNT), Answer(204, ""))
    client = twilio_client(transport=transport, username=SID, password=SECRET)
    account = await client.api.v2010.accounts(SID).fetch_async()
    deleted = await client.iam.v1.api_key("SK" + "0" * 32).delete_async()

    assert account.friendly_name == "Acme"
    assert deleted is True
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("GET", f"/api/2010-04-01/Accounts/{SID}.json"),
        ("DELETE", "/iam/v1/Keys/SK" + "0" * 32),
    ]
