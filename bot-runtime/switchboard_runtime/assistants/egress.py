"""Where an assistant's calls may go: decided by address, after the name was resolved and before a connection.

For: base URLs of models and HTTP tools, which a tenant writes and the platform's pod calls.
Assumes: the caller connects to the very addresses given here (see ``outward.py``), so that a name that resolves
differently the second time (DNS rebinding) reaches nothing.
Refuses: plain http, and all that is not on the public Internet, unless the platform's admin allowed the host.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Egress", "EgressRefused", "Resolve", "is_public", "resolve"]

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""The addresses of a host, as texts."""

_ADDRESS = ipaddress.IPv4Address | ipaddress.IPv6Address
_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's agent: a public address that is none
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class EgressRefused(Exception):
    """The call may not go there."""


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(info[4][0]) for info in found))


def is_public(text: str) -> bool:
    """Whether an address is on the public Internet; addresses within addresses are looked at too."""
    try:
        address: _ADDRESS = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_open(one) for one in (address, *_within(address)))


def _is_open(address: _ADDRESS) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global
    closed = any(address in network for network in _CLOSED if network.version == address.version)
    return not closed and (not special or _carries(address))


def _carries(address: _ADDRESS) -> bool:
    """Whether an address stands only for the IPv4 address in it."""
    return isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64)


def _within(address: _ADDRESS) -> tuple[_ADDRESS, ...]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """The platform's rule.

    Attributes:
        allowed: ``host`` or ``host:port``, in lower case, that may be reached wherever they are, also by plain http;
            for a model server of one's own. Set by the admin, never by a tenant.
        resolve: asks for addresses.
    """

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = resolve

    async def addresses(self, url: str) -> tuple[str, ...]:
        """The addresses that a call of ``url`` may connect to, at least one.

        Raises:
            EgressRefused: it may not be called, or is not known.
        """
        host, port, scheme = _parts(url)
        trusted = host in self.allowed or f"{host}:{port}" in self.allowed
        if scheme != "https" and not trusted:
            raise EgressRefused(f"{host}: only https is called")
        try:
            found = await self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise EgressRefused(f"{host}: not resolved") from error
        if not found:
            raise EgressRefused(f"{host}: not resolved")
        if not trusted and not all(is_public(address) for address in found):
            raise EgressRefused(f"{host}: is not on the public Internet")
        return found


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise EgressRefused("not a URL") from error
    if not host or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise EgressRefused("not an http(s) URL with a host")
    return host.lower().rstrip("."), port or (443 if parts.scheme == "https" else 80), parts.scheme
