"""Where the runtime finds its files and listens: environment variables, which flags override."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]

_PREFIX = "SWITCHBOARD_"
_HOST = re.compile(r"([a-z0-9_.-]+|\[?[0-9a-f:.]+\]?)(:(?P<port>[0-9]{1,5}))?")
_PORTS = 65536
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of ``serve``. Each is read from ``SWITCHBOARD_`` and its name in capitals.

    Attributes:
        tenants_dir: folder of ``{slug}.json``.
        credentials_dir: folder of ``{slug}/`` with one file a key.
        data_dir: folder of the SQLite files; must survive the process.
        listen: ``host:port``; port 0 takes a free one.
        log_level: DEBUG, INFO, WARNING or ERROR.
        lease_seconds: how long a worker may hold an item before another may take it over.
        look_grace_seconds: how long Twilio's list may lag before what is absent from it is sent again.
        knowledge_dir: folder of ``{slug}/`` with the texts that assistants look things up in.
        egress_allow: hosts, ``host`` or ``host:port`` with commas between, that assistants may call wherever they are
            and by plain http, such as a model server in the cluster.
        connections_per_peer: connections of one address at once; of the last hop, which may be a proxy for many.
        api_rate: requests a second that a token may make of the API, with five seconds' worth at once.
        database_connections: connections at most for a tenant in PostgreSQL, beside the one that listens.
    """

    tenants_dir: str = "/etc/switchboard/tenants"
    credentials_dir: str = "/etc/switchboard/credentials"
    data_dir: str = "/var/lib/switchboard"
    listen: str = "0.0.0.0:8080"
    log_level: str = "INFO"
    lease_seconds: str = "20"
    look_grace_seconds: str = "30"
    knowledge_dir: str = "/etc/switchboard/knowledge"
    egress_allow: str = ""
    connections_per_peer: str = "512"
    database_connections: str = "4"
    api_rate: str = "20"

    @classmethod
    def read(cls, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> Settings:
        """Settings from flags, else from the environment, else the defaults.

        Raises:
            ConfigurationError: a value cannot be used.
        """
        chosen: dict[str, str] = {}
        for field in fields(cls):
            value = flags.get(field.name) or environment.get(_PREFIX + field.name.upper())
            if value:
                chosen[field.name] = value
        return cls(**chosen).checked()

    def checked(self) -> Settings:
        """Return self, or raise what is wrong with it."""
        self.address()
        if self.log_level not in _LEVELS:
            raise ConfigurationError(_PREFIX + "LOG_LEVEL", f"{self.log_level!r} is none of {', '.join(_LEVELS)}")
        for name in ("lease_seconds", "look_grace_seconds"):
            self.seconds(name)
        self.connections()
        self.peer_connections()
        self.allowed_hosts()
        return self

    def address(self) -> tuple[str, int]:
        """Host and port of ``listen``."""
        host, colon, port = self.listen.rpartition(":")
        if not (host and colon and port.isdigit() and int(port) < _PORTS):
            raise ConfigurationError(_PREFIX + "LISTEN", f"{self.listen!r} is not host:port; use 0.0.0.0:8080")
        return host.strip("[]"), int(port)

    def seconds(self, name: str) -> float:
        """A setting in seconds, as a number."""
        text = str(getattr(self, name))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0.1 <= value <= 3600:
            raise ConfigurationError(_PREFIX + name.upper(), f"{text!r} is no number of seconds from 0.1 to 3600")
        return value

    def allowed_hosts(self) -> frozenset[str]:
        """What ``egress_allow`` names.

        Raises:
            ConfigurationError: a part is no host, such as an address with a scheme, which would allow nothing.
        """
        hosts = frozenset(host for part in self.egress_allow.split(",") if (host := part.strip().lower()))
        for host in sorted(hosts):
            found = _HOST.fullmatch(host)
            if found is None or (found["port"] and not 0 < int(found["port"]) < _PORTS):
                told = f"{host!r} is no host; write host or host:port, such as model.default.svc:8000"
                raise ConfigurationError(_PREFIX + "EGRESS_ALLOW", told)
        return hosts

    def connections(self) -> int:
        """``database_connections`` as a number."""
        return self._count("database_connections", most=100)

    def peer_connections(self) -> int:
        """``connections_per_peer`` as a number."""
        return self._count("connections_per_peer", most=100_000)

    def _count(self, name: str, *, most: int) -> int:
        text = str(getattr(self, name))
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise ConfigurationError(_PREFIX + name.upper(), f"{text!r} is no whole number from 1 to {most}")
        return int(text)

    def rate(self) -> float:
        """``api_rate`` as a number."""
        text = self.api_rate
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
            raise ConfigurationError(_PREFIX + "API_RATE", f"{text!r} is no whole number from 1 to 10000")
        return float(text)

    def paths(self) -> tuple[Path, Path, Path]:
        """Folders of tenants, credentials and data."""
        return Path(self.tenants_dir), Path(self.credentials_dir), Path(self.data_dir)
