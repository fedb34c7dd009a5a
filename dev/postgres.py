"""A private PostgreSQL server for tests and trials: made in a temporary folder, on a free port, gone in the end.

Durable as in production (fsync on), since what a server keeps over a crash is what they ask.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import asyncpg  # type: ignore[import-untyped]

from dev.ports import free_port
from switchboard_runtime.store.postgres.admin import create_role, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["OLDEST", "Server", "Wire", "binaries", "new_database", "run", "running_server", "tenant_dsn", "with_role"]

OLDEST = 15
_ADMIN = "platform"
_SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = '64MB'
log_min_messages = 'warning'
"""
_BLOCK = 65_536

Break = Literal["before", "after"]


def binaries() -> Path:
    """The folder of PostgreSQL's programs.

    Raises:
        RuntimeError: there is none, or it is too old; names the package.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    for initdb in [*reversed(found), *([Path(on_path).resolve()] if on_path else [])]:
        told = subprocess.run([initdb, "--version"], check=True, capture_output=True, text=True).stdout
        if int(told.split()[2].split(".")[0]) >= OLDEST:
            return initdb.parent
    raise RuntimeError(
        f"this needs PostgreSQL {OLDEST} or newer: install Debian's package postgresql (apt-get install postgresql)"
    )


@dataclass
class Server:
    """A server that can be stopped and started; ``admin`` may make databases and roles and is no superuser."""

    folder: Path
    port: int
    password: str

    @property
    def admin(self) -> str:
        """DSN of the administrator, to the database ``postgres``."""
        return self.dsn("postgres")

    def dsn(self, database: str) -> str:
        """DSN of the administrator to a database."""
        return f"postgresql://{_ADMIN}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def root(self) -> str:
        """DSN of the superuser, over the socket."""
        return self.root_of("postgres")

    def root_of(self, database: str) -> str:
        """DSN of the superuser to a database."""
        return f"postgresql://root@/{database}?host={self.folder}&port={self.port}"

    def start(self) -> None:
        """Start, and return when it answers."""
        options = f"-k {self.folder} -p {self.port}"
        self._ctl("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop: ``fast`` ends sessions, ``immediate`` is a crash."""
        self._ctl("stop", "-w", "-m", mode)

    def _ctl(self, *arguments: str) -> None:
        run(binaries() / "pg_ctl", "-D", self.folder / "data", *arguments)


def run(*command: object) -> None:
    """Run a program as a user that PostgreSQL accepts: never as root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        user = _user()
        words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *words]
    done = subprocess.run(
        words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout.decode(errors='replace')}")


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@contextmanager
def running_server() -> Iterator[Server]:
    """A server of one's own."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-pg-", dir="/tmp"))  # a socket's path is short
    server = Server(folder, free_port(), secrets.token_hex(8))
    try:
        if os.geteuid() == 0:
            os.chown(folder, _user().pw_uid, _user().pw_gid)
        initdb = ("--username=root", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C")
        run(binaries() / "initdb", "-D", folder / "data", *initdb)
        with (folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(_SETTINGS)
        server.start()
        try:
            _make_admin(server)
            yield server
        finally:
            with _quietly():
                server.stop("immediate")
    finally:
        shutil.rmtree(folder)


@contextmanager
def _quietly() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if "PID file" not in str(error):
            raise


def _make_admin(server: Server) -> None:
    statement = f"CREATE ROLE {_ADMIN} LOGIN CREATEROLE CREATEDB PASSWORD '{server.password}'"
    run(binaries() / "psql", "-qX", "-d", server.root, "-c", statement)


async def new_database(server: Server, *, to: int | None = None) -> str:
    """A migrated database of its own.

    Returns:
        The administrator's DSN to it.
    """
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server.admin)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    dsn = server.dsn(name)
    await migrate(dsn, to=to)
    return dsn


async def tenant_dsn(admin: str, tenant: str) -> str:
    """DSN of a tenant's new role, on the administrator's database."""
    made = await create_role(admin, tenant)
    return with_role(admin, made.role, made.password)


def with_role(admin: str, role: str, password: str) -> str:
    """The administrator's DSN as another role."""
    return f"postgresql://{role}:{password}@{admin.rpartition('@')[2]}"


class Wire:
    """A cable to the server that breaks at a COMMIT: before the server has it, or after it was done.

    Args:
        port: the server's.
        decide: asked at each COMMIT whether it breaks the cable; None leaves that to ``breaks``.

    Attributes:
        breaks: where the next COMMIT breaks it, once.
        broken: how often it did.
    """

    def __init__(self, port: int, *, decide: Callable[[], Break | None] | None = None) -> None:
        self._server = port
        self._decide = decide
        self.breaks: Break | None = None
        self.broken = 0

    @asynccontextmanager
    async def strung(self, dsn: str) -> AsyncIterator[str]:
        """The DSN through the cable."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield dsn.replace(f":{self._server}/", f":{port}/")
        finally:
            server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._server)
        except OSError:
            writer.transport.abort()
            return
        answers = asyncio.create_task(_pump(there_reader, writer))
        try:
            while data := await reader.read(_BLOCK):
                breaks = self._broken_by(data)
                if breaks:
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                if breaks == "before":
                    break
                there_writer.write(data)
                if breaks == "after":
                    await there_reader.read(_BLOCK)
                    break
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            writer.transport.abort()
            there_writer.close()
            await asyncio.gather(answers, return_exceptions=True)

    def _broken_by(self, data: bytes) -> Break | None:
        if b"COMMIT" not in data:
            return None
        breaks = self._decide() if self._decide else self.breaks
        self.breaks = None
        self.broken += breaks is not None
        return breaks


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_BLOCK):
        writer.write(data)
    writer.close()
