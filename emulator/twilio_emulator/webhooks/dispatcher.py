"""Calls the webhooks that are queued, and hands their answers to whoever acts on them.

Webhooks of one lane are called one after another, in the order they arose; those of different lanes at the same time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.models import Stage, WebhookKind
from twilio_emulator.signals import Signal
from twilio_emulator.store.outbox import Exchange
from twilio_emulator.webhooks.answers import Failure
from twilio_emulator.webhooks.payloads import failure_params
from twilio_emulator.webhooks.rules import orders_for
from twilio_emulator.webhooks.signing import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.bell import Bell
    from twilio_emulator.core import Core
    from twilio_emulator.models import Webhook
    from twilio_emulator.webhooks.answers import AnswerHandler
    from twilio_emulator.webhooks.rules import Orders
    from twilio_emulator.webhooks.sender import Outcome, WebhookSender
    from twilio_emulator.webhooks.signing import SignedRequest

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)
_MOST_AT_ONCE = 100
_SINK_ALERTS = {"4xx": 91305, "5xx": 91306, "ct": 91307, "rt": 91308}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attempt:
    """One call: what was sent, what came of it, and how long it took."""

    request: SignedRequest
    outcome: Outcome
    duration: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    """What came of a stage: its last attempt, and what was wrong with it."""

    attempt: _Attempt
    failure: Failure | None


class Dispatcher:
    """Starts what it is told to start and remembers what is under way.

    Args:
        core: the emulator.
        sender: what calls the URLs.
        bell: rung when a webhook is done: the next of its lane may go.
        handlers: who acts on the answers, by kind; the answers of other kinds are not looked at.
    """

    def __init__(self, *, core: Core, sender: WebhookSender, bell: Bell, handlers: Mapping[str, AnswerHandler]) -> None:
        self._core = core
        self._sender = sender
        self._bell = bell
        self._handlers = handlers
        self._busy: dict[str, asyncio.Task[None]] = {}

    def start(self, now: float) -> None:
        """Start to call every webhook whose turn it is."""
        for seq, lane in self._core.store.outbox.queue(now):
            if len(self._busy) >= _MOST_AT_ONCE:
                return
            if lane not in self._busy:
                self._busy[lane] = asyncio.create_task(self._deliver(seq), name=f"webhook-{seq}")
                self._busy[lane].add_done_callback(partial(self._done, lane))

    async def stop(self) -> None:
        """Break off what is under way; it stays queued."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_idle(self, now: float) -> bool:
        """Say whether no webhook is under way and none could be started."""
        return not self._busy and not self._core.store.outbox.queue(now)

    def _done(self, lane: str, task: asyncio.Task[None]) -> None:
        del self._busy[lane]
        if not task.cancelled() and task.exception():
            _log.error("a webhook of %s was given up", lane, exc_info=task.exception())
        self._bell.ring()

    async def _deliver(self, seq: int) -> None:
        """Call the primary URL, then the fallback URL if need be."""
        outbox = self._core.store.outbox
        try:
            while webhook := outbox.find(seq):
                result = await self._attempts(webhook)
                with self._core.store.transaction():
                    self._conclude(webhook, result)
        except Exception:
            with self._core.store.transaction():
                outbox.finish(seq)
            raise

    def _conclude(self, webhook: Webhook, result: _Result) -> None:
        """Raise the alert of a stage that failed, and turn to the fallback URL or give up."""
        outbox, failure = self._core.store.outbox, result.failure
        if outbox.find(webhook.seq) is None and failure is None:
            return
        if failure:
            self._alert(webhook, result.attempt, failure)
        if failure and failure.falls_back and webhook.stage == Stage.PRIMARY and webhook.fallback_url:
            outbox.fall_back(webhook.seq, error_code=failure.code)
            return
        outbox.finish(webhook.seq)
        if failure and failure.falls_back and (handler := self._handler(webhook)):
            handler.gave_up(self._core, webhook, failure)

    async def _attempts(self, webhook: Webhook) -> _Result:
        """Call one URL as often as its overrides say."""
        orders = orders_for(self._core, webhook, _target(webhook)[0])
        overrides = orders.overrides
        loop = asyncio.get_running_loop()
        deadline = loop.time() + overrides.total_timeout
        current = webhook
        while True:
            attempt = await self._attempt(current, orders, left=max(0.1, deadline - loop.time()))
            result = _Result(attempt=attempt, failure=self._settle(current, attempt))
            outcome = attempt.outcome
            spent = current.attempts >= overrides.retries or loop.time() >= deadline
            if outcome.ok or spent or not overrides.repeats(outcome.kind):
                return result
            await self._core.clock.sleep_until(self._core.clock.now() + self._core.settings.retry_delay)
            found = self._core.store.outbox.find(webhook.seq)
            if found is None:
                return result
            current = found

    async def _attempt(self, webhook: Webhook, orders: Orders, *, left: float) -> _Attempt:
        url, method = _target(webhook)
        params = list(webhook.params)
        if webhook.stage == Stage.FALLBACK:
            params += failure_params(webhook.error_code or 11200, webhook.url)
        account = self._core.store.accounts.require(webhook.account_sid)
        request = sign(
            url=url,
            method=method,
            params=params,
            body=webhook.body,
            auth_token=account.auth_token,
            shared_key=orders.shared_key,
            extra_headers=orders.headers,
            idempotency_token=webhook.token if webhook.attempts else None,
        )
        started = asyncio.get_running_loop().time()
        outcome = await self._sender.send(
            request,
            connect_timeout=orders.overrides.connect_timeout,
            read_timeout=orders.overrides.read_timeout,
            total_timeout=left,
        )
        return _Attempt(request=request.logged(), outcome=outcome, duration=asyncio.get_running_loop().time() - started)

    def _settle(self, webhook: Webhook, attempt: _Attempt) -> Failure | None:
        """Record an attempt and act on a good answer, in one transaction; return what was wrong with it."""
        outcome = attempt.outcome
        failure = _failure(webhook, outcome)
        handler = self._handler(webhook)
        with self._core.store.transaction():
            forgotten = self._core.store.outbox.find(webhook.seq) is None
            if outcome.ok and handler and not forgotten:
                failure = handler.answered(self._core, webhook, outcome)
            self._core.store.outbox.record(
                webhook,
                url=_target(webhook)[0],
                status=outcome.status,
                error_code=failure.code if failure else None,
                error=failure.text if failure else None,
                now=self._core.clock.now(),
                duration=attempt.duration,
                request=Exchange(
                    method=attempt.request.method, headers=attempt.request.headers, body=attempt.request.body
                ),
                response=Exchange(headers=outcome.headers, body=outcome.text),
            )
            if outcome.ok and failure is None:
                self._core.store.outbox.finish(webhook.seq)
        return failure

    def _handler(self, webhook: Webhook) -> AnswerHandler | None:
        """Return who acts on the answer; of a copy only the answer to a message counts, as a bot that answers twice."""
        acts = not webhook.is_copy or webhook.kind == WebhookKind.INBOUND
        return self._handlers.get(webhook.kind) if acts else None

    def _alert(self, webhook: Webhook, attempt: _Attempt, failure: Failure) -> None:
        sid, now = self._core.sids.sid("NO"), self._core.clock.now()
        self._core.store.alerts.add(
            sid=sid,
            account_sid=webhook.account_sid,
            resource_sid=webhook.resource_sid,
            error_code=failure.code,
            text=failure.text,
            now=now,
            request_method=attempt.request.method,
            request_url=_target(webhook)[0],
            request_headers=attempt.request.headers,
            request_variables=attempt.request.body,
            response_headers=attempt.outcome.headers,
            response_body=attempt.outcome.text,
        )
        data = {"error_code": failure.code, "text": failure.text, "alert_sid": sid, "url": _target(webhook)[0]}
        self._core.signals.emit(
            Signal(
                name="alert.raised",
                account_sid=webhook.account_sid,
                resource_sid=webhook.resource_sid,
                now=now,
                data=data,
            )
        )


def _failure(webhook: Webhook, outcome: Outcome) -> Failure | None:
    """Return what was wrong with an attempt; sinks of Event Streams have codes of their own for it."""
    if not outcome.error_code:
        return None
    sink = webhook.kind == WebhookKind.EVENTS
    code = _SINK_ALERTS.get(outcome.kind, 91300) if sink else outcome.error_code
    return Failure(code=code, text=outcome.error or "", status=outcome.status)


def _target(webhook: Webhook) -> tuple[str, str]:
    """Return URL and method of the present stage."""
    if webhook.stage == Stage.FALLBACK:
        return webhook.fallback_url, webhook.fallback_method
    return webhook.url, webhook.method
