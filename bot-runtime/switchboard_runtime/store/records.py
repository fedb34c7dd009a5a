"""What passes in and out of a store: frozen records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import msgspec

if TYPE_CHECKING:
    from switchboard_runtime.store.statements import Also

__all__ = [
    "Accepted",
    "Claim",
    "Content",
    "ConversationState",
    "DeadLetter",
    "Inbound",
    "OutboxItem",
    "Quarantined",
    "Queue",
    "Reply",
    "StatusUpdate",
    "Turn",
    "Webhook",
    "WorkItem",
    "texts",
]

Item = TypeVar("Item")


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """A message from a contact: a struct, since one is made for each webhook, in a tenth of a dataclass's time.

    Attributes:
        provider: who delivered it (``twilio``, ``http``); with ``account`` and ``sid`` the key of duplicates.
        account: the provider's account.
        sid: the provider's id of the message.
        channel: ``sms``, ``whatsapp``, ``http``.
        own: our address, as the provider writes it.
        contact: theirs, as the provider writes it; not always a phone number.
        text: what they wrote, pressed or chose, or the place they shared, in words; empty for media alone.
        kind: the message's type: ``text``, ``image``, ``audio``, ``location``, ``interactive`` …
        opt_out: the provider's verdict (``STOP``, ``START``, ``HELP``) when it has answered already.
        fields: everything that came, for what is not understood yet.
        trace: id that follows the message into every log line.
        received_at: seconds since the epoch.
        not_before: when its work may begin at the soonest, since more may come; only told to ``accept``.
    """

    provider: str
    account: str
    sid: str
    channel: str
    own: str
    contact: str
    text: str
    kind: str = "text"
    opt_out: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    trace: str
    received_at: float
    not_before: float = 0.0

    def __repr__(self) -> str:
        """What may be logged of it."""
        return f"Inbound(sid={self.sid!r}, channel={self.channel!r}, kind={self.kind!r}, trace={self.trace!r})"


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound message is durable: stored now, or before (``duplicate``).

    ``begun`` is its work, leased in the same transaction, if the caller asked for that and its lane was free.
    """

    work_id: int
    duplicate: bool
    begun: WorkItem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationState:
    """What is remembered between two messages of a conversation.

    ``epoch`` counts changes of who answers; a turn begun under an older one is not kept.
    """

    mode: Literal["bot", "human"] = "bot"
    opted_out: bool = False
    contacted: bool = False
    language: str | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A message to answer, held under a lease. ``attempts`` counts this one.

    ``joined`` are the messages behind it in its lane that are answered with it, each with its work's id.
    """

    id: int
    fence: int
    attempts: int
    conversation_id: int
    state: ConversationState
    message: Inbound
    joined: tuple[tuple[int, Inbound], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A content template at the provider, with what is put into its placeholders."""

    sid: str
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message to a contact.

    Attributes:
        text: the words; with ``content`` what they come to, for the history and for looking it up.
        media: public URLs of pictures, documents or sound.
        content: sent in place of the text, on channels that have templates.
        action: a place, ``geo:{latitude},{longitude}|{label}``.
        choices: what the contact was offered in it, each an id and the words for it, in the order of the list.
        notice: sent also to who opted out: the confirmation of it, or help that was asked for.
        author: ``bot``, or who wrote it: a person's name in the API.
    """

    text: str = field(default="", repr=False)
    media: tuple[str, ...] = ()
    content: Content | None = None
    action: str | None = None
    choices: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    notice: bool = False
    author: str = "bot"


def texts(*said: str) -> tuple[Reply, ...]:
    """Replies of words alone."""
    return tuple(Reply(text=text) for text in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What comes of a message: replies to send in order, the state after, and why in one word.

    ``also`` is kept in the same transaction, or not at all.
    """

    replies: tuple[Reply, ...]
    state: ConversationState
    outcome: str
    also: Also = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The replies' words."""
        return tuple(reply.text for reply in self.replies)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A reply to send, held under a lease, its intent durable.

    ``look_first`` is True when an earlier POST may have been done: ask the provider before sending again.
    ``last_inbound_at`` is when the contact wrote last, None if never: some channels let us write for a day only.
    ``language`` is the conversation's, None while it is not known.
    """

    id: str
    seq: int
    fence: int
    attempts: int
    conversation_id: int
    channel: str
    sender: str
    recipient: str
    reply: Reply = field(repr=False)
    trace: str
    received_at: float
    created_at: float
    intent_at: float
    last_inbound_at: float | None
    look_first: bool
    language: str | None = None

    @property
    def text(self) -> str:
        """The reply's words."""
        return self.reply.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Generic[Item]):
    """Items now held, and when the next may become free (None: nothing waits)."""

    items: tuple[Item, ...]
    next_due: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """A status callback: what became of a message we sent.

    ``outbox_id`` is ours when the callback carried it; the SID alone may be older than our knowledge of it.
    """

    sid: str
    status: str
    outbox_id: str | None
    sender: str
    recipient: str
    error_code: int | None
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How much waits, and since when the oldest does (seconds since the epoch)."""

    depth: int
    oldest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook that was signed and not understood, as it came.

    Attributes:
        key: what makes a repetition of it the same one.
        path: path and query.
        content_type: of the body.
        body: as signed.
        reason: what was not understood.
        received_at: seconds since the epoch.
    """

    key: str
    path: str
    content_type: str
    body: bytes = field(repr=False)
    reason: str
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A webhook kept until a later release understands it."""

    id: int
    webhook: Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message whose assistant failed at every try (``inbox``), or a reply given up (``outbox``)."""

    queue: Literal["inbox", "outbox"]
    id: int
    trace: str
    reason: str
    attempts: int
