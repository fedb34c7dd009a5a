"""What a turn, a send or a callback amounts to, as events. Pure functions of records and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchboard_runtime.assistants import Answer
    from switchboard_runtime.config.webhooks import EventType
    from switchboard_runtime.store import Inbound, OutboxItem, StatusUpdate, Turn, WorkItem

__all__ = ["Told", "of_reply", "of_report", "of_turn", "opted_out", "reply_row"]

_ARRIVED = frozenset({"delivered", "read"})
_LOST = frozenset({"undelivered", "failed", "canceled"})
_OPTED_OUT = 21610
_LIMIT = "limit: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event, before it is known who is told.

    Attributes:
        event: its type.
        key: makes it the same event when it is told again; unique within the tenant and the type.
        data: facts, as JSON.
        text: the text of the message it is about, for those who want it.
    """

    event: EventType
    key: str
    data: Mapping[str, Any]
    text: str | None = field(default=None, repr=False)


def of_turn(item: WorkItem, turn: Turn, said: Answer | None) -> Iterator[Told]:
    """The messages of a turn, and what came of them."""
    for message in (item.message, *(joined for _, joined in item.joined)):
        yield _received(item.conversation_id, message)
    about = {"conversation": _parties(item.conversation_id, item.message)}
    key = str(item.id)
    if turn.state.opted_out != item.state.opted_out:
        event: EventType = "contact.opted_out" if turn.state.opted_out else "contact.opted_in"
        yield Told(event=event, key=key, data={**about, "by": "contact"})
    if turn.state.mode == "human" and item.state.mode == "bot":
        yield Told(event="conversation.handed_over", key=key, data={**about, "by": "bot"})
    if turn.outcome.startswith(_LIMIT):
        yield Told(event="limit.reached", key=key, data={**about, "limit": turn.outcome.removeprefix(_LIMIT)})
    if turn.outcome == "assistant failed" or (said is not None and said.outcome == "canned"):
        yield Told(event="assistant.failed", key=key, data={**about, "outcome": turn.outcome})
    for index, lead in enumerate(said.leads if said else ()):
        content = {"name": lead.name, "phone": lead.phone, "email": lead.email, "interest": lead.interest}
        yield Told(event="lead.captured", key=f"{key} {index}", data={**about, "lead": content})


def of_reply(event: EventType, row: Mapping[str, Any], *, error: Mapping[str, Any] | None = None) -> Told:
    """What became of a reply."""
    message = {"id": row["id"], "sid": row["sid"], "direction": "outbound", "author": row["author"]}
    if error is not None:
        message["error"] = error
    return Told(
        event=event,
        key=row["id"],
        data={"conversation": _lane(row), "message": message, "trace": row["trace"]},
        text=row["text"],
    )


def of_report(row: Mapping[str, Any], update: StatusUpdate) -> Iterator[Told]:
    """What a callback says; the send itself too, since a callback may be how it came to be known."""
    yield of_reply("message.sent", row)
    if update.status in _ARRIVED:
        yield of_reply("message.delivered", row)
    if update.status in _LOST:
        yield of_reply("message.failed", row, error={"code": update.error_code, "reason": update.status})
    if update.error_code == _OPTED_OUT:
        yield opted_out(row)


def opted_out(row: Mapping[str, Any]) -> Told:
    """The provider says that the contact opted out."""
    return Told(event="contact.opted_out", key=row["id"], data={"conversation": _lane(row), "by": "provider"})


def reply_row(item: OutboxItem, sid: str | None) -> Mapping[str, Any]:
    """A reply in hand, as its row is."""
    return {
        "id": item.id,
        "conversation_id": item.conversation_id,
        "channel": item.channel,
        "sender": item.sender,
        "recipient": item.recipient,
        "author": item.reply.author,
        "text": item.text,
        "sid": sid,
        "trace": item.trace,
    }


def _received(conversation_id: int, message: Inbound) -> Told:
    return Told(
        event="message.received",
        key=f"{message.provider} {message.account} {message.sid}",
        data={
            "conversation": _parties(conversation_id, message),
            "message": {"sid": message.sid, "direction": "inbound", "kind": message.kind},
            "trace": message.trace,
        },
        text=message.text,
    )


def _parties(conversation_id: int, message: Inbound) -> dict[str, Any]:
    return {"id": conversation_id, "channel": message.channel, "own": message.own, "contact": message.contact}


def _lane(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["conversation_id"],
        "channel": row["channel"],
        "own": row["sender"],
        "contact": row["recipient"],
    }
