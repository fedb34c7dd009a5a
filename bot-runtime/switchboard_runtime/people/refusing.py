"""Enters it in the audit log when the provider, not the contact, tells us that they opted out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.people import audit
from switchboard_runtime.store import statement
from switchboard_runtime.store.delivery import OPTED_OUT

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.store import Also, OutboxItem, Rows, Statement, StatusUpdate

__all__ = ["OptOutHook"]

_ACTION = "contact.opted_out"


class OptOutHook:
    """A :class:`~switchboard_runtime.conversation.hooks.SendHook`.

    Args:
        audit: the tenant's.
    """

    def __init__(self, *, audit: Audit) -> None:
        self._audit = audit

    def sent(self, item: OutboxItem, sid: str) -> Also:  # noqa: ARG002  # of the protocol
        """Nothing to enter."""
        return ()

    def failed(self, item: OutboxItem, *, code: int | None, reason: str) -> Also:  # noqa: ARG002  # of the protocol
        """A reply that was refused since they opted out."""
        if code != OPTED_OUT:
            return ()
        subject = f"conversation/{item.conversation_id}"
        act = self._audit.act("provider", _ACTION, subject, act_id=f"refused-{item.id}", code=code)
        return (self._audit.also(act),)

    def reported(self, update: StatusUpdate) -> Also:
        """A reply that was accepted and then not delivered, since they opted out."""
        if update.error_code != OPTED_OUT:
            return ()

        def body() -> Generator[Statement, Rows, None]:
            rows = yield statement(
                "SELECT id, conversation_id FROM outbox WHERE tenant_id = :tenant AND sid = :sid", sid=update.sid
            )
            for row in rows:
                subject = f"conversation/{row['conversation_id']}"
                act_id = f"refused-{row['id']}"
                yield from audit.write(
                    self._audit.act("provider", _ACTION, subject, act_id=act_id, code=update.error_code)
                )

        return (body,)

    def kept(self) -> None:
        """Nobody waits for it."""
