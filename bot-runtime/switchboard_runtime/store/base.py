"""The port of the inbox/outbox engine.

For: SQLite here, PostgreSQL beyond one pod, with the same promises:

- ``accept`` returns only when message, conversation and work item are durable together, once per
  (provider, account, sid).
- A lane is a conversation. Its items are claimed one at a time, oldest first; the next is free when the one
  before is finished. Lanes do not wait for one another.
- A claim holds for the lease. It has a fence; whoever took over an expired lease has a higher one, and the
  older holder's results raise :class:`~switchboard_runtime.errors.LeaseLost`.
- Replies become durable in the transaction that finishes their work item.
- A claimed reply's intent is durable before the caller may POST it.
- The next reply of a lane is free when the provider reports the one before as sent or ended, or after a time that
  the store was made with; a reply that was tried already keeps its own due time.
- What comes with a turn (``Turn.also``) is kept in its transaction, or not at all.

Every method raises :class:`~switchboard_runtime.errors.StoreUnavailable` when nothing of it was kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from switchboard_runtime.store.records import (
        Accepted,
        Claim,
        DeadLetter,
        Inbound,
        OutboxItem,
        Quarantined,
        Queue,
        Reply,
        StatusUpdate,
        Turn,
        Webhook,
        WorkItem,
    )
    from switchboard_runtime.store.statements import Also, Job
    from switchboard_runtime.store.writes import WriteCheck

__all__ = ["Flights", "Instead", "Store"]

Result = TypeVar("Result")
Instead: TypeAlias = "Callable[[OutboxItem], tuple[str, Reply] | None]"


class Flights(Protocol):
    """What a process is answering now."""

    def epochs(self) -> Mapping[int, int]:
        """The conversations, each with its epoch when its message was claimed."""
        ...

    def outdated(self, epochs: Mapping[int, int]) -> None:
        """Interrupt those whose epoch is a later one by now."""
        ...


class Store(Protocol):
    """One tenant's inbox and outbox."""

    @property
    def writes(self) -> WriteCheck:
        """Whether what is written is kept, since something was not."""
        ...

    async def accept(self, message: Inbound, *, begin: bool = False) -> Accepted:
        """Store a message and its work item, or recognise it.

        Args:
            message: what came.
            begin: lease its work at once if it is the first of its lane and may begin now, so that no claim is
                needed; a store may leave that to ``claim_work``.
        """
        ...

    async def claim_work(self, *, limit: int, held: Collection[int]) -> Claim[WorkItem]:
        """Lease the oldest free message of up to ``limit`` lanes; ``held`` are the caller's own in flight."""
        ...

    async def take_along(self, item: WorkItem, *, limit: int) -> WorkItem:
        """The item with up to ``limit`` messages that wait behind it now as ``joined``; nobody else can claim them."""
        ...

    async def finish_work(self, item: WorkItem, turn: Turn) -> bool | None:
        """Keep the turn: its replies queued, the conversation's state, the work done.

        Returns:
            True when it is known that nothing more waits in the lane, so that no claim is needed.

        Raises:
            LeaseLost: the item, or the conversation's epoch, is not as it was claimed.
        """
        ...

    async def postpone_work(self, item: WorkItem, *, due: float, counted: bool = True) -> None:
        """Give an item back, to be claimed from ``due`` on; ``counted`` says whether this claim was an attempt."""
        ...

    async def replies(self, work_id: int) -> tuple[str, ...] | None:
        """Texts of a finished item's replies, or None while it is not finished."""
        ...

    async def transact(self, job: Job[Result]) -> Result:
        """Run statements of our own in one transaction (:mod:`.statements`), and return what the job returns."""
        ...

    async def conversation(self, *, channel: str, own: str, contact: str) -> int:
        """The id of the conversation between two addresses, made if it is new."""
        ...

    async def hand_over(self, conversation_id: int, *, to: Literal["bot", "human"], also: Also = ()) -> bool:
        """Change who answers. A turn in flight is not kept; to a human, the bot's replies not yet sent are ended.

        Returns:
            False, with nothing done and ``also`` not run, when there is no such conversation or it is so already.
        """
        ...

    async def say(
        self, conversation_id: int, replies: Sequence[tuple[str, Reply]], *, trace: str, also: Also = ()
    ) -> bool:
        """Queue replies that answer no message, each under an id of the caller's; a known id is not queued again.

        Returns:
            False, with nothing done, when there is no such conversation.
        """
        ...

    async def claim_outbox(self, *, limit: int, held: Collection[int]) -> Claim[OutboxItem]:
        """Lease the oldest unsent reply of up to ``limit`` lanes and write its intent."""
        ...

    async def renew_intent(self, item: OutboxItem) -> OutboxItem | None:
        """Prolong the lease and date the intent anew, just before a late or repeated POST.

        Returns:
            The item, or None when the contact opted out meanwhile: the reply is ended.

        Raises:
            LeaseLost: somebody else holds the item, or it turned out to be sent.
        """
        ...

    async def mark_sent(self, item: OutboxItem, *, sid: str, also: Also = ()) -> bool:
        """Record that the provider has the reply, whoever holds the lease: a fact outlives a fence.

        Returns:
            False when the reply was known under another SID already: it was sent twice.
        """
        ...

    async def mark_failed(
        self,
        item: OutboxItem,
        *,
        code: int | None,
        reason: str,
        instead: tuple[str, Reply] | None = None,
        also: Also = (),
    ) -> None:
        """Record that the reply will never be sent; ``instead`` is queued with that, once under its id."""
        ...

    async def postpone_outbox(self, item: OutboxItem, *, due: float, unsent: bool) -> None:
        """Give a reply back until ``due``; ``unsent`` says it is certain that no POST of it was done."""
        ...

    async def claimed_sids(self, sids: Collection[str], *, other_than: str) -> frozenset[str]:
        """Which of ``sids`` belong to replies other than the one with this id."""
        ...

    async def record_status(self, update: StatusUpdate, *, instead: Instead | None = None, also: Also = ()) -> bool:
        """Keep a callback; never lowers a status.

        Args:
            update: the callback.
            instead: asked when a reply turns out not to have arrived: what to queue in the same transaction, once
                under its id, in place of it, if anything.
            also: not run when the message is not ours.

        Returns:
            Whether the message is ours.
        """
        ...

    async def quarantine(self, webhook: Webhook) -> bool:
        """Keep a webhook that is not understood. Returns False when it is there already, under its key."""
        ...

    async def quarantined(self, *, limit: int, after: int = 0) -> tuple[Quarantined, ...]:
        """The webhooks that wait to be understood, from the oldest; ``after`` is the last id seen."""
        ...

    async def settle_quarantined(self, quarantined_id: int) -> None:
        """Record that a webhook was understood after all: it waits no more."""
        ...

    async def dead_letters(self, *, limit: int, after: tuple[str, int] = ("", 0)) -> tuple[DeadLetter, ...]:
        """Messages whose assistant failed at every try, then replies given up for their age; each from the oldest.

        ``after`` is the queue and the id of the last seen.
        """
        ...

    async def revive(self, letter: DeadLetter, *, also: Also = ()) -> bool:
        """Put a dead letter back into its lane, its attempts forgotten.

        Returns:
            False, and ``also`` not run, when it is none any more.
        """
        ...

    async def queues(self) -> Mapping[str, Queue]:
        """What waits, by queue (``inbox``, ``outbox``)."""
        ...

    async def release(self, owner: str | None = None) -> None:
        """End the leases of a process (this one, or one known to be dead), so that nobody waits for them."""
        ...
