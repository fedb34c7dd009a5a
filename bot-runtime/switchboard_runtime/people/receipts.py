"""What is known of an erasure: its receipt, its line in the ledger, and what is still to be done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from switchboard_runtime.people.records import Identity

if TYPE_CHECKING:
    from switchboard_runtime.store import Row

__all__ = ["LedgerEntry", "Pending", "Receipt", "digest", "receipt_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an erasure did.

    Attributes:
        id: of the erasure.
        at: when, in seconds since the epoch.
        actor: who asked for it.
        subjects: hashes of the addresses: SHA-256 of tenant id, channel and address, a line each.
        counts: rows by what they were.
        provider: how many things at the provider are ``deleted``, ``absent``, ``refused``, or ``waiting``.
        done_at: when the last of it was done, None while something waits.
        digest: SHA-256 of all of the above, which the audit log has; None while something waits.
    """

    id: str
    at: float
    actor: str
    subjects: tuple[str, ...]
    counts: dict[str, int]
    provider: dict[str, int]
    done_at: float | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """That addresses were erased, told by hashes alone; what :meth:`Erasures.reapply` takes."""

    id: str
    at: float
    actor: str
    subjects: tuple[str, ...]


@dataclass(slots=True)
class Pending:
    """What is still to be done; kept until then, and no longer."""

    identities: list[Identity]
    conversations: list[int]
    remote: bool
    sids: list[str]
    done: list[str]
    tries: int
    quarantine: int | None
    counts: dict[str, int]

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Pending:
        """What :meth:`text` gave."""
        content: dict[str, Any] = json.loads(text)
        content["identities"] = [Identity(**one) for one in content["identities"]]
        return cls(**content)


def digest(receipt: Receipt) -> str:
    """SHA-256 of a receipt: JSON of its fields but ``digest``, keys in alphabetical order, without spaces."""
    content = {name: value for name, value in asdict(receipt).items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def receipt_of(row: Row) -> Receipt:
    """The receipt of an erasure's row, as far as it is done."""
    if row.get("receipt"):
        content: dict[str, Any] = json.loads(row["receipt"])
        return Receipt(**{**content, "subjects": tuple(content["subjects"])})
    waiting = Pending.read(row["pending"])
    return Receipt(
        id=row["id"],
        at=float(row["at"]),
        actor=row["actor"],
        subjects=tuple(json.loads(row["subjects"])),
        counts=json.loads(row["counts"]),
        provider={**waiting.counts, "waiting": len(waiting.sids)},
    )
