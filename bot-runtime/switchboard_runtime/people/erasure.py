"""Erasure of a contact, here and at the provider, with a receipt; and what a restored backup must not bring back.

In one transaction all that the contact said and all that is known of them is taken away or emptied, no matter what is
in flight: no turn that began before is kept. Webhooks that were not understood follow in slices, then the provider is
asked to delete what it keeps, again and again until it is gone or was refused too often. The receipt's digest is in the
audit log. Which addresses were erased is remembered as hashes, so that the same can be done to an older backup. Who had
said STOP is not written to for having been forgotten: see :mod:`switchboard_runtime.store.suppressing`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal, Protocol

from switchboard_runtime.errors import NotFound
from switchboard_runtime.people import audit, erasing, knowing
from switchboard_runtime.people.receipts import LedgerEntry, Pending, Receipt, digest, receipt_of
from switchboard_runtime.people.records import Identity
from switchboard_runtime.store import alone, statement, suppressing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.people.conversations import Engine
    from switchboard_runtime.store import Around, Row, Rows, Statement, Store

__all__ = ["RETENTION", "Erasures", "Forgetting", "Provider"]

Forgetting = Literal["deleted", "absent", "refused", "later"]
"""What came of asking the provider: it is gone, was not there, will never go, or ask again."""

_SETTLING = 900.0
"""Seconds after an erasure in which a reply that was just being sent may turn out to have an id."""

_FIRST_RETRY = 60.0
_LONGEST_RETRY = 6 * 3600.0
_MOST_ATTEMPTS = 30
_AT_ONCE = 50
_LEASE = 300.0
_SLICE = 500


RETENTION = "system"
"""Who erases what is too old; the provider keeps it by rules of its own."""


class Provider(Protocol):
    """Who else has what was said."""

    async def forget(self, sid: str) -> Forgetting:
        """Delete a message, call or recording with all that belongs to it."""
        ...


class Erasures:
    """The erasures of one tenant.

    Args:
        store: the tenant's.
        tenant: the tenant's id, without which hashes of addresses would be the same for all tenants.
        provider: who else has what was said; None if nobody.
        engine: is told to drop what it is doing.
        audit: the tenant's.
        clock: time.
        new_id: makes ids.
    """

    def __init__(
        self,
        *,
        store: Store,
        tenant: str,
        provider: Provider | None,
        engine: Engine,
        audit: Audit,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._provider = provider
        self._engine = engine
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    async def erase(
        self,
        contact_id: str,
        *,
        actor: str,
        action: str = "contact.erased",
        remote: bool = True,
        around: Around = alone,
    ) -> Receipt:
        """Take a contact away. The receipt is not done until the provider has done its part, too.

        Args:
            contact_id: which.
            actor: who asked for it.
            action: what the audit log calls it.
            remote: the provider is asked to delete its part.
            around: goes around the transaction.

        Raises:
            NotFound: there is no such contact.
        """
        erasure_id, now, secret = self._new_id(), self._clock.now(), self._secret()
        emptied: tuple[int, ...] = ()

        def job() -> Generator[Statement, Rows, Receipt]:
            nonlocal emptied
            contact = yield from knowing.one(contact_id)
            if contact is None:
                raise NotFound(f"contact {contact_id} is not there")
            emptied = yield from self._erased(
                erasure_id,
                contact.id,
                contact.identities,
                actor=actor,
                action=action,
                at=now,
                remote=remote,
                secret=secret,
                lift=True,
            )
            return (yield from _receipt(erasure_id))

        receipt = await self._store.transact(around(job))
        for conversation in emptied:
            self._engine.interrupt(conversation)
        return receipt

    async def receipt(self, erasure_id: str) -> Receipt:
        """What an erasure did so far.

        Raises:
            NotFound: there was none.
        """
        return await self._store.transact(lambda: _receipt(erasure_id))

    async def work(self) -> int:
        """Do what is due of what waits; how many erasures came to their end."""
        now = self._clock.now()
        due = await self._store.transact(lambda: _claimed(now))
        return sum([await self._worked(row) for row in due])

    async def ledger(self) -> tuple[LedgerEntry, ...]:
        """All erasures, to be kept outside of the store that a backup would replace."""
        rows = await self._store.transact(lambda: _rows("true ORDER BY at, id"))
        return tuple(
            LedgerEntry(id=row["id"], at=row["at"], actor=row["actor"], subjects=tuple(json.loads(row["subjects"])))
            for row in rows
        )

    async def reapply(self, entries: Sequence[LedgerEntry]) -> int:
        """Erase again, in a restored store, what was erased since its backup. Returns how many contacts that were.

        The provider is asked again, too: whoever erased may have been replaced before it was asked for all.
        """
        erased = {subject: entry for entry in entries for subject in entry.subjects}
        again = 0
        after = 0
        while True:
            rows = await self._store.transact(lambda start=after: _conversations(start))  # type: ignore[misc]
            for row in rows:
                identity = Identity(channel=row["channel"], address=row["contact"])
                entry = erased.get(self._subject(identity))
                if entry is not None and row["created_at"] <= entry.at:
                    again += await self._erased_again(identity, actor=entry.actor)
            if len(rows) < _SLICE:
                return again
            after = int(rows[-1]["id"])

    async def _erased_again(self, identity: Identity, *, actor: str) -> int:
        erasure_id, now, secret = self._new_id(), self._clock.now(), self._secret()

        def job() -> Generator[Statement, Rows, tuple[int, ...]]:
            contact = yield from knowing.by_address(identity.channel, identity.address)
            known = contact.id if contact else ""
            identities = contact.identities if contact else (identity,)
            return (
                yield from self._erased(
                    erasure_id,
                    known,
                    identities,
                    actor=actor,
                    action="contact.erased_again",
                    at=now,
                    remote=actor != RETENTION,
                    secret=secret,
                    lift=False,  # what was restored may be older than their STOP
                )
            )

        return 1 if await self._store.transact(job) else 0

    def _erased(
        self,
        erasure_id: str,
        contact_id: str,
        identities: Sequence[Identity],
        *,
        actor: str,
        action: str,
        at: float,
        remote: bool,
        secret: bytes,
        lift: bool,
    ) -> Generator[Statement, Rows, tuple[int, ...]]:
        """The transaction; the ids of the conversations it emptied.

        Who had said STOP stays stopped; of who had not, ``lift`` forgets an earlier one.
        """
        emptied = yield from erasing.emptied(identities)
        suppressed = yield from suppressing.keep(emptied.stopped, secret=secret)
        yield from suppressing.lift(emptied.going if lift else ())
        named = [contact_id, *(yield from erasing.noted_of(contact_id))] if contact_id else []
        counts = {**emptied.counts, **(yield from erasing.unknown(contact_id))}
        counts["usage"] = yield from erasing.used(identities, name=f"{erasing.ERASED}{erasure_id}")
        counts["told"] = yield from erasing.untold(identities, *named)
        counts["suppressed"] = suppressed
        subjects = sorted(self._subject(one) for one in identities)
        pending = Pending(
            identities=list(identities),
            conversations=list(emptied.conversations),
            remote=remote and self._provider is not None,
            sids=list(emptied.sids) if remote and self._provider else [],
            done=[],
            tries=0,
            quarantine=0,
            counts={"deleted": 0, "absent": 0, "refused": 0},
        )
        yield statement(
            "INSERT INTO erasure (tenant_id, id, at, actor, subjects, counts, pending, attempts, due)"
            " VALUES (:tenant, :id, :at, :actor, :subjects, :counts, :pending, 0, :at)"
            " ON CONFLICT (tenant_id, id) DO NOTHING",
            id=erasure_id,
            at=at,
            actor=actor,
            subjects=json.dumps(subjects),
            counts=json.dumps(counts, sort_keys=True),
            pending=pending.text(),
        )
        yield from audit.write(
            self._audit.act(actor, action, f"erasure/{erasure_id}", act_id=f"erasure-{erasure_id}", **counts)
        )
        return emptied.conversations

    async def _worked(self, row: Row) -> bool:
        """Go on with one erasure; whether that was the end of it."""
        pending = Pending.read(row["pending"])
        counts: dict[str, int] = json.loads(row["counts"])
        await self._quarantine(pending, counts)
        late = await self._store.transact(lambda: erasing.sids_of(pending.conversations, since=row["at"]))
        known = {*pending.sids, *pending.done}
        pending.sids += [sid for sid in dict.fromkeys(late) if sid not in known] if pending.remote else []
        refusing = await self._forgotten(pending)
        now = self._clock.now()
        settled_at = row["at"] + _SETTLING
        if now >= settled_at and not pending.sids:
            await self._ended(row, pending, counts, at=now)
            return True
        due = settled_at
        if pending.sids:
            due = now + min(_FIRST_RETRY * 2.0**pending.tries, _LONGEST_RETRY) if refusing else now
            pending.tries += refusing
        await self._store.transact(lambda: _put_off(row["id"], pending.text(), counts, due=due))
        return False

    async def _quarantine(self, pending: Pending, counts: dict[str, int]) -> None:
        """Empty the webhooks that were not understood, a slice a transaction."""
        while pending.quarantine is not None:
            after, now = pending.quarantine, self._clock.now()
            found, last = await self._store.transact(
                lambda after=after, now=now: erasing.quarantine_erased(pending.identities, after=after, at=now)  # type: ignore[misc]
            )
            counts["quarantined"] = counts.get("quarantined", 0) + found
            pending.quarantine = last or None

    async def _forgotten(self, pending: Pending) -> bool:
        """Ask the provider to delete some of what it has; whether it would rather be asked later."""
        waits = []
        for sid in pending.sids[:_AT_ONCE]:
            outcome = await self._provider.forget(sid) if self._provider else "absent"
            if outcome == "later" and pending.tries < _MOST_ATTEMPTS:
                waits.append(sid)
                continue
            pending.counts["refused" if outcome == "later" else outcome] += 1
            pending.done.append(sid)
        pending.sids = [*pending.sids[_AT_ONCE:], *waits]
        return bool(waits)

    async def _ended(self, row: Row, pending: Pending, counts: dict[str, int], *, at: float) -> None:
        """Make the receipt, and forget what it was made of."""
        told = receipt_of({**row, "counts": json.dumps(counts)})
        receipt = replace(told, provider=pending.counts, done_at=at)
        receipt = replace(receipt, digest=digest(receipt))
        act = self._audit.act(
            "system",
            "erasure.completed",
            f"erasure/{receipt.id}",
            act_id=f"erased-{receipt.id}",
            digest=receipt.digest,
            **pending.counts,
        )

        def job() -> Generator[Statement, Rows, None]:
            back = yield from _came_back(pending.identities)
            if not back:
                yield from erasing.used(pending.identities, name=f"{erasing.ERASED}{receipt.id}:2")
                yield from erasing.untold(pending.identities)
            yield statement(
                "UPDATE erasure SET done_at = :at, pending = '', counts = :counts, receipt = :receipt"
                " WHERE tenant_id = :tenant AND id = :id",
                at=at,
                counts=json.dumps(counts, sort_keys=True),
                receipt=json.dumps(asdict(receipt)),
                id=receipt.id,
            )
            yield from audit.write(act)

        await self._store.transact(job)

    def _secret(self) -> bytes:
        """32 bytes that nobody can guess, as ids cannot be."""
        return hashlib.sha256(f"{self._new_id()}\n{self._new_id()}".encode()).digest()

    def _subject(self, identity: Identity) -> str:
        return hashlib.sha256(f"{self._tenant}\n{identity.channel}\n{identity.address}".encode()).hexdigest()


def _rows(condition: str, **values: object) -> Generator[Statement, Rows, Rows]:
    return (yield statement(f"SELECT * FROM erasure WHERE tenant_id = :tenant AND {condition}", **values))  # noqa: S608


def _receipt(erasure_id: str) -> Generator[Statement, Rows, Receipt]:
    rows = yield from _rows("id = :id", id=erasure_id)
    if not rows:
        raise NotFound(f"erasure {erasure_id} is not there")
    return receipt_of(rows[0])


def _claimed(now: float) -> Generator[Statement, Rows, Rows]:
    """Some erasures that are due, held for a while."""
    return (
        yield statement(
            "UPDATE erasure SET due = :until, attempts = attempts + 1 WHERE tenant_id = :tenant AND id IN (SELECT id"
            " FROM erasure WHERE tenant_id = :tenant AND done_at IS NULL AND due <= :now ORDER BY due LIMIT 5)"
            " AND due <= :now RETURNING *",
            now=float(now),
            until=now + _LEASE,
        )
    )


def _put_off(erasure_id: str, pending: str, counts: dict[str, int], *, due: float) -> Generator[Statement, Rows, None]:
    yield statement(
        "UPDATE erasure SET pending = :pending, counts = :counts, due = :due WHERE tenant_id = :tenant AND id = :id",
        pending=pending,
        counts=json.dumps(counts, sort_keys=True),
        due=float(due),
        id=erasure_id,
    )


def _conversations(after: int) -> Generator[Statement, Rows, Rows]:
    return (
        yield statement(
            "SELECT id, channel, contact, created_at FROM conversation WHERE tenant_id = :tenant AND id > :after"
            " ORDER BY id LIMIT :limit",
            after=after,
            limit=_SLICE,
        )
    )


def _came_back(identities: Sequence[Identity]) -> Generator[Statement, Rows, bool]:
    """Whether somebody has written from one of the addresses since."""
    for one in identities:
        rows = yield statement(
            "SELECT 1 AS one FROM conversation WHERE tenant_id = :tenant AND channel = :channel AND contact = :address",
            channel=one.channel,
            address=one.address,
        )
        if rows:
            return True
    return False
