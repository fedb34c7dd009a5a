"""Where every webhook begins: what is to be called, queued in the transaction in which it arose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core

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
    core.store.outbox.put(
        kind=kind,
        account_sid=account_sid,
        resource_sid=resource_sid,
        lane=resource_sid if lane is None else lane,
        url=url,
        method=method,
        params=params,
        body=body,
        token=core.sids.token(),
        now=now,
        not_before=now if not_before is None else not_before,
        fallback_url=fallback_url,
        fallback_method=fallback_method,
    )
