"""Webhooks that Twilio signed and nobody here understands: kept as they came, acknowledged, understood later.

For: parameters, products and paths that come without notice. A refusal would lose them: Twilio gives up soon.
Assumes: the signature was checked. Each event of an Event Streams batch is kept under its own id, since they are
delivered at least once and in any company.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from switchboard_runtime.channels.twilio_forms import phone_number, read_message, read_status
from switchboard_runtime.edge.body import form_pairs
from switchboard_runtime.store import StatusUpdate, Webhook

if TYPE_CHECKING:
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.store import Inbound, Store

__all__ = ["kept", "replay", "understand"]

_STATUS = "/bot/twilio/status"
_FORM = "application/x-www-form-urlencoded"
_PAGE = 100


def kept(*, path: str, content_type: str, body: bytes, reason: str, now: float) -> tuple[Webhook, ...]:
    """What to keep of a request: the whole, or each of its events."""
    events = _events(body) if content_type == "application/json" else ()
    parts = [(f"event {event['id']}", json.dumps(event, ensure_ascii=False).encode()) for event in events]
    whole = [(hashlib.sha256(path.encode() + b"\0" + body).hexdigest(), body)]
    return tuple(
        Webhook(key=key, path=path, content_type=content_type, body=part, reason=reason, received_at=now)
        for key, part in parts or whole
    )


def understand(webhook: Webhook, document: TenantDocument, *, trace: str) -> Inbound | StatusUpdate | None:
    """What this release makes of a kept webhook, or still nothing."""
    pairs = form_pairs(webhook.body) if webhook.content_type == _FORM else None
    fields = dict(pairs or ())
    if pairs is None or fields.get("AccountSid") != document.twilio.account_sid:
        return None
    path, _, query = webhook.path.partition("?")
    if path == _STATUS:
        outbox_id = dict(form_pairs(query.encode()) or ()).get("m")
        update = read_status(fields, outbox_id=outbox_id, now=webhook.received_at)
        return update if update and document.number(phone_number(update.sender)) else None
    message = read_message(fields, pairs, trace=trace, now=webhook.received_at)
    return message if message and document.number(phone_number(message.own)) else None


async def replay(store: Store, document: TenantDocument) -> tuple[int, int]:
    """Try all that is kept again. Returns how many were understood, and how many were not."""
    understood = after = seen = 0
    while page := await store.quarantined(limit=_PAGE, after=after):
        for one in page:
            after, seen = one.id, seen + 1
            record = understand(one.webhook, document, trace=f"replay-{one.id}")
            if record is None:
                continue
            await _take(store, record)
            await store.settle_quarantined(one.id)
            understood += 1
    return understood, seen - understood


async def _take(store: Store, record: Inbound | StatusUpdate) -> None:
    if isinstance(record, StatusUpdate):
        await store.record_status(record)
    else:
        await store.accept(record)


def _events(body: bytes) -> tuple[dict[str, Any], ...]:
    """The CloudEvents of a batch, or none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    events = content if isinstance(content, list) else [content]
    whole = all(isinstance(one, dict) and "specversion" in one and isinstance(one.get("id"), str) for one in events)
    return tuple(events) if whole else ()
