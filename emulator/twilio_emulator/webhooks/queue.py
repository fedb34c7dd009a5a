"""Where every webhook begins: what is to be called, queued in the transaction in which it arose.

Faults that were ordered for it are settled here, once and for good: what is queued survives a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twilio_emulator.faults import FaultKind, WebhookCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.faults import Order

__all__ = ["enqueue"]


def enqueue(
    core: Core,
    *,
    kind: str,
    account_sid: str,
    resource_sid: str,
    url: str,
    now: float,
    method: str = "POST",
    params: Sequence[tuple[str, str]] = (),
    body: str = "",
    fallback_url: str = "",
    fallback_method: str = "POST",
    lane: str | None = None,
    not_before: float | None = None,
) -> None:
    """Queue a call to a customer's URL; it survives a restart.

    Args:
        core: the emulator.
        kind: a ``WebhookKind``; says who acts on the answer.
        account_sid: whose auth token signs it.
        resource_sid: what it is about, such as a message.
        url: as the customer configured it, with connection overrides.
        now: the moment.
        method: ``GET`` or ``POST``.
        params: form fields in order.
        body: a JSON document, sent instead of the form and signed by ``bodySHA256``.
        fallback_url: called when ``url`` failed, ``""`` for none.
        fallback_method: how.
        lane: webhooks of one lane are called one after another; the resource when left out.
        not_before: earliest moment, ``now`` when left out.
    """
    lane, start = resource_sid if lane is None else lane, now if not_before is None else not_before
    outbox, held = core.store.outbox, f"held {lane}"
    overtakes = outbox.is_holding(held)
    call = WebhookCall(kind=kind, url=url, account=account_sid, overtakes=overtakes)
    place = _Place(lane, start)
    for order in core.faults.strike_webhook(call, now) if core.faults else ():
        place = _moved(place, order, token=core.sids.token())
    for number in range(place.copies):
        outbox.put(
            kind=kind,
            account_sid=account_sid,
            resource_sid=resource_sid,
            lane=place.lane,
            url=url,
            method=method,
            params=params,
            body=body,
            token=core.sids.token(),
            now=now,
            not_before=place.start,
            fallback_url=fallback_url,
            fallback_method=fallback_method,
            is_copy=number > 0,
        )
    if overtakes:
        outbox.release(held, lane=lane, now=now)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and when a webhook is queued, and how often."""

    lane: str
    start: float
    copies: int = 1


def _moved(place: _Place, order: Order, *, token: str) -> _Place:
    """Return where a fault puts a webhook. One that may be overtaken gets a lane of its own."""
    match order.effect.kind:
        case FaultKind.LOSE:
            return replace(place, copies=0)
        case FaultKind.DUPLICATE:
            return replace(place, copies=place.copies * order.effect.copies)
        case FaultKind.REORDER:
            return replace(place, lane=f"held {place.lane}", start=place.start + order.duration())
        case FaultKind.DELAY:
            return replace(place, lane=f"{place.lane} {token}", start=place.start + order.duration())
        case _:
            return replace(place, start=place.start + order.duration())
