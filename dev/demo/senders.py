"""WhatsApp senders, registered as a person does it today: Meta wants a person to accept, so no operator can."""

import json
import time
from typing import Any

from dev.demo.emulator import Emulator
from dev.demo.errors import NotInTime

_SENDERS = "/messaging/v2/Channels/Senders"
_PATIENCE = 30.0
_POLL = 0.2


def register(emulator: Emulator, account_sid: str, number: str, *, name: str) -> None:
    """Make a number of an account a WhatsApp sender whose messages go where the number's SMS go; wait until online.

    A sender that is there already stays as it is. ``name`` is what people see in WhatsApp.

    Raises:
        DemoError: Twilio's API refuses.
        NotInTime: it does not come online.
    """
    sender_id = f"whatsapp:{number}"
    token = emulator.account(account_sid)["auth_token"]

    def call(method: str, path: str, body: str | None = None) -> Any:
        return emulator.call(method, path, username=account_sid, password=token, body=body)

    known = {each["sender_id"]: each for each in call("GET", f"{_SENDERS}?Channel=whatsapp")["senders"]}
    sender = known.get(sender_id) or call(
        "POST", _SENDERS, _order(emulator.sms_url(account_sid, number), sender_id, name)
    )
    deadline = time.monotonic() + _PATIENCE
    while sender["status"] != "ONLINE":
        if time.monotonic() > deadline:
            raise NotInTime(
                expected=f"the WhatsApp sender {number} to come online",
                seen=str(sender["status"]),
                look="the emulator's log tells each call",
            )
        time.sleep(_POLL)
        sender = call("GET", f"{_SENDERS}/{sender['sid']}")


def _order(callback_url: str, sender_id: str, name: str) -> str:
    webhook = {"callback_url": callback_url, "callback_method": "POST"}
    return json.dumps({"sender_id": sender_id, "profile": {"name": name}, "webhook": webhook})
