"""The command line as a person uses it, in processes of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, Customer, World, a_customer, a_world
from tests.contract.emulator_tls import authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = TRANSPORT_WARNINGS

SID = "AC00000000000000000000000000000001"
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNTS = "/api/2010-04-01/Accounts.json"


async def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command to its end; return status, output and complaints."""
    process = await start(*arguments, **environment)
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a command."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "twilio_emulator",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run ``serve`` on a free port; yield the process and its URL."""
    process = await start("serve", "--port", "0", "--account-sid", SID, *arguments, TWILIO_EMULATOR_AUTH_TOKEN=TOKEN)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            ready = (await process.stdout.readline()).decode()
        yield process, ready.split()[3]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--account-sid", "AC1"], {}, "--account-sid 'AC1': it must be AC and 32 hexadecimal digits"),
        (["--account-sid", SID], {"TWILIO_EMULATOR_AUTH_TOKEN": ""}, "--auth-token: give at least 8"),
        (["--account-sid", SID, "--auth-token", "short"], {}, "--auth-token: give at least 8"),
        (["--account-sid", SID, "--port", "70000"], {}, "give a number from 0 to 65535"),
        (["--account-sid", SID, "--state", "/nowhere/state.db"], {}, "--state /nowhere/state.db: give a writable file"),
        (["--account-sid", SID, "--ca-file", "/nowhere/ca.pem"], {}, "--ca-file /nowhere/ca.pem: give a readable"),
        (["--account-sid", SID, "--webhook-connect-to", "x"], {}, "write HOST-SUFFIX=ADDRESS:PORT"),
        (["--account-sid", SID, "--main-key", "SK1:x"], {}, "--main-key 'SK1': it must be SK and"),
        (["--account-sid", SID, "--max-subaccounts", "-1"], {}, "--max-subaccounts -1"),
        ([], {}, "--account-sid"),
    ],
)
async def test_a_wrong_flag_is_named_with_its_cure(
    arguments: list[str], environment: dict[str, str], says: str
) -> None:
    """In one line, without a traceback and without the token."""
    status, _, complaint = await run("serve", *arguments, **{"TWILIO_EMULATOR_AUTH_TOKEN": TOKEN, **environment})

    assert status in {1, 2}
    assert says in complaint
    assert "Traceback" not in complaint
    assert TOKEN not in complaint


async def test_a_port_in_use_is_named() -> None:
    """The second emulator says which flag to change."""
    async with serving() as (_, url):
        port = url.rsplit(":", 1)[1]
        status, _, complaint = await run("serve", "--port", port, "--account-sid", SID, "--auth-token", TOKEN)

    assert status == 2
    assert f"--port {port}: choose another address or port" in complaint


async def test_serve_says_where_it_listens_and_ends_when_told() -> None:
    """SIGTERM ends it within two seconds and with status 0, even while a reader waits."""
    async with serving() as (process, url), aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(session.get(f"{url}/emulator/v1/messages", params={"wait": "30"}))
        async with session.get(f"{url}/healthz") as reply:  # by now the reader's call has come in as well
            assert reply.status == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            ended = await process.wait()
        await asyncio.gather(waiting, return_exceptions=True)

    assert ended == 0
    assert url.startswith("http://127.0.0.1:")


async def test_a_state_file_outlives_a_kill(tmp_path: Path) -> None:
    """Killed without warning, the next process knows the subaccount."""
    state = ["--state", str(tmp_path / "state.sqlite3")]
    made = await _create_account_and_kill(state)
    async with serving(*state) as (_, url):
        found = await _accounts(url)

    assert made in found


async def test_a_clock_that_was_moved_stays_moved_over_a_kill(tmp_path: Path) -> None:
    """Else all that was made since would lie in the future, and what is due would be days late."""
    state = ["--state", str(tmp_path / "state.sqlite3")]
    async with serving(*state) as (process, url):
        _, before, _ = await run("advance-clock", "3d", "--url", url)
        process.kill()
        await process.wait()
    async with serving(*state) as (_, url):
        _, after, _ = await run("advance-clock", "0", "--url", url)

    assert before <= after
    assert datetime.fromisoformat(after.strip()) - datetime.now(UTC) > timedelta(days=2)


async def test_two_emulators_on_one_state_file_are_refused(tmp_path: Path) -> None:
    """Both would send its webhooks; the first goes on undisturbed. Nor by another name of the file."""
    state, link = tmp_path / "state.sqlite3", tmp_path / "link.sqlite3"
    link.symlink_to(state)
    async with serving("--state", str(state)) as (_, url):
        status, _, complaint = await run(
            "serve", "--port", "0", "--account-sid", SID, "--auth-token", TOKEN, "--state", str(link)
        )
        assert await _accounts(url)

    assert status == 1
    assert "another emulator works on it" in complaint


async def test_a_state_file_of_another_account_is_refused(tmp_path: Path) -> None:
    """By the SID it belongs to."""
    state = ["--state", str(tmp_path / "state.sqlite3")]
    async with serving(*state):
        pass
    status, _, complaint = await run(
        "serve", "--port", "0", "--account-sid", f"AC{9:032}", "--auth-token", TOKEN, *state
    )

    assert status == 1
    assert f"belongs to {SID}" in complaint


async def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("shopping list, nothing to do with databases")
    status, _, complaint = await run("serve", "--account-sid", SID, "--auth-token", TOKEN, "--state", str(path))

    assert status == 1
    assert f"--state {path}: give a writable file of this emulator" in complaint
    assert path.read_text().startswith("shopping")


async def _create_account_and_kill(state: list[str]) -> str:
    async with serving(*state) as (process, url), aiohttp.ClientSession() as session:
        login = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
        async with session.post(
            f"{url}/api/2010-04-01/Accounts.json", headers=login, data={"FriendlyName": "a"}
        ) as reply:
            sid: str = (await reply.json())["sid"]
        process.kill()
        await process.wait()
    return sid


async def _accounts(url: str) -> list[str]:
    login = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/api/2010-04-01/Accounts.json", headers=login) as reply,
    ):
        return [account["sid"] for account in (await reply.json())["accounts"]]


async def test_the_access_log_is_json_without_credentials() -> None:
    """One object a line, with method, path, status and account."""
    async with serving() as (process, url):
        await _accounts(url)
        process.send_signal(signal.SIGTERM)
        _, complaint = await process.communicate()

    (line,) = [json.loads(line) for line in complaint.decode().splitlines()]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/2010-04-01/Accounts.json", 200)
    assert line["account"] == SID
    assert TOKEN not in complaint.decode()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulator with one subaccount."""
    async with a_world() as world:
        yield world


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """A customer's web server."""
    async with a_customer() as customer:
        yield customer


async def say(world: World, *more: str) -> tuple[int, str, str]:
    """Write to the bot from the command line."""
    return await run("say", "--from", PHONE, "--to", NUMBER, *more, "Hola", TWILIO_EMULATOR_URL=world.emulator.base_url)


async def test_say_prints_the_bots_answers(world: World, customer: Customer) -> None:
    """All of them, in order, and nothing else."""
    customer.answer("<Response><Message>¡Hola!</Message><Message>¿Qué buscás?</Message></Response>")
    await world.buy(sms_url=f"{customer.url}/sms")

    assert await say(world) == (0, "¡Hola!\n¿Qué buscás?\n", "")
    assert customer.forms[0]["Body"] == "Hola"


async def test_say_tells_a_program_everything(world: World, customer: Customer) -> None:
    """As one JSON object: the message, the answers, the attempts to call the webhook."""
    customer.answer("<Response><Message>¡Hola!</Message></Response>")
    await world.buy(sms_url=f"{customer.url}/sms")
    status, out, _ = await say(world, "--output", "json")

    told = json.loads(out)
    assert status == 0
    assert told["message"]["body"] == "Hola"
    assert [answer["body"] for answer in told["answers"]] == ["¡Hola!"]
    assert [attempt["status"] for attempt in told["deliveries"]] == [200]


@pytest.mark.parametrize(
    ("answer", "says"),
    [(204, "answered HTTP 204 without a message"), (503, "failed: the webhook answered HTTP 503 (alert 11200)")],
)
async def test_say_tells_how_the_webhook_fared_when_no_answer_comes(
    world: World, customer: Customer, answer: int, says: str
) -> None:
    """And its exit status is 1."""
    customer.answer(status=answer)
    await world.buy(sms_url=f"{customer.url}/sms")
    status, out, complaint = await say(world, "--wait", "0.5")

    assert (status, out) == (1, "")
    assert says in complaint


async def test_say_names_what_is_missing(world: World) -> None:
    """A number without URL, a number of nobody, an emulator that is not there."""
    unowned = await say(world)
    await world.buy()
    unset = await say(world, "--wait", "0.2")
    absent = await run("say", "--from", PHONE, "--to", NUMBER, "--url", "http://127.0.0.1:9", "Hola")

    assert [status for status, _, _ in (unowned, unset, absent)] == [1, 1, 1]
    assert "buy it first" in unowned[2]
    assert "no SmsUrl" in unset[2]
    assert "no emulator answers there" in absent[2]


async def command(world: World, *arguments: str) -> tuple[int, str, str]:
    """Run a command against the emulator."""
    return await run(*arguments, TWILIO_EMULATOR_URL=world.emulator.base_url)


async def test_faults_are_ordered_listed_and_withdrawn(world: World) -> None:
    """By name with what differs, or flag by flag; every line says what it is and how often it struck."""
    preset = await command(world, "fault", "throttled", "--account", world.sub_sid, "--count", "5")
    flags = "--kind status --status 503 --path /Balance --probability 0.5 --seed 7 --count always --for-seconds 2h"
    added = await command(world, "fault", "add", *flags.split(), "--output", "json")
    status, _ = await world.raw("GET", "/iam/v1/Keys", (world.sub_sid, world.sub_token))
    listed = await command(world, "fault", "list")
    withdrawn = await command(world, "fault", "withdraw", "2")
    cleared = await command(world, "fault", "clear", "--output", "json")

    assert preset[:2] == (
        0,
        f"1 open hits=0 api status when=before count=5 status=429 code=20429 account={world.sub_sid}\n",
    )
    order = json.loads(added[1])
    assert (order["count"], order["probability"], order["seed"], order["forSeconds"]) == (None, 0.5, 7, 7200)
    assert status == 429
    assert listed[1].startswith("1 open hits=1 ")
    assert withdrawn[1].startswith("2 withdrawn hits=0 ")
    assert cleared == (0, '{"faults": []}\n', "")
    assert await world.emulator.admin.faults() == []


async def test_a_webhook_fault_names_its_url_apart_from_the_emulators(world: World) -> None:
    """``--url`` is where the emulator is."""
    status, out, _ = await command(world, "fault", "webhook-twice", "--webhook-url", "/status", "--output", "json")
    order = json.loads(out)
    assert status == 0
    assert (order["target"], order["kind"], order["url"]) == ("webhook", "duplicate", "/status")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("fault rain", 2, "invalid choice: 'rain'"),
        ("fault add --count none", 2, "give a number from 1 to 1000000, or always"),
        ("fault add --for-seconds soon", 2, "'soon' is no duration; give seconds, or a number with m, h or d"),
        ("fault add --path (", 1, "path: give a regular expression"),
        ("fault add --kind drop --status 500", 1, "status: leave it out"),
        ("fault withdraw 77", 1, "id: there is no order 77"),
        ("advance-clock tomorrow", 2, "'tomorrow' is no duration"),
        ("state --account AC0", 1, "account: there is no AC0"),
        ("say --from +1 --to +2 --field x hi", 2, "--field 'x': write NAME=VALUE"),
        ("record /nowhere/file", 2, "/nowhere/file: give a file that can be written"),
    ],
)
async def test_a_command_that_makes_no_sense_names_its_cure(
    world: World, arguments: str, status: int, says: str
) -> None:
    """2 for a wrong command line, 1 for a refusal; never a traceback."""
    found, _, complaint = await command(world, *arguments.split())
    assert found == status
    assert says in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize("name", ["fault list", "state", "advance-clock 1", "reset", "messages", "record - --for 1"])
async def test_a_command_without_an_emulator_says_so(name: str) -> None:
    """By the flag that names it."""
    status, _, complaint = await run(*name.split(), "--url", "http://127.0.0.1:9")
    assert status == 1
    assert "--url http://127.0.0.1:9: no emulator answers there" in complaint


async def test_state_prints_accounts_numbers_and_counts(world: World) -> None:
    """For people and for programs, and every record with --full."""
    await world.buy(sms_url="https://a.example/sms")
    text = await command(world, "state", "--account", world.sub_sid)
    as_json = await command(world, "state", "--output", "json")
    full = await command(world, "state", "--full")

    assert text[1].startswith(f"{world.sub_sid} active    tenant  (1 numbers")
    assert text[1].splitlines()[1] == f"  {NUMBER} https://a.example/sms"
    assert [account["friendlyName"] for account in json.loads(as_json[1])["accounts"]] == ["Twilio emulator", "tenant"]
    assert json.loads(full[1])["tables"]["numbers"][0]["phone_number"] == NUMBER
    assert world.sub_token not in full[1]


async def test_the_clock_is_moved_and_everything_forgotten(world: World) -> None:
    """advance-clock takes days; reset leaves the parent alone."""
    before = await world.emulator.admin.advance(0)
    status, out, _ = await command(world, "advance-clock", "3d", "--output", "json")
    assert status == 0
    assert json.loads(out)["now"] - before >= 3 * 86_400

    assert await command(world, "reset") == (0, "", "")
    assert len(await world.emulator.admin.accounts()) == 1


async def test_messages_are_printed_line_by_line(world: World) -> None:
    """Or one JSON object a line."""
    await world.buy()
    await world.say("Hola")
    status, out, _ = await command(world, "messages", "--account", world.sub_sid, "--output", "json")
    assert status == 0
    assert [json.loads(line)["body"] for line in out.splitlines()] == ["Hola"]
    assert "Hola" in (await command(world, "messages"))[1]


async def test_say_sends_media_and_any_other_field(world: World, customer: Customer) -> None:
    """A field's value may be JSON."""
    await world.buy(sms_url=f"{customer.url}/sms")
    media = "https://a.example/cat.jpg"
    await command(
        world,
        *f"say --from {PHONE} --to {NUMBER} --wait 0.1 --media {media} --field deliver=true --field body=Hola".split(),
    )
    (form,) = customer.forms
    assert (form["Body"], form["NumMedia"]) == ("Hola", "1")


async def test_a_record_is_a_file_of_json_lines(world: World, tmp_path: Path) -> None:
    """What happened before, and what happens meanwhile."""
    file = tmp_path / "record.jsonl"
    await world.sub.balance.fetch_async()
    status, out, _ = await command(world, "record", str(file), "--for", "0.5", "--from-start")
    entries = [json.loads(line) for line in file.read_text().splitlines()]

    assert status == 0
    assert out == f"{file}: {len(entries)} entries\n"
    assert [entry["type"] for entry in entries] == ["request"] * len(entries)
    assert entries[-1]["path"].endswith("/Balance.json")


async def test_https_is_served_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    """For those whose client speaks nothing else."""
    ca_file, _ = authority(tmp_path)
    async with serving("--tls-cert", str(tmp_path / "server.pem")) as (_, url):
        assert url.startswith("https://")
        trust = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca_file))
        async with aiohttp.ClientSession(connector=trust) as session, session.get(f"{url}/healthz") as reply:
            assert reply.status == 200


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--tls-cert", "/nowhere.pem"], "--tls-cert /nowhere.pem: give readable PEM files"),
        (["--tls-key", "/nowhere.pem"], "--tls-key: give --tls-cert too"),
        (["--concurrency", "0"], "--concurrency 0: it must be at least 1"),
    ],
)
async def test_a_wrong_flag_of_the_server_is_named(flags: list[str], says: str) -> None:
    """With exit status 2."""
    status, _, complaint = await run("serve", "--account-sid", SID, "--auth-token", TOKEN, *flags)
    assert status == 2
    assert says in complaint
