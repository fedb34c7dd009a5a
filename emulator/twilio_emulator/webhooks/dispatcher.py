"""The emulator's own clockwork: moves messages on and calls the webhooks that are queued.

What is to be done lies in the store, so a restart goes on where the last process stopped. Webhooks of one
message are called one after another, in the order they arose; those of different messages at the same time.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.sending import Outgoing, advance, send
from twilio_emulator.models import Direction, Stage, WebhookKind
from twilio_emulator.webhooks.overrides import Overrides
from twilio_emulator.webhooks.payloads import failure_params
from twilio_emulator.webhooks.signing import sign
from twilio_emulator.webhooks.twiml import InvalidReply, Reply, parse_reply

if TYPE_CHECKING:
    from twilio_emulator.bell import Bell
    from twilio_emulator.core import Core
    from twilio_emulator.models import Webhook
    from twilio_emulator.webhooks.sender import Outcome, WebhookSender

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)
_MOST_AT_ONCE = 100


class Dispatcher:
    """Runs until cancelled.

    Args:
        core: the emulator.
        sender: what calls the URLs.
        bell: rings when there may be something to do.
    """

    def __init__(self, *, core: Core, sender: WebhookSender, bell: Bell) -> None:
        self._core = core
        self._sender = sender
        self._bell = bell
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Do what is due, wait, and so on."""
        try:
            while True:
                rung = self._bell.listen()
                self._advance_messages()
                self._start_deliveries()
                await self._wait(rung)
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, rung: asyncio.Future[None]) -> None:
        """Return when the bell rings or the next message is due."""
        due = self._core.store.messages.next_due()
        if due is None:
            await rung
            return
        nap = asyncio.ensure_future(self._core.clock.sleep_until(due))
        try:
            await asyncio.wait({rung, nap}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()

    def _advance_messages(self) -> None:
        now = self._core.clock.now()
        due = self._core.store.messages.due(now)
        if due:
            with self._core.store.transaction():
                for message in due:
                    advance(self._core, message, now=now)

    def _start_deliveries(self) -> None:
        for seq, lane in self._core.store.outbox.queue():
            if len(self._busy) >= _MOST_AT_ONCE:
                return
            if lane not in self._busy:
                self._busy[lane] = asyncio.create_task(self._deliver(seq), name=f"webhook-{seq}")
                self._busy[lane].add_done_callback(partial(self._done, lane))

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
                failure = await self._attempts(webhook)
                with self._core.store.transaction():
                    if failure and webhook.stage == Stage.PRIMARY and webhook.fallback_url:
                        outbox.fall_back(seq, error_code=failure)
                    else:
                        outbox.finish(seq)
        except Exception:
            with self._core.store.transaction():
                outbox.finish(seq)
            raise

    async def _attempts(self, webhook: Webhook) -> int | None:
        """Call one URL as often as its overrides say; return the alert when the webhook failed."""
        overrides = Overrides.parse(_target(webhook)[0])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + overrides.total_timeout
        current: Webhook | None = webhook
        while current:
            outcome = await self._attempt(current, overrides, left=max(0.1, deadline - loop.time()))
            failure = self._settle(current, outcome)
            spent = current.attempts >= overrides.retries or loop.time() >= deadline
            if outcome.ok or spent or not overrides.repeats(outcome.kind):
                return failure
            await self._core.clock.sleep_until(self._core.clock.now() + self._core.settings.retry_delay)
            current = self._core.store.outbox.find(webhook.seq)
        return None

    async def _attempt(self, webhook: Webhook, overrides: Overrides, *, left: float) -> Outcome:
        url, method = _target(webhook)
        params = list(webhook.params)
        if webhook.stage == Stage.FALLBACK:
            params += failure_params(webhook.error_code or 11200, webhook.url)
        account = self._core.store.accounts.require(webhook.account_sid)
        request = sign(
            url=url,
            method=method,
            params=params,
            auth_token=account.auth_token,
            idempotency_token=webhook.token if webhook.attempts else None,
        )
        return await self._sender.send(
            request,
            connect_timeout=overrides.connect_timeout,
            read_timeout=overrides.read_timeout,
            total_timeout=left,
        )

    def _settle(self, webhook: Webhook, outcome: Outcome) -> int | None:
        """Record an attempt and act on a good answer, in one transaction; return the alert when it failed."""
        replies: list[Reply] = []
        failure, note = outcome.error_code, outcome.error
        if outcome.ok and webhook.kind == WebhookKind.INBOUND:
            try:
                replies = parse_reply(outcome.body, outcome.content_type)
            except InvalidReply as invalid:
                failure, note = invalid.code, str(invalid)
        alert = failure
        with self._core.store.transaction():
            for reply in replies:
                alert, note = self._reply(webhook, reply) or (alert, note)
            self._core.store.outbox.record(
                webhook,
                url=_target(webhook)[0],
                status=outcome.status,
                error_code=alert,
                error=note,
                now=self._core.clock.now(),
            )
            if outcome.ok and failure is None:
                self._core.store.outbox.finish(webhook.seq)
        return failure

    def _reply(self, webhook: Webhook, reply: Reply) -> tuple[int, str] | None:
        """Send what a TwiML answer asks for; return the alert when it is refused."""
        message = self._core.store.messages.find(webhook.message_sid)
        if message is None:
            return None
        outgoing = Outgoing(
            sender=reply.sender or message.recipient,
            recipient=reply.recipient or message.sender,
            body=reply.body,
            media=reply.media,
            status_callback=reply.status_callback,
            direction=Direction.REPLY,
        )
        account = self._core.store.accounts.require(message.account_sid)
        try:
            send(self._core, account, outgoing, now=self._core.clock.now())
        except ApiError as refused:
            return 14103 if refused.code == 21602 else refused.code, refused.message
        return None


def _target(webhook: Webhook) -> tuple[str, str]:
    """Return URL and method of the present stage."""
    if webhook.stage == Stage.FALLBACK:
        return webhook.fallback_url, webhook.fallback_method
    return webhook.url, webhook.method
