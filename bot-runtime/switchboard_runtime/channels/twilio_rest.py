"""Replies leave through Twilio's REST API, under the tenant's API key.

For: POST once, and afterwards answer "is it there?".
Assumes: the transport neither repeats nor follows (docs/decisions/0002).
Refuses: to guess after a lost answer. The look-up filters by the two parties only, since a message that
Twilio has queued and not yet sent has no DateSent to filter by.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from switchboard_runtime.conversation import Found, NotSent, Posted, Refused, Sent, Unknown
from switchboard_runtime.conversation.codes import meaning_of, treatment_of
from switchboard_runtime.errors import LookUpFailed
from switchboard_twilio import TwilioError, TwilioRefused, TwilioThrottled, TwilioUnavailable, twilio_client

if TYPE_CHECKING:
    from twilio.rest import Client

    from switchboard_runtime.config import CredentialsFolder, TenantDocument
    from switchboard_runtime.store import OutboxItem, Reply
    from switchboard_twilio import TwilioTransport

__all__ = ["TwilioCourier", "load_client"]

_SKEW = 120.0
"""Seconds that Twilio's clock and ours may differ."""

_MOST_LISTED = 200
_NOT_OF_THE_MESSAGE = frozenset({401, 403, 404, 408, 409})
"""Refusals of the caller or the moment: the message itself may be fine, so it is tried again."""


def load_client() -> None:
    """Load the part of the SDK that sends, a quarter of a second and 12 MiB, before the first message waits for it."""
    import_module("twilio.rest.api.v2010.account.message")


class TwilioCourier:
    """Implements :class:`~switchboard_runtime.conversation.Courier` for one tenant."""

    def __init__(self, *, document: TenantDocument, credentials: CredentialsFolder, transport: TwilioTransport) -> None:
        self._url = document.url
        self._credentials = credentials
        self._transport = transport

    async def send(self, item: OutboxItem) -> Posted:
        """POST the message once."""
        try:
            message = await self._client().messages.create_async(
                to=item.recipient,
                from_=item.sender,
                status_callback=f"{self._url}/bot/twilio/status?m={item.id}&t={item.trace}",
                **_parameters(item.reply),
            )
        except TwilioError as error:
            return _outcome(error)
        return Sent(str(message.sid)) if message.sid else Unknown("the answer names no message")

    async def find(self, item: OutboxItem) -> tuple[Found, ...]:
        """Messages we sent to the recipient since shortly before the intent, newest first."""
        since = item.intent_at - _SKEW
        found = []
        try:
            listed = await self._client().messages.stream_async(
                to=item.recipient, from_=item.sender, limit=_MOST_LISTED, page_size=50
            )
            async for message in listed:
                created = message.date_created.timestamp() if message.date_created else item.intent_at
                if created < since:
                    break
                found.append(Found(str(message.sid), message.body or "", created))
        except TwilioError as error:
            raise LookUpFailed(str(error)) from error
        return tuple(found)

    def _client(self) -> Client:
        keys = self._credentials.current()
        return twilio_client(
            transport=self._transport,
            username=keys.api_key_sid,
            password=keys.api_key_secret,
            account_sid=keys.account_sid,
        )


def _parameters(reply: Reply) -> dict[str, Any]:
    """What of a reply goes into the call."""
    if reply.content is not None:
        variables = json.dumps(dict(reply.content.variables), ensure_ascii=False) if reply.content.variables else None
        return {"content_sid": reply.content.sid, **({"content_variables": variables} if variables else {})}
    given: dict[str, Any] = {"body": reply.text} if reply.text else {}
    if reply.media:
        given["media_url"] = list(reply.media)
    if reply.action is not None:
        given["persistent_action"] = [reply.action]
    return given


def _outcome(error: TwilioError) -> Posted:
    match error:
        case TwilioThrottled():
            return NotSent("throttled", error.retry_after)
        case TwilioRefused() if treatment_of(error.code) in {"later", "pause"}:
            pauses = treatment_of(error.code) == "pause"
            return NotSent(meaning_of(error.code, otherwise=""), sender=pauses)
        case TwilioRefused() if error.status in _NOT_OF_THE_MESSAGE and treatment_of(error.code) is None:
            return NotSent(f"HTTP {error.status}, error {error.code}")
        case TwilioRefused():
            return Refused(error.code, f"HTTP {error.status}")
        case TwilioUnavailable() if not error.outcome_unknown:
            return NotSent(error.message)
        case _:
            return Unknown(error.message)
