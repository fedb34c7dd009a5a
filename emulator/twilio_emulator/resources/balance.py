"""The balance of an account: ``/2010-04-01/Accounts/{AccountSid}/Balance.json``."""

from __future__ import annotations

from twilio_emulator.calls import Answer, Call, Route
from twilio_emulator.usage.ledger import balance
from twilio_emulator.usage.money import balance_text

__all__ = ["ROUTES"]


def fetch(call: Call) -> Answer:
    """Return the balance, which parent and subaccounts share."""
    body = {
        "account_sid": call.account.sid,
        "balance": balance_text(balance(call.core)),
        "currency": "USD",
    }
    return Answer(body=body)


ROUTES = (Route("GET", "api", "/2010-04-01/Accounts/{AccountSid}/Balance.json", fetch),)
