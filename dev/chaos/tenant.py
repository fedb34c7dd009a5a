"""A tenant at the emulator and in files: an account, a key, a number, a script that says a message's number again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_twilio import TwilioTransport, twilio_client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import aiohttp

    from twilio_emulator.testing import RunningEmulator

__all__ = ["NUMBER", "TENANT", "TOKEN", "Tenant", "answered_numbers", "set_up"]

NUMBER = "+13055550123"
TENANT = "chaos-1"
TOKEN = "chaos"  # noqa: S105  # of a tenant that lasts a minute
_ANSWER = "Answer"
_NUMBER = re.compile(r"\d+")
_SETTLED = re.compile(r"\b(STOP|START)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What its senders need to sign."""

    account_sid: str
    auth_token: str
    url: str


async def set_up(
    emulator: RunningEmulator,
    session: aiohttp.ClientSession,
    root: Path,
    *,
    url: str,
    numbers: int,
    burst: float,
    secrets: Mapping[str, str],
) -> Tenant:
    """Make it at the emulator and write its files; ``secrets`` are credentials besides Twilio's."""
    transport = TwilioTransport(session=session, endpoint=emulator.base_url)
    parent = twilio_client(transport=transport, username=emulator.account_sid, password=emulator.auth_token)
    account = await parent.api.v2010.accounts.create_async(friendly_name="chaos")
    sub = twilio_client(transport=transport, username=account.sid, password=account.auth_token)
    key = await sub.iam.v1.new_api_key.create_async(account_sid=account.sid, friendly_name="runtime")
    await sub.incoming_phone_numbers.create_async(phone_number=NUMBER, sms_url=f"{url}/bot/twilio/webhook")
    known = {
        **secrets,
        "accountSid": account.sid,
        "authToken": account.auth_token,
        "apiKeySid": key.sid,
        "apiKeySecret": key.secret,
        "apiToken": TOKEN,
    }
    folder = root / "credentials" / "chaos"
    folder.mkdir(parents=True)
    for name, value in known.items():
        (folder / name).write_text(str(value), encoding="utf-8")
    content = _document(url=url, endpoint=emulator.base_url, account_sid=str(account.sid), numbers=numbers)
    content["burstSeconds"] = burst
    (root / "tenants").mkdir()
    (root / "tenants" / "chaos.json").write_text(json.dumps(content), encoding="utf-8")
    return Tenant(account_sid=str(account.sid), auth_token=str(account.auth_token), url=url)


def answered_numbers(body: str) -> list[int]:
    """The numbers that a reply answers; none for what STOP and START are answered; -1, that of no message, else."""
    if not body.startswith(_ANSWER) and _SETTLED.search(body):
        return []
    found = [int(word) for word in _NUMBER.findall(body)]
    return found if body.startswith(_ANSWER) and found else [-1]


def _document(*, url: str, endpoint: str, account_sid: str, numbers: int) -> dict[str, Any]:
    rules = [{"when": {"matches": [f"n{n}"]}, "reply": {"en": f"{_ANSWER} {n}."}} for n in range(numbers)]
    return {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {
            "id": TENANT,
            "namespace": "chaos",
            "name": "chaos",
            "slug": "chaos",
            "displayName": "Chaos",
            "status": "Active",
        },
        "url": url,
        "twilio": {"endpoint": endpoint, "accountSid": account_sid},
        "bubbleSeconds": 0.5,
        "languages": ["en"],
        "limits": {"loop": {"enabled": False}, "backlog": 100_000},
        "defaultAssistant": "echo",
        "numbers": [{"name": "n", "phoneNumber": NUMBER, "primary": True, "channels": ["sms"]}],
        "assistants": [{"name": "echo", "script": {"rules": rules, "otherwise": {"en": "Unknown."}}}],
    }
