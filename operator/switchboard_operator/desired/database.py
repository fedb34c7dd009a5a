"""How a database is reached: by its administrator, whose DSN stands in a Secret, and by a tenant's own role.

A tenant's URL follows from the administrator's: the same servers and database, another user, and of the parameters
those alone that say where and how safely, so that nothing of the administrator's goes along.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from switchboard_operator import reasons
from switchboard_operator.errors import Stalled
from switchboard_operator.ports import DatabaseServer, Login

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL_KEY, AUTHORITY_KEY = "url", "ca.crt"
TENANT_URL_KEY, TENANT_AUTHORITY_KEY = "databaseUrl", "databaseCa"
DEFAULT_PORT = 5432
_CARRIED = frozenset({"sslmode", "target_session_attrs"})
_SCHEMES = frozenset({"postgresql", "postgres"})
_PORTS = 65536
_FORM = "postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE"
_RECHECK = 60.0


@dataclass(frozen=True, slots=True)
class Reach:
    """A database as its administrator's Secret describes it.

    Attributes:
        server: for the administrator.
        hosts: one or more ``host[:port]`` with commas between.
        database: its name.
        parameters: those that a tenant's URL has too.
    """

    server: DatabaseServer
    hosts: str
    database: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of the servers, each once."""
        return tuple(dict.fromkeys(map(_port, self.hosts.split(","))))

    @property
    def location(self) -> str:
        """Where it is, without whoever asks."""
        return f"{self.hosts}/{self.database}"

    def url(self, login: Login, *, authority_file: str) -> str:
        """The URL of a tenant's role.

        Args:
            login: role and password.
            authority_file: where the certificates lie in the tenant's pod, if there are any.
        """
        parameters = dict(self.parameters)
        if self.server.authority is not None:
            parameters |= {"sslmode": "verify-full", "sslrootcert": authority_file}
        query = f"?{urlencode(parameters, safe='/')}" if parameters else ""
        user = f"{quote(login.role, safe='')}:{quote(login.password, safe='')}"
        return f"postgresql://{user}@{self.hosts}/{quote(self.database, safe='')}{query}"


def reach_of(where: str, secret: Mapping[str, Any]) -> Reach:
    """Read the administrator's Secret.

    Args:
        where: what names it in a message.
        secret: as the API server gives it.

    Raises:
        Stalled: DatabaseNotConfigured, with the key and the form; never a value.
    """
    dsn = _value(where, secret, URL_KEY)
    authority = _value(where, secret, AUTHORITY_KEY, needed=False) or None
    try:
        parts = urlsplit(dsn)
        user, at, hosts = parts.netloc.rpartition("@")
        query = parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _not_a_dsn(where) from error
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in _SCHEMES or not (user and at and all(hosts.split(",")) and database) or "/" in database:
        raise _not_a_dsn(where)
    if not all(0 < port < _PORTS for port in map(_port, hosts.split(","))):
        raise Stalled(
            reasons.DATABASE_NOT_CONFIGURED,
            f"{where}: {URL_KEY} has a port that is no number from 1 to 65535; correct it",
            after=_RECHECK,
        )
    carried = tuple((name, value) for name, value in query if name in _CARRIED)
    return Reach(DatabaseServer(dsn, authority), hosts, database, carried)


def new_login(tenant: str, *, token: Callable[[int], str], password: Callable[[], str]) -> Login:
    """A login that nobody had before.

    Args:
        tenant: the tenant's UID.
        token: random hexadecimal digits for so many bytes.
        password: a random password that is safe in a URL.
    """
    return Login(f"{_stem(tenant)}{token(4)}", password())


def login_of(tenant: str, url: str) -> Login | None:
    """The login in a tenant's URL; None where it is none of the operator's for this very tenant.

    Who may write Secrets of a namespace must not make the operator change another tenant's role.
    """
    try:
        parts = urlsplit(url)
        role, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return None
    mine = re.fullmatch(re.escape(_stem(tenant)) + r"[0-9a-f]{8}", role)
    return Login(role, password) if mine and re.fullmatch(r"[\w-]{32,128}", password, re.ASCII) else None


def _stem(tenant: str) -> str:
    return f"swb_{hashlib.sha256(tenant.encode()).hexdigest()[:16]}_"


def _value(where: str, secret: Mapping[str, Any], key: str, *, needed: bool = True) -> str:
    encoded = (secret.get("data") or {}).get(key) or ""
    try:
        text = base64.b64decode(encoded).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if needed and not text:
        raise Stalled(
            reasons.DATABASE_NOT_CONFIGURED, f"{where}: the key {key} is missing; give it {_FORM}", after=_RECHECK
        )
    return text


def _port(host: str) -> int:
    """The port of ``host[:port]``; 0 where it is no number."""
    _, colon, port = host.rpartition("]")[2].rpartition(":")
    if not colon:
        return DEFAULT_PORT
    return int(port) if re.fullmatch("[0-9]{1,5}", port, re.ASCII) else 0


def _not_a_dsn(where: str) -> Stalled:
    return Stalled(
        reasons.DATABASE_NOT_CONFIGURED, f"{where}: {URL_KEY} is not of the form {_FORM}; correct it", after=_RECHECK
    )
