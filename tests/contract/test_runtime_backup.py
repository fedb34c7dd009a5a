"""A tenant in a file, from either store into either: whole, as it was at one moment, and never over what is there."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from switchboard_runtime.__main__ import main
from switchboard_runtime.backup.tables import PASSING, TABLES
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.store.schema import migrate
from tests.contract.api_kit import Api
from tests.support.postgres import Server, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("sqlite", "postgres")
SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


class Home:
    """A configuration folder with one tenant on one store."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.admin: str | None = None

    async def furnish(self, server: Server) -> Home:
        """Write document and credentials; make the database."""
        secrets = {"crm": SECRET}
        if self.kind == "postgres":
            self.admin = await new_database(server)
            secrets["databaseUrl"] = await tenant_dsn(self.admin, "uid-muebles-sur")
        endpoint = {"name": "crm", "url": "https://127.0.0.1:1/", "secret": "crm"}
        write_tenant(self.folder, document(webhooks=[endpoint]), **secrets)
        (self.folder / "data").mkdir(exist_ok=True)
        return self

    def run(self, *arguments: str, code: int = 0) -> None:
        """The command line, in this process."""
        flags = [f"--{name}-dir={self.folder / name}" for name in ("tenants", "credentials", "data")]
        before = dict(os.environ)
        if self.admin:
            os.environ["SWITCHBOARD_ADMIN_DSN"] = self.admin
        try:
            assert main([*arguments, "--tenant", "muebles-sur", *flags]) == code
        finally:
            os.environ.clear()
            os.environ.update(before)


async def home(folder: Path, kind: str, server: Server) -> Home:
    """A furnished home."""
    await asyncio.to_thread(folder.mkdir)
    return await Home(folder, kind).furnish(server)


async def live(one: Home, *, during: Any = None, before: int = 0) -> None:
    """A conversation with all that comes of it: replies, a contact, a note, a take-over, quarantine, webhooks.

    Twilio has sent ``before`` messages already, whose SIDs are taken.
    """
    async with fake_twilio(SystemClock()) as twilio:
        twilio.messages.extend({"to": "", "from": "", "body": ""} for _ in range(before))
        account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
        endpoint = {"name": "crm", "url": "https://127.0.0.1:1/", "secret": "crm"}
        path = one.folder / "tenants" / "muebles-sur.json"
        path.write_text(json.dumps(document(twilio=account, webhooks=[endpoint])))
        async with served(one.folder) as caller:
            api = Api(caller)
            for number in range(3):
                await caller.say("hola\x00 ñandú 👋", From=f"whatsapp:+54911555002{number:02}")
            await caller.signed("/bot/twilio/webhook", {"AccountSid": account["accountSid"], "What": "ever"})
            answered = 2 if before else 3  # a person has one of them by then
            await eventually(lambda: len(twilio.messages) == before + answered, within=20)
            items = await eventually(lambda: _known(api), within=20)
            await api.post(f"/contacts/{items[0]['contactId']}/notes", {"text": "=1+1"}, Idempotency_Key="k")
            await api.patch(f"/contacts/{items[0]['contactId']}", {"name": "=cmd()", "addTags": ["vip"]})
            await api.post(f"/conversations/{items[0]['id']}/take-over", {"person": "Ana"})
            if during is not None:
                await asyncio.to_thread(during)


async def _known(api: Api) -> Any:
    items = (await api.get("/conversations")).json()["items"]
    return items if len(items) == 3 and all(one["contactId"] for one in items) else None


@pytest.mark.parametrize("goal", KINDS)
@pytest.mark.parametrize("source", KINDS)
async def test_a_tenant_moves_between_stores_and_goes_on(
    source: str, goal: str, tmp_path: Path, server: Server
) -> None:
    """The file of what was restored has the same rows; the bot answers there, under numbers that are free."""
    first, second = [await home(tmp_path / name, kind, server) for name, kind in (("a", source), ("b", goal))]
    await live(first)

    await asyncio.to_thread(first.run, "backup", "--to", str(tmp_path / "one.jsonl"))
    await asyncio.to_thread(second.run, "restore", "--from", str(tmp_path / "one.jsonl"))
    await asyncio.to_thread(second.run, "backup", "--to", str(tmp_path / "two.jsonl"))
    one, two = [tables(tmp_path / name) for name in ("one.jsonl", "two.jsonl")]
    await live(second, before=3)
    await asyncio.to_thread(second.run, "backup", "--to", str(tmp_path / "three.jsonl"))

    assert without_nul(one) == without_nul(two)
    assert {"conversation", "message", "outbox", "contact", "contact_note", "audit", "webhook_delivery"} <= {
        name for name, rows in one.items() if rows
    }
    assert len(tables(tmp_path / "three.jsonl")["message"]) == 6
    assert len(tables(tmp_path / "three.jsonl")["conversation"]) == 3


def without_nul(found: dict[str, list[Any]]) -> str:
    """With what PostgreSQL, which keeps no NUL, has in its place."""
    return json.dumps(found).replace("\\u0000", "\\ufffd")


def tables(path: Path) -> dict[str, list[Any]]:
    """What is in a file."""
    found: dict[str, list[Any]] = {}
    for line in path.read_text().splitlines()[1:-1]:
        content = json.loads(line)
        if isinstance(content, dict):
            rows = found.setdefault(content["table"], [])
        else:
            rows.append(content)
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_backup_is_taken_while_the_tenant_is_served_and_restoring_is_refused(
    kind: str, tmp_path: Path, server: Server
) -> None:
    """A restore under a running process would be lost, or lose."""
    one = await home(tmp_path / "a", kind, server)

    def during() -> None:
        one.run("backup", "--to", str(tmp_path / "one.jsonl.gz"))
        one.run("restore", "--from", str(tmp_path / "one.jsonl.gz"), "--force", code=78)

    await live(one, during=during)

    with gzip.open(tmp_path / "one.jsonl.gz") as stream:
        lines = stream.read().splitlines()
    assert json.loads(lines[-1])["rows"]["conversation"] == 3
    assert (tmp_path / "one.jsonl.gz").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_written_over_unless_it_is_forced(kind: str, tmp_path: Path, server: Server) -> None:
    """Neither a file nor a tenant's rows; forced, the rows are those of the file alone."""
    one = await home(tmp_path / "a", kind, server)
    await live(one)
    await asyncio.to_thread(one.run, "backup", "--to", str(tmp_path / "one.jsonl"))
    await live(one, before=3)

    await asyncio.to_thread(lambda: one.run("backup", "--to", str(tmp_path / "one.jsonl"), code=73))
    await asyncio.to_thread(lambda: one.run("restore", "--from", str(tmp_path / "one.jsonl"), code=73))
    await asyncio.to_thread(one.run, "restore", "--from", str(tmp_path / "one.jsonl"), "--force")
    await asyncio.to_thread(one.run, "backup", "--to", str(tmp_path / "two.jsonl"))

    assert tables(tmp_path / "two.jsonl") == tables(tmp_path / "one.jsonl")


@pytest.mark.parametrize("kept", ["in the store", "elsewhere"])
@pytest.mark.parametrize("kind", KINDS)
async def test_who_was_erased_does_not_come_back_with_an_older_backup(
    kind: str, kept: str, tmp_path: Path, server: Server
) -> None:
    """The ledger is that of the store which is replaced, or one that was kept elsewhere."""
    one = await home(tmp_path / "a", kind, server)
    await live(one)
    await asyncio.to_thread(one.run, "backup", "--to", str(tmp_path / "one.jsonl"))
    async with served(one.folder) as caller:
        api = Api(caller)
        contact = (await api.get("/conversations")).json()["items"][0]["contactId"]
        await api.post(f"/contacts/{contact}/erase", {})
        await asyncio.to_thread((tmp_path / "ledger.json").write_bytes, (await api.get("/erasures")).body)
    two = one if kept == "in the store" else await home(tmp_path / "b", kind, server)
    flags = ["--force"] if kept == "in the store" else ["--erased", str(tmp_path / "ledger.json")]

    await asyncio.to_thread(two.run, "restore", "--from", str(tmp_path / "one.jsonl"), *flags)
    await asyncio.to_thread(two.run, "backup", "--to", str(tmp_path / "two.jsonl"))

    assert contact in (tmp_path / "one.jsonl").read_text()
    assert len(tables(tmp_path / "one.jsonl")["identity"]) == 3
    assert len(tables(tmp_path / "two.jsonl")["identity"]) == 2
    (again,) = tables(tmp_path / "two.jsonl")["erasure"]
    assert any('"remote": true' in str(cell) and '"sids": ["SM' in str(cell) for cell in again)


@pytest.mark.parametrize("kind", KINDS)
async def test_who_stopped_and_was_erased_is_not_written_to_after_a_restore(
    kind: str, tmp_path: Path, server: Server
) -> None:
    """The list moves with a backup into either store; one that it replaces gives its own to it."""
    one = await home(tmp_path / "a", kind, server)
    await live(one)
    await asyncio.to_thread(one.run, "backup", "--to", str(tmp_path / "before.jsonl"))
    async with served(one.folder) as caller:
        api = Api(caller)
        contact = (await api.get("/conversations")).json()["items"][-1]
        await caller.say("STOP", From=contact["contact"])
        await eventually(lambda: _stopped(api, contact["contact"]), within=20)
        await api.post(f"/contacts/{contact['contactId']}/erase", {})
    await asyncio.to_thread(one.run, "backup", "--to", str(tmp_path / "after.jsonl"))
    other = await home(tmp_path / "b", "postgres" if kind == "sqlite" else "sqlite", server)

    await asyncio.to_thread(one.run, "restore", "--from", str(tmp_path / "before.jsonl"), "--force")
    await asyncio.to_thread(other.run, "restore", "--from", str(tmp_path / "after.jsonl"))

    for restored in (one, other):
        async with served(restored.folder) as caller:
            await caller.say("hola", From=contact["contact"])
            assert await eventually(partial(_stopped, Api(caller), contact["contact"]), within=20)
    assert tables(tmp_path / "before.jsonl")["suppression"] == []


async def _stopped(api: Api, address: str) -> bool:
    items = (await api.get("/conversations", contact=address)).json()["items"]
    return bool(items) and bool(items[0]["optedOut"])


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "other", "newer"])
async def test_a_file_that_is_not_whole_changes_nothing(
    harm: str, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is wrong."""
    one = await home(tmp_path / "a", "sqlite", server)
    await live(one)
    path = tmp_path / "one.jsonl"
    await asyncio.to_thread(one.run, "backup", "--to", str(path))
    before = (one.folder / "data").joinpath("muebles-sur.uid-muebles-sur.sqlite3").read_bytes()
    lines = path.read_text().splitlines(keepends=True)
    changed = {
        "cut": "".join(lines[:-3]),
        "changed": "".join(lines).replace("hola", "chau", 1),
        "empty": "",
        "other": '{"format": "tar"}\n',
        "newer": "".join(lines).replace('"table":"message","columns":["account"', '"table":"message","columns":["zzz"'),
    }[harm]
    path.write_text(changed)

    await asyncio.to_thread(lambda: one.run("restore", "--from", str(path), "--force", "--output", "json", code=65))

    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert told["code"] == 65
    assert str(path) in told["error"]
    assert (one.folder / "data").joinpath("muebles-sur.uid-muebles-sur.sqlite3").read_bytes() == before


async def test_every_table_of_either_store_is_in_a_backup(server: Server) -> None:
    """Whoever adds one decides where it stands; and both have the same columns."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        named = (
            "SELECT name FROM sqlite_master"
            " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
        )
        here = {
            name: {column for (column,) in db.execute(f"SELECT name FROM pragma_table_info('{name}')")} - PASSING
            for (name,) in db.execute(named)
        }
    connection = await asyncpg.connect(await tenant_dsn(await new_database(server), "a"))
    try:
        rows = await connection.fetch(
            "SELECT c.relname AS name, a.attname AS column FROM pg_attribute AS a"
            " JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = 'switchboard'::regnamespace"
            " AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            " AND c.relname NOT IN ('schema_version', 'tenant', 'tenant_role', 'alembic_version')"
        )
    finally:
        await connection.close()
    there: dict[str, set[str]] = {}
    for row in rows:
        there.setdefault(row["name"], set()).update({row["column"]} - PASSING)

    assert set(here) == {table.name for table in TABLES}
    assert here == there


@pytest.mark.parametrize("kind", KINDS)
async def test_rows_are_exported_as_tables_that_no_spreadsheet_runs(
    kind: str, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """CSV with its header, or a JSON object a line; the same from either store."""
    one = await home(tmp_path / "a", kind, server)
    await live(one)
    capsys.readouterr()

    await asyncio.to_thread(one.run, "export", "--what", "contacts")
    contacts = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    await asyncio.to_thread(one.run, "export", "--what", "messages", "--format", "jsonl", "--to", str(tmp_path / "m"))
    messages = [json.loads(line) for line in (tmp_path / "m").read_text().splitlines()]

    assert len(contacts) == 3
    assert [row["name"] for row in contacts if row["tags"] == "vip"] == ["'=cmd()"]
    assert {row["direction"] for row in messages} == {"in", "out"}
    assert all(row["at"].endswith("+00:00") for row in messages)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_export_that_cannot_be_written_says_why(kind: str, tmp_path: Path, server: Server) -> None:
    """A reader that has enough, as ``head``, gets what a shell gives a program that a SIGPIPE ended; a full disk 73."""
    one = await home(tmp_path / "a", kind, server)
    await live(one)
    read, unread = os.pipe()
    os.close(read)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        enough = await asyncio.to_thread(exported, one, unread)
        none_left = await asyncio.to_thread(exported, one, full)
    finally:
        os.close(unread)
        os.close(full)

    assert enough == (141, "")
    assert none_left == (73, "switchboard-runtime: file: No space left on device\n")


def exported(one: Home, to: int) -> tuple[int, str]:
    """Exit code and stderr of an export whose rows go to ``to`` one by one, as those of a long one."""
    flags = [f"--{name}-dir={one.folder / name}" for name in ("tenants", "credentials", "data")]
    command = [sys.executable, "-m", "switchboard_runtime", "export", "--tenant", "muebles-sur", "--what", "messages"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    ran = subprocess.run([*command, *flags], stdout=to, stderr=subprocess.PIPE, env=environment, check=False)
    return ran.returncode, ran.stderr.decode()


@pytest.mark.parametrize(
    "url", ["secret-nonsense", "mysql://secret@x/y", "postgresql://secret@127.0.0.1/x?sslmode=wat"]
)
def test_what_is_no_url_of_a_database_is_told_with_the_form_of_one(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not quoted: it may hold a password."""
    monkeypatch.setenv("SWITCHBOARD_ADMIN_DSN", url)

    assert main(["migrate"]) == 78

    told = capsys.readouterr().err
    assert "write postgresql://ROLE:PASSWORD@HOST" in told
    assert "secret" not in told


@pytest.mark.parametrize("arguments", [["--version"], ["backup", "--help"]])
def test_a_command_says_what_it_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The release, or what the command does, before its flags."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert re.search(r"^switchboard-runtime \d+\.\d+|all of one tenant into one file.* options:", told)


def test_an_unknown_tenant_is_told_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 78, as for every wrong setting."""
    write_tenant(tmp_path, document())
    flags = [f"--{name}-dir={tmp_path / name}" for name in ("tenants", "credentials", "data")]

    assert main(["backup", "--tenant", "acme", "--to", str(tmp_path / "x"), *flags]) == 78

    assert "muebles-sur" in capsys.readouterr().err
