"""The emulator from outside: its admin API as a phone, and Twilio's own API as the account's holder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dev.demo.errors import DemoError
from dev.demo.web import Answer, Request, basic, send

_ADMIN = "/emulator/v1"


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Attributes:
        url: its base URL.
        account_sid: the parent account.
        auth_token: its token.
    """

    url: str
    account_sid: str
    auth_token: str

    def sign(self, *, sender: str, recipient: str, text: str, name: str | None) -> dict[str, Any]:
        """Let a phone write, and give the message and the signed webhook without sending it.

        Raises:
            DemoError: the emulator refuses, as when nobody owns the number.
        """
        order = {"from": sender, "to": recipient, "body": text, "profileName": name, "deliver": False}
        answer = self._admin("POST", "/inbound", body=json.dumps(order))
        if answer.status != 201:
            raise DemoError(
                expected=f"the emulator to take a message from {sender} to {recipient}",
                seen=f"{answer.status} {answer.body.decode()}",
                look="the number's owner may be gone or suspended: kubectl get botnumbers -A",
            )
        told: dict[str, Any] = answer.json()
        return told

    def messages(self, *, wait: float = 0, **filters: str | int) -> list[dict[str, Any]]:
        """Give recorded messages, oldest first, waiting so many seconds for the first one."""
        found: list[dict[str, Any]] = self._list("/messages", wait=wait, filters=filters)["messages"]
        return found

    def last_seq(self, path: str) -> int:
        """Give the number of the newest entry of a log (``/messages``, ``/requests``)."""
        after = 0
        while entries := self._list(path, wait=0, filters={"after": after})[path.strip("/")]:
            after = entries[-1]["seq"]
        return after

    def requests(self, *, after: int) -> list[dict[str, Any]]:
        """Give the API calls served since."""
        found: list[dict[str, Any]] = self._list("/requests", wait=0, filters={"after": after})["requests"]
        return found

    def account(self, sid: str) -> dict[str, Any]:
        """Fetch an account by Twilio's API."""
        return self._fetch(f"/Accounts/{sid}.json")

    def numbers(self, sid: str) -> list[str]:
        """List the numbers that an account holds, by Twilio's API."""
        return [number["phone_number"] for number in self._numbers(sid)]

    def sms_url(self, sid: str, phone_number: str) -> str:
        """Give the webhook of a number that an account holds, by Twilio's API."""
        (url,) = (number["sms_url"] for number in self._numbers(sid) if number["phone_number"] == phone_number)
        return str(url)

    def call(self, method: str, path: str, *, username: str, password: str, body: str | None = None) -> Any:
        """Call Twilio's API, the product first in the path, with a JSON body if any; give the answer.

        Raises:
            DemoError: it refuses.
        """
        headers = {**basic(username, password), **({"Content-Type": "application/json"} if body else {})}
        answer = send(self.url, Request(method=method, path=path, headers=headers, body=body))
        if answer.status >= 400:
            raise DemoError(
                expected=f"Twilio's API to answer {method} {path}",
                seen=f"{answer.status} {answer.body.decode()}",
                look="the emulator's log tells each call",
            )
        return answer.json()

    def _numbers(self, sid: str) -> list[dict[str, Any]]:
        held: list[dict[str, Any]] = self._fetch(f"/Accounts/{sid}/IncomingPhoneNumbers.json")["incoming_phone_numbers"]
        return held

    def _fetch(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call(
            "GET", f"/api/2010-04-01{path}", username=self.account_sid, password=self.auth_token
        )
        return found

    def _list(self, path: str, *, wait: float, filters: Mapping[str, str | int]) -> Any:
        query = {name.rstrip("_"): str(value) for name, value in filters.items()} | {"wait": str(wait)}
        return self._admin("GET", f"{path}?{urlencode(query)}", seconds=wait + 10).json()

    def _admin(self, method: str, path: str, *, body: str | None = None, seconds: float = 15.0) -> Answer:
        return send(self.url, Request(method=method, path=f"{_ADMIN}{path}", body=body), seconds=seconds)
