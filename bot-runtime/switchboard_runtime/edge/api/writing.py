"""What may be written to people: text, media, templates; within the channel's window or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from switchboard_runtime.config.fields import HttpUrl
from switchboard_runtime.edge.api.models import Asked, Plain
from switchboard_runtime.errors import Conflict
from switchboard_runtime.store import Content, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchboard_runtime.people import Conversation

__all__ = ["Template", "Written", "replies_of"]

_WINDOW = 86400.0
_WRITABLE = frozenset({"sms", "whatsapp"})
_VARIABLE = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,32}$")]


class Template(Asked):
    """A content template at the provider."""

    sid: Annotated[str, StringConstraints(pattern=r"^HX[0-9a-fA-F]{32}$")]
    variables: Annotated[dict[_VARIABLE, Plain], Field(max_length=50, default_factory=dict)]


class Written(Asked):
    """One message: text and media, or a template. `text` beside a template is what it comes to, for the history."""

    text: Annotated[Plain, Field(max_length=1600)] = ""
    media: Annotated[tuple[HttpUrl, ...], Field(max_length=10)] = ()
    template: Template | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.text.strip() or self.media or self.template):
            raise ValueError("give text, media or a template")
        if self.template and self.media:
            raise ValueError("a template brings its own media; leave media out")
        return self

    def reply(self) -> Reply:
        """It, as the store keeps it."""
        variables = tuple(self.template.variables.items()) if self.template else ()
        content = Content(sid=self.template.sid, variables=variables) if self.template else None
        return Reply(text=self.text, media=self.media, content=content)


def replies_of(messages: Sequence[Written], conversation: Conversation, *, now: float) -> tuple[Reply, ...]:
    """The replies, if the channel lets us send them now.

    Raises:
        Conflict: nobody can be written to on the channel, or WhatsApp's day is over; says since when.
    """
    if conversation.channel not in _WRITABLE:
        raise Conflict(f"on {conversation.channel} nobody can be written to: answers go with what is asked")
    heard = conversation.last_inbound_at
    closed = conversation.channel == "whatsapp" and (heard is None or now - heard > _WINDOW)
    if closed and any(message.template is None for message in messages):
        told = "they never wrote" if heard is None else f"they wrote {(now - heard) / 3600:.0f} hours ago"
        raise Conflict(f"{told}, and WhatsApp takes free text for 24 hours; send a template")
    return tuple(message.reply() for message in messages)
