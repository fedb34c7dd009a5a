"""API keys by the older API: ``/2010-04-01/Accounts/{AccountSid}/Keys``.

The same keys as ``iam.twilio.com/v1/Keys`` has, without policy and flags. It makes Standard keys only: who asks for a
Restricted one gets a Standard one and is not told, for the parameters are unknown here.
"""

from __future__ import annotations

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.models import ApiKey, KeyKind
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.keys import friendly_name, make, named

__all__ = ["ROUTES"]


def create(call: Call) -> Answer:
    """Make a Standard key; its secret is in this answer and nowhere else."""
    key, secret = make(call, friendly_name(call.params), KeyKind.STANDARD)
    return Answer(status=201, body={**_render(key), "secret": secret})


def list_(call: Call) -> Answer:
    """List the account's keys of every kind, newest first."""
    window = window_of(call.params)
    found = call.core.store.keys.page(call.account.sid, window)
    return Answer(body=uri_page(call, "keys", found, window, _render))


def fetch(call: Call) -> Answer:
    """Return one key."""
    return Answer(body=_render(named(call)))


def update(call: Call) -> Answer:
    """Rename a key."""
    key = named(call)
    changed = call.core.store.keys.change(key.sid, friendly_name=friendly_name(call.params), now=call.now)
    return Answer(body=_render(changed))


def delete(call: Call) -> Answer:
    """Revoke a key at once."""
    call.core.store.keys.delete(named(call).sid)
    return Answer(status=204)


def _render(key: ApiKey) -> Json:
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name or None,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.updated),
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Keys.json"
_ONE = "/2010-04-01/Accounts/{AccountSid}/Keys/{Sid}.json"

ROUTES = (
    Route("POST", "api", _LIST, create, manages_accounts=True),
    Route("GET", "api", _LIST, list_, manages_accounts=True),
    Route("GET", "api", _ONE, fetch, manages_accounts=True),
    Route("POST", "api", _ONE, update, manages_accounts=True),
    Route("DELETE", "api", _ONE, delete, manages_accounts=True),
)
