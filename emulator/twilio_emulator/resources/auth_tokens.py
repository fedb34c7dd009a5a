"""Rotation of the auth token: ``accounts.twilio.com/v1/AuthTokens``.

Both calls act on the account that authenticates; none takes an account. Webhooks are signed with the
primary token until the secondary is promoted; then the old primary is dead at once.
"""

from __future__ import annotations

from twilio_emulator.calls import Answer, Call, Route
from twilio_emulator.dates import iso8601

__all__ = ["ROUTES"]

_SECONDARY = "/v1/AuthTokens/Secondary"
_PROMOTE = "/v1/AuthTokens/Promote"


def create_secondary(call: Call) -> Answer:
    """Make a second valid token; one that exists already is replaced."""
    token = call.core.sids.token()
    call.core.store.accounts.change(call.account.sid, now=call.now, secondary_token=token, secondary_created=call.now)
    body = {
        "account_sid": call.account.sid,
        "date_created": iso8601(call.now),
        "date_updated": iso8601(call.now),
        "secondary_auth_token": token,
        "url": f"https://accounts.twilio.com{_SECONDARY}",
    }
    return Answer(status=201, body=body)


def delete_secondary(call: Call) -> Answer:
    """Revoke the second token."""
    if call.account.secondary_token is None:
        raise call.not_found()
    call.core.store.accounts.change(call.account.sid, now=call.now, secondary_token=None, secondary_created=None)
    return Answer(status=204)


def promote(call: Call) -> Answer:
    """Make the second token the primary one."""
    token, created = call.account.secondary_token, call.account.secondary_created
    if token is None or created is None:
        raise call.not_found()
    call.core.store.accounts.change(
        call.account.sid, now=call.now, auth_token=token, secondary_token=None, secondary_created=None
    )
    body = {
        "account_sid": call.account.sid,
        "auth_token": token,
        "date_created": iso8601(created),
        "date_updated": iso8601(call.now),
        "url": f"https://accounts.twilio.com{_PROMOTE}",
    }
    return Answer(body=body)


ROUTES = (
    Route("POST", "accounts", _SECONDARY, create_secondary, manages_accounts=True),
    Route("DELETE", "accounts", _SECONDARY, delete_secondary, manages_accounts=True),
    Route("POST", "accounts", _PROMOTE, promote, manages_accounts=True),
)
