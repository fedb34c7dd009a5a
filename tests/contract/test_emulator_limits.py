"""Limits of what can be had, and input that no SDK would send."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from urllib.parse import urlsplit

import aiohttp
import pytest

from switchboard_twilio import TwilioRefused
from tests.contract.emulator_kit import NUMBER, TRANSPORT_WARNINGS, a_world
from twilio_emulator.testing import ACCOUNT_SID, AUTH_TOKEN, running_emulator

pytestmark = TRANSPORT_WARNINGS


async def test_more_subaccounts_than_the_quota_are_refused_and_closed_ones_do_not_count() -> None:
    """Of one allowed, one is open; another fits once the first is closed."""
    async with a_world(max_subaccounts=1) as world:
        accounts = world.parent.api.v2010.accounts
        with pytest.raises(TwilioRefused) as refused:
            await accounts.create_async()
        await accounts(world.sub_sid).update_async(status="closed")
        made = await accounts.create_async()

    assert (refused.value.status, refused.value.code) == (400, 21480)
    assert made.status == "active"


async def test_a_released_number_is_free_for_nobody_for_ten_days() -> None:
    """Neither its last owner nor another account gets it back by API."""
    async with a_world() as world:
        number = await world.buy()
        await world.sub.incoming_phone_numbers(number.sid).delete_async()

        status, body = await world.raw(
            "POST",
            f"/api/2010-04-01/Accounts/{world.sub_sid}/IncomingPhoneNumbers.json",
            (world.sub_sid, world.sub_token),
            form={"PhoneNumber": NUMBER},
        )

        assert (status, body["code"]) == (400, 21422)
        assert await world.sub.available_phone_numbers("US").local.list_async(contains=NUMBER) == []


@pytest.mark.parametrize(
    ("method", "path", "form", "headers", "names"),
    [
        ("POST", "Accounts.json", b"FriendlyName=%ff", {}, "request body"),
        ("POST", "Accounts.json", b"\xff\xfe", {}, "request body"),
        ("POST", "Accounts.json", b'{"FriendlyName": "x"}', {"Content-Type": "application/json"}, "Content-Type"),
        ("POST", "Accounts.json", b"a=1&" * 2000, {}, "request body: it may have at most 1000 fields"),
        ("GET", "Accounts.json?FriendlyName=%ff", None, {}, "query"),
        ("GET", "Accounts.json?Page=99999999999999999999999", None, {}, "Page"),
        ("GET", "Accounts.json?PageSize=%D9%A1", None, {}, "PageSize"),
        ("POST", "Accounts.json", b"x" * 1_100_000, {}, "request body"),
    ],
    ids=["escape", "bytes", "JSON", "fields", "query", "huge number", "other digits", "huge body"],
)
async def test_malformed_input_is_a_400_that_names_its_place(
    method: str, path: str, form: bytes | None, headers: dict[str, str], names: str
) -> None:
    """Never a 500, whatever comes."""
    async with a_world() as world:
        emulator = world.emulator
        login = aiohttp.encode_basic_auth(emulator.account_sid, emulator.auth_token)
        async with world.session.request(
            method,
            f"{emulator.base_url}/api/2010-04-01/{path}",
            data=io.BytesIO(form) if form else None,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": login, **headers},
        ) as reply:
            body = await reply.json()

        assert reply.status == 400
        assert names in body["message"]


ACCOUNTS, SENDERS = "/api/2010-04-01/Accounts.json", "/messaging/v2/Channels/Senders"
FORM, JSON = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"


def basic(username: bytes, password: bytes) -> str:
    """Return the header that authenticates."""
    return f"Authorization: Basic {base64.b64encode(username + b':' + password).decode()}"


LOGIN = basic(ACCOUNT_SID.encode(), AUTH_TOKEN.encode())


def a_call(method: str, path: str, *headers: str, body: bytes | None = None, login: str = LOGIN) -> bytes:
    """Return a call as bytes; headers may hold any byte, as latin-1."""
    lines = [f"{method} {path} HTTP/1.1", "Host: emulator", "Connection: close", login, *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def a_sender(body: bytes) -> bytes:
    """Return a call with a JSON body."""
    return a_call("POST", SENDERS, JSON, body=body)


def an_account(*headers: str, body: bytes) -> bytes:
    """Return a call with a form."""
    return a_call("POST", ACCOUNTS, FORM, *headers, body=body)


CHUNKED = f"POST {ACCOUNTS} HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

TWILIOS = {
    "half a character in the path": (a_call("GET", "/api/2010-04-01/Accounts/%ED%A0%80.json"), 404, "was not found"),
    "NUL in the path": (a_call("GET", "/api/2010-04-01/Accounts/%00.json"), 404, "was not found"),
    "a slash in a SID": (a_call("GET", "/api/2010-04-01/Accounts/AC%2F..%2F.json"), 404, "was not found"),
    "dots": (a_call("GET", "/api/2010-04-01/../../etc/passwd"), 404, "was not found"),
    "slashes": (a_call("GET", "//api//2010-04-01"), 404, "was not found"),
    "PUT": (a_call("PUT", ACCOUNTS, body=b""), 405, "GET, POST"),
    "PATCH": (a_call("PATCH", ACCOUNTS, body=b"x"), 405, "GET, POST"),
    "TRACE": (a_call("TRACE", ACCOUNTS), 405, "GET, POST"),
    "OPTIONS of nothing": (a_call("OPTIONS", "/api/nothing"), 404, "was not found"),
    "half a character in the query": (a_call("GET", f"{ACCOUNTS}?FriendlyName=%ED%A0%80"), 400, "query"),
    "credentials that are no ASCII": (
        a_call("GET", ACCOUNTS, login="Authorization: Basic \xff\xff"),
        401,
        "Authenticate",
    ),
    "credentials that are no base64": (a_call("GET", ACCOUNTS, login="Authorization: Basic a"), 401, "Authenticate"),
    "credentials that are no UTF-8": (a_call("GET", ACCOUNTS, login=basic(b"\xed\xa0\x80", b"x")), 401, "Authenticate"),
    "credentials with NUL": (a_call("GET", ACCOUNTS, login=basic(b"AC\0", b"\0")), 401, "Authenticate"),
    "a key's SID with NUL": (a_call("GET", ACCOUNTS, login=basic(b"SK\0\xc3\xa9", b"\xc3\xa9")), 401, "Authenticate"),
    "an empty login": (a_call("GET", ACCOUNTS, login="Authorization:"), 401, "Authenticate"),
    "no gzip": (an_account("Content-Encoding: gzip", body=b"no gzip"), 400, "request body"),
    "no deflate": (an_account("Content-Encoding: deflate", body=b"no deflate"), 400, "request body"),
    "another charset": (
        a_call("POST", ACCOUNTS, f"{FORM}; charset=latin-1", body=b"FriendlyName=\xe9"),
        400,
        "request body",
    ),
    "a form in parts": (a_call("POST", ACCOUNTS, "Content-Type: multipart/form-data", body=b"a"), 400, "Content-Type"),
    "a type that is none": (a_call("POST", ACCOUNTS, "Content-Type: ;;=\xff", body=b"a=b"), 400, "Content-Type"),
    "half a character in JSON": (a_sender(b'{"sender_id": "\\ud800"}'), 400, "sender_id"),
    "half a character deep in JSON": (a_sender(b'{"profile": {"about": "\\udc00"}}'), 400, "profile.about"),
    "half a character as a name": (a_sender(b'{"\\ud800": 1}'), 400, "request body"),
    "NaN": (a_sender(b'{"sender_id": NaN}'), 400, "request body"),
    "infinity": (a_sender(b'{"sender_id": 1e999}'), 400, "request body"),
    "a number of 5,000 digits": (a_sender(b'{"sender_id": ' + b"9" * 5000 + b"}"), 400, "request body"),
    "JSON without an end": (a_sender(b'{"a":' + b"[" * 100_000), 400, "request body"),
    "JSON 500 levels deep": (a_sender(b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"), 400, "request body"),
    "objects 90,000 levels deep": (a_sender(b'{"a":' * 90_000 + b"1" + b"}" * 90_000), 400, "request body"),
    "a list": (a_sender(b"[]"), 400, "request body"),
    "2 MB of JSON": (a_sender(b'{"a": "' + b"x" * 2_000_000 + b'"}'), 400, "request body"),
}
"""Calls that reach the API: what they are, the status and a part of the message."""

NO_HTTP = {
    "bytes in the path": a_call("GET", "/api/\xff\xfe"),
    "bytes in the query": a_call("GET", f"{ACCOUNTS}?FriendlyName=\xff"),
    "a header of 100 kB": a_call("GET", ACCOUNTS, f"X: {'a' * 100_000}"),
    "5,000 headers": a_call("GET", ACCOUNTS, *(f"X{number}: a" for number in range(5000))),
    "a path of 20 kB": a_call("GET", f"/api/{'a' * 20_000}"),
    "NUL in a header": a_call("GET", ACCOUNTS, "X: a\0b"),
    "chunks that are none": CHUNKED + b"zz\r\nabc\r\n",
    "a second chunk that is none": CHUNKED + b"3\r\na=b\r\nnope\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "a method of its own": a_call("FOO", ACCOUNTS),
    "an expectation of its own": an_account("Expect: 200-ok", body=b"a=b"),
}
"""What is no HTTP, or none that aiohttp takes: it answers in words of its own."""

ADMINS = {
    "deep JSON": (a_call("POST", "/emulator/v1/faults", body=b"[" * 100_000), 400),
    "2 MB": (a_call("POST", "/emulator/v1/faults", body=b"x" * 2_000_000), 413),
    "half a character in the query": (a_call("GET", "/emulator/v1/messages?from=%ED%A0%80"), 200),
    "half a character in the path": (a_call("POST", "/emulator/v1/accounts/%ED%A0%80/suspend"), 404),
    "half a character in a pattern": (a_call("POST", "/emulator/v1/faults", body=b'{"path": "\\ud800"}'), 201),
    "a clock that never stops": (a_call("POST", "/emulator/v1/clock", body=b'{"seconds": Infinity}'), 400),
    "NaN seconds": (a_call("POST", "/emulator/v1/faults", body=b'{"kind": "latency", "seconds": NaN}'), 400),
    "a number that is no order's": (a_call("DELETE", "/emulator/v1/faults/x"), 400),
    "a position that is none": (a_call("GET", "/emulator/v1/record?after=x"), 400),
    "a page that is too long": (a_call("GET", "/emulator/v1/state?limit=1001"), 400),
}
"""Calls of the admin API, and the status."""


async def answer(data: bytes) -> tuple[int, dict[str, str], str]:
    """Send bytes to an emulator; return status, headers and body."""
    async with running_emulator() as emulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(emulator.base_url).port)
        writer.write(data)
        head, _, body = (await reader.read()).decode("utf-8", "replace").partition("\r\n\r\n")
        writer.close()
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines if ": " in line), body


@pytest.mark.parametrize("name", TWILIOS)
async def test_what_no_sdk_sends_is_refused_in_twilios_words(name: str) -> None:
    """With a body that names the place; never a failure of the emulator's own."""
    call, status, says = TWILIOS[name]
    found, headers, text = await answer(call)
    body = json.loads(text)

    assert (found, body["status"]) == (status, status)
    assert says in body["message"]
    assert headers["Twilio-Request-Id"].startswith("RQ")
    assert (status == 401) == ("WWW-Authenticate" in headers)
    assert headers.get("Allow") == ("GET, POST, HEAD, OPTIONS" if status == 405 else None)


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http_is_refused_by_the_server_before_the_api(name: str) -> None:
    """A 4xx, and the connection ends."""
    status, _, _ = await answer(NO_HTTP[name])
    assert 400 <= status < 500


@pytest.mark.parametrize("name", ADMINS)
async def test_the_admin_api_refuses_what_makes_no_sense(name: str) -> None:
    """In its own words."""
    call, status = ADMINS[name]
    found, _, text = await answer(call)
    assert found == status
    assert status < 400 or json.loads(text)["error"]


async def test_head_and_options_tell_what_there_is() -> None:
    """HEAD is a GET without the body; OPTIONS needs no credentials, as a browser sends none with it."""
    status, headers, body = await answer(a_call("HEAD", ACCOUNTS))
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 100

    status, headers, body = await answer(a_call("OPTIONS", ACCOUNTS, login="X: y"))
    assert (status, body) == (204, "")
    assert headers["Allow"] == headers["Access-Control-Allow-Methods"] == "GET, POST, HEAD, OPTIONS"


async def test_a_client_that_asks_first_may_go_on() -> None:
    """``Expect: 100-continue`` is answered before the body."""
    status, _, rest = await answer(an_account("Expect: 100-continue", body=b"FriendlyName=asked"))
    assert status == 100
    assert rest.startswith("HTTP/1.1 201 Created")


async def test_a_client_that_dies_in_the_middle_of_its_call_is_no_failure_of_the_emulator() -> None:
    """Nothing is made, and the log has the call as refused."""
    async with running_emulator() as emulator:
        host, port = urlsplit(emulator.base_url).netloc.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(a_call("POST", ACCOUNTS, FORM, "Content-Length: 100") + b"Friendly")
        await writer.drain()
        writer.close()
        (call,) = await emulator.admin.requests(wait=10)

    assert (call["method"], call["status"]) == ("POST", 400)
