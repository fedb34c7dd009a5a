"""A number that answers a list: "2" is the second of what was offered last, "Cancelar" a line of it and no STOP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import structs

from switchboard_runtime.assistants.words import words
from switchboard_runtime.conversation.optout import opt_of
from switchboard_runtime.store import statement
from switchboard_runtime.store.payload import reply_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.store import ConversationState, Inbound, Rows, Statement

__all__ = ["chosen", "may_choose", "offered"]

Choices = tuple[tuple[str, str], ...]

_NUMBER = re.compile(r"[0-9]{1,2}")
_ALWAYS_STOP = frozenset({"stop", "stopall", "unsubscribe"})


def may_choose(document: TenantDocument, state: ConversationState, message: Inbound) -> bool:
    """Whether it is worth a look at what was offered: for a number, or for a word that would end the conversation."""
    said = words(message.text)
    if message.kind != "text" or message.opt_out or not said:
        return False
    if len(said) == 1 and _NUMBER.fullmatch(said[0]):
        return True
    return said[0] not in _ALWAYS_STOP and opt_of(document, state, message) is not None


def offered(conversation_id: int) -> Generator[Statement, Rows, Choices]:
    """What the last message to the contact offered."""
    rows = yield statement(
        "SELECT payload FROM outbox WHERE tenant_id = :tenant AND conversation_id = :conversation"
        " AND state <> 'failed' ORDER BY seq DESC LIMIT 1",
        conversation=conversation_id,
    )
    return reply_of(text="", payload=rows[0]["payload"]).choices if rows else ()


def chosen(message: Inbound, choices: Choices) -> Inbound:
    """The message as if the contact had pressed what it names, by number or by words; as it came if it names none."""
    said = words(message.text)
    number = int(said[0]) if len(said) == 1 and _NUMBER.fullmatch(said[0]) else 0
    by_number = choices[number - 1 : number] if number else ()
    named = by_number or tuple(choice for choice in choices if words(choice[1]) == said)
    if not named:
        return message
    choice, title = named[0]
    return structs.replace(message, text=title, kind="interactive", fields=(*message.fields, ("ButtonPayload", choice)))
