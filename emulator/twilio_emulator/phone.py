"""A phone at the command line: writes to a bot through the emulator and shows what comes back."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from twilio_emulator.client import AdminClient
from twilio_emulator.errors import AdminError
from twilio_emulator.terminal import complain, tell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

__all__ = ["admin_of", "print_messages", "say"]

_QUIET = 0.5
"""Seconds without another message after which a bot is taken to have finished."""


async def say(
    *,
    url: str,
    sender: str,
    recipient: str,
    text: str,
    wait: float,
    profile_name: str | None = None,
    media: Sequence[str] = (),
    fields: Mapping[str, Any] | None = None,
    as_json: bool = False,
) -> int:
    """Write a message, print the answers, and return 0; 1 when none came in time.

    Raises:
        AdminError: the emulator refused, or is not there.
    """
    async with admin_of(url) as admin:
        start = await _last_delivery(admin)
        written = {"body": text, "media": media, "profile_name": profile_name, **(fields or {})}
        received = await admin.inbound(sender=sender, recipient=recipient, **written)
        message = received["message"]
        if message is None:
            complain(received["note"])
            return 1
        answers = await _answers(admin, message, wait)
        attempts = [
            attempt for attempt in await admin.deliveries(after=start) if attempt["messageSid"] == message["sid"]
        ]
    if as_json:
        tell(json.dumps({"message": message, "answers": answers, "deliveries": attempts}, ensure_ascii=False))
    else:
        for answer in answers:
            tell(answer["body"])
    if not answers:
        complain(f"no answer within {wait:g} s; {_result(received, attempts)}")
    return 0 if answers else 1


async def print_messages(*, url: str, filters: Mapping[str, Any], as_json: bool) -> int:
    """Print messages of all accounts, oldest first; ``filters`` as ``AdminClient.messages`` has them."""
    async with admin_of(url) as admin:
        after = 0
        while found := await admin.messages(**filters, after=after):
            for message in found:
                line = "{created} {direction:14} {from} -> {to}: {body}".format(**message)
                tell(json.dumps(message, ensure_ascii=False) if as_json else line)
            after = found[-1]["seq"]
    return 0


@asynccontextmanager
async def admin_of(url: str) -> AsyncIterator[AdminClient]:
    """Yield the admin API's client for one command.

    Raises:
        AdminError: no emulator answers there, or it refused.
    """
    try:
        async with aiohttp.ClientSession() as session:
            yield AdminClient(session, url)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise AdminError(
            status=503, message=f"--url {url}: no emulator answers there ({type(error).__name__})"
        ) from error


async def _last_delivery(admin: AdminClient) -> int:
    """Return the position of the newest webhook attempt."""
    last = 0
    while found := await admin.deliveries(after=last):
        last = found[-1]["seq"]
    return int(last)


async def _answers(admin: AdminClient, message: dict[str, Any], wait: float) -> list[dict[str, Any]]:
    """Return what the bot sends to the phone after ``message``, until it falls silent."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    answers: list[dict[str, Any]] = []
    after, patience = message["seq"], wait
    while patience > 0:
        found = await admin.messages(wait=patience, after=after, to=message["from"], from_=message["to"])
        if not found:
            break
        answers += [item for item in found if item["direction"] != "inbound"]
        after = found[-1]["seq"]
        patience = min(_QUIET, deadline - loop.time())
    return answers


def _result(received: dict[str, Any], attempts: list[dict[str, Any]]) -> str:
    """Say in one line how the webhook fared."""
    if received["request"] is None:
        return "the number has no SmsUrl, or the WhatsApp sender no callback_url, so no webhook was called"
    if not attempts:
        return f"the webhook {received['request']['url']} has not answered yet"
    last = attempts[-1]
    if last["error"]:
        return f"the webhook {last['url']} failed: {last['error']} (alert {last['errorCode']})"
    return f"the webhook {last['url']} answered HTTP {last['status']} without a message"
