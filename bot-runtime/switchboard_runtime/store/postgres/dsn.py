"""The URL of a database, looked at before anybody connects with it.

A driver says of a bad port no more than ``ValueError``, and of a file that is not there not which. The URL holds a
password, so none of it is told but the name of a parameter and the path of a file.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from switchboard_runtime.errors import ConfigurationError

__all__ = ["URL_FORM", "checked"]

URL_FORM = "postgresql://ROLE:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full&sslrootcert=FILE"
_SCHEMES = frozenset({"postgresql", "postgres"})
_FILES = ("sslrootcert", "sslcert", "sslkey")
_PORTS = 65536


def checked(where: str, dsn: str) -> str:
    """The URL, if a server could be asked with it.

    Args:
        where: what it is told by.
        dsn: the URL.

    Raises:
        ConfigurationError: it is none, a port cannot be, or a file is not there; names the cure and no value.
    """
    try:
        parts = urlsplit(dsn)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ConfigurationError(where, f"is no URL of a database; write {URL_FORM}") from None
    if parts.scheme not in _SCHEMES:
        raise ConfigurationError(where, f"is no URL of a database; write {URL_FORM}")
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [*map(_port, hosts), *map(_port, query.get("host", "").split(",")), *query.get("port", "5432").split(",")]
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < _PORTS for port in ports):
        raise ConfigurationError(where, f"has a port that is no number from 1 to 65535; write {URL_FORM}")
    for name in _FILES:
        if name in query and not Path(query[name]).is_file():
            raise ConfigurationError(
                where, f"{name}: there is no file {query[name]}; put it there, or correct the path"
            )
    return dsn


def _port(host: str) -> str:
    """What stands behind the host's last colon, outside of an address in brackets; the usual one where none does."""
    _, colon, port = host.rpartition("]")[2].rpartition(":")
    return port if colon else "5432"
