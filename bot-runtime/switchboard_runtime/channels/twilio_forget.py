"""Deletes at Twilio what an erased contact said: messages with their media, calls, recordings.

Assumes: the tenant's API key may delete. A message that is on its way cannot be deleted yet; Twilio says so with 409.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from switchboard_twilio import TwilioError, TwilioRefused, TwilioThrottled, twilio_client

if TYPE_CHECKING:
    from twilio.rest import Client

    from switchboard_runtime.config import CredentialsFolder
    from switchboard_twilio import TwilioTransport

__all__ = ["TwilioForgetter"]

_NOT_NOW = frozenset({401, 403, 408, 409})
_MOST_MEDIA = 50


class TwilioForgetter:
    """What of a tenant's account is deleted for good.

    Args:
        credentials: the tenant's key.
        transport: to the tenant's Twilio.
    """

    def __init__(self, *, credentials: CredentialsFolder, transport: TwilioTransport) -> None:
        self._credentials = credentials
        self._transport = transport

    async def forget(self, sid: str) -> Literal["deleted", "absent", "refused", "later"]:
        """Delete what an id names; of what Twilio does not know, or is no id of such a thing, nothing is there."""
        try:
            return await self._deleted(self._client(), sid)
        except TwilioThrottled:
            return "later"
        except TwilioRefused as error:
            if error.status == 404:
                return "absent"
            return "later" if error.status in _NOT_NOW else "refused"
        except TwilioError:
            return "later"

    async def _deleted(self, client: Client, sid: str) -> Literal["deleted", "absent"]:
        match sid[:2]:
            case "SM" | "MM":
                await self._message(client, sid)
            case "RE":
                await client.recordings(sid).delete_async()
            case "CA":
                await client.calls(sid).delete_async()
            case _:
                return "absent"
        return "deleted"

    async def _message(self, client: Client, sid: str) -> None:
        """Media first, since nothing leads to them once their message is gone."""
        message = client.messages(sid)
        for media in await message.media.list_async(limit=_MOST_MEDIA):
            if media.sid:
                await message.media(media.sid).delete_async()
        await message.delete_async()

    def _client(self) -> Client:
        keys = self._credentials.current()
        return twilio_client(
            transport=self._transport,
            username=keys.api_key_sid,
            password=keys.api_key_secret,
            account_sid=keys.account_sid,
        )
