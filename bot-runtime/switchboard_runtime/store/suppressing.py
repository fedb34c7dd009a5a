"""Contacts who said STOP and were erased since: a new conversation with one of them begins opted out.

For: an erasure must not end what a contact asked for before it. What is kept is a keyed hash of the conversation's two
addresses and nothing of the contact; it can be recognised by who has the address, and tried out by who has the key.
Assumes: the key is of this store (:func:`keep` makes it). PostgreSQL computes the same hash by itself, from the same
blocks, when it has made a conversation (:func:`.postgres.lanes.suppress`). A store may have more than one key, after a
restore.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from switchboard_runtime.store.statements import statement

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from switchboard_runtime.store.statements import Rows, Statement

__all__ = ["Key", "Lane", "keep", "lift"]

_BLOCK = 64


class Lane(NamedTuple):
    """A conversation by its addresses."""

    channel: str
    own: str
    contact: str


class Key(NamedTuple):
    """A key as HMAC-SHA-256 (RFC 2104) uses it: its inner and its outer block, 64 bytes each."""

    ipad: bytes
    opad: bytes

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """The blocks of a secret, of at most 64 bytes."""
        whole = secret.ljust(_BLOCK, b"\0")
        return cls(bytes(one ^ 0x36 for one in whole), bytes(one ^ 0x5C for one in whole))

    def digest(self, lane: Lane) -> bytes:
        """HMAC-SHA-256 of channel, our address and the contact's, a line each."""
        text = "\n".join(lane).encode("utf-8", "replace")
        return hashlib.sha256(self.opad + hashlib.sha256(self.ipad + text).digest()).digest()


def keep(lanes: Sequence[Lane], *, secret: bytes) -> Generator[Statement, Rows, int]:
    """Let new conversations between these addresses begin opted out. Returns how many.

    Args:
        lanes: the conversations.
        secret: becomes the key of a store that has none yet; 32 random bytes.
    """
    if not lanes:
        return 0
    keys = yield from _keys()
    if not keys:
        keys = (Key.of(secret),)
        yield statement(
            "INSERT INTO suppression_key (tenant_id, ipad, opad) VALUES (:tenant, :ipad, :opad)"
            " ON CONFLICT (tenant_id, ipad) DO NOTHING",
            **keys[0]._asdict(),
        )
    for lane in lanes:
        yield statement(
            "INSERT INTO suppression (tenant_id, digest) VALUES (:tenant, :digest)"
            " ON CONFLICT (tenant_id, digest) DO NOTHING",
            digest=keys[0].digest(lane),
        )
    return len(lanes)


def lift(lanes: Sequence[Lane]) -> Generator[Statement, Rows, None]:
    """Let new conversations between these addresses begin as others do."""
    if not lanes:
        return
    keys = yield from _keys()
    if keys:
        yield statement(
            "DELETE FROM suppression WHERE tenant_id = :tenant AND digest IN :digests",
            digests=tuple(key.digest(lane) for key in keys for lane in lanes),
        )


def _keys() -> Generator[Statement, Rows, tuple[Key, ...]]:
    rows = yield statement("SELECT ipad, opad FROM suppression_key WHERE tenant_id = :tenant ORDER BY ipad")
    return tuple(Key(bytes(row["ipad"]), bytes(row["opad"])) for row in rows)
