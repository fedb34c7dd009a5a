"""Who calls: tokens with scopes, in the credentials file ``apiTokens``, beside the ``apiToken`` that may do all.

Assumes: tokens are random and long; their SHA-256 is enough to know them by.
Refuses: to tell an unknown tenant from a wrong token, by answer or by time.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from switchboard_runtime.config.fields import Identifier, Model, unique
from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from switchboard_runtime.config.directory import TenantEntry

__all__ = ["SCOPES", "Token", "check_tokens", "token_of"]

SCOPES = {
    "conversations:read": "list, read and search conversations",
    "conversations:write": "take over, hand back, reply, close",
    "messages:read": "messages with their delivery",
    "messages:write": "write to people who did not just write",
    "contacts:read": "contacts, their notes and leads",
    "contacts:write": "change, note and merge contacts",
    "contacts:erase": "export and erase a contact",
    "audit:read": "the audit log",
    "usage:read": "usage, limits and status",
    "operations:read": "quarantine and dead letters",
    "operations:write": "replay them",
    "webhooks:read": "outgoing webhooks and their deliveries",
    "webhooks:write": "retry and test them",
}
"""What a token may be given."""

ALL = frozenset(SCOPES)
_FILE = "apiTokens"


class _Written(Model):
    """One token as the file has it: ``token`` itself, or its SHA-256 in hexadecimal."""

    name: Identifier
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    token: Annotated[str, StringConstraints(min_length=20)] | None = Field(default=None, repr=False)
    scopes: tuple[str, ...]
    expires: AwareDatetime | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.sha256 is None) == (self.token is None):
            raise ValueError("give exactly one of sha256 and token")
        unknown = set(self.scopes) - ALL
        if unknown:
            raise ValueError(f"scopes: unknown scope {min(unknown)!r}; use some of {', '.join(sorted(ALL))}")
        return self


_ADAPTER = TypeAdapter(tuple[_Written, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A caller.

    Attributes:
        name: for the audit log.
        digest: SHA-256 of the token.
        scopes: what it may do.
        expires: seconds since the epoch, None never.
    """

    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[str]
    expires: float | None = None


def token_of(entry: TenantEntry | None, authorization: str, *, now: float) -> Token | None:
    """The token that a request shows, if it is one of the tenant's and not expired."""
    scheme, _, given = authorization.partition(" ")
    digest = _digest(given.strip())
    found: Token | None = None
    for token in _tokens(entry) if entry else ():
        if hmac.compare_digest(token.digest, digest):  # all are compared, so that the time tells nothing
            found = token
    if found is None or scheme.lower() != "bearer" or (found.expires is not None and found.expires <= now):
        return None
    return found


def check_tokens(entry: TenantEntry) -> None:
    """See that ``apiTokens``, if it is there, can be read.

    Raises:
        ConfigurationError: names file, field and cure.
    """
    content = entry.credentials.secret(_FILE)
    if content is None:
        return
    try:
        _read(content)
    except ValueError as error:
        raise ConfigurationError(f"{entry.slug}/{_FILE}", str(error)) from None


def _tokens(entry: TenantEntry) -> tuple[Token, ...]:
    own = Token(name="apiToken", digest=_digest(entry.credentials.current().api_token), scopes=ALL)
    content = entry.credentials.secret(_FILE)
    try:
        return (own, *(_read(content) if content else ()))
    except ValueError:
        return (own,)  # a file that broke while we serve opens nothing


@lru_cache(maxsize=64)
def _read(content: str) -> tuple[Token, ...]:
    try:
        written = _ADAPTER.validate_json(content)
        unique("name", ["apiToken", *(one.name for one in written)])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
    return tuple(
        Token(
            name=one.name,
            digest=bytes.fromhex(one.sha256) if one.sha256 else _digest(one.token or ""),
            scopes=frozenset(one.scopes),
            expires=one.expires.astimezone(UTC).timestamp() if one.expires else None,
        )
        for one in written
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
