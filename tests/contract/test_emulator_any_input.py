"""Every documented parameter of every endpoint, given every awkward value: never a failure of the emulator's own.

What is accepted must be as documented (the recorder says so), what is refused is a 4xx that names the parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.emulator_contract import Documents
from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, World, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = TRANSPORT_WARNINGS

AWKWARD = (
    "",
    " ",
    "\x00",
    "ñ👋\u202e",
    "x" * 5000,
    "0",
    "-1",
    "1e3",
    "9" * 40,
    "٣",
    "true",
    "TRUE",
    "null",
    "'; DROP TABLE accounts; --",
    "%",
    "**",
    NUMBER,
    f"whatsapp:{PHONE}",
    "AC" + "0" * 32,
    "SK" + "z" * 32,
    "https://a.example/?q=ñ",
    "http://[::1",
    "http://a.example:0/",
    "https://user:secret@a.example/",
    "javascript:alert(1)",
    "2026-02-30",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01",
    "Thu, 32 Jul 2015 20:00:00 +0000",
    "91,181",
)
FILLINGS = {"Sid": "x", "CountryCode": "US", "IsoCountry": "US"}
PLAUSIBLE = {
    "IncomingPhoneNumbers": {"PhoneNumber": "+13055550177"},
    "Messages": {"To": PHONE, "From": NUMBER, "Body": "hi"},
    "Keys": {"AccountSid": "{AccountSid}"},
}
OPERATIONS = sorted(Documents().operations())


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
async def test_no_value_breaks_an_endpoint(operation: tuple[str, str, str]) -> None:
    """One parameter at a time, beside plausible ones; then as part of the path."""
    host, method, path = operation
    async with a_world(max_subaccounts=100_000) as world:
        await world.buy()
        for values in _parameters(operation):
            status = await _call(world, operation, path, values)
            assert status < 500, values
        for awkward in AWKWARD:
            status = await _call(world, operation, path.replace("{Sid}", awkward.replace("{", "")), {})
            assert status < 500, awkward
        assert host in {"api", "iam", "accounts", "pricing"}
        assert method in {"GET", "POST", "DELETE"}


def _parameters(operation: tuple[str, str, str]) -> Iterator[dict[str, str]]:
    host, method, path = operation
    plausible = next((given for part, given in PLAUSIBLE.items() if part in path and method == "POST"), {})
    found = Documents().find(host, method, path)
    assert found is not None
    query = [item["name"] for item in found[1].get("parameters", []) if item["in"] == "query"]
    content = found[1].get("requestBody", {}).get("content", {})
    form = content.get("application/x-www-form-urlencoded", {}).get("schema", {}).get("properties", {})
    for name in [*query, *form]:
        for value in AWKWARD:
            yield {**plausible, name: value}


async def _call(world: World, operation: tuple[str, str, str], path: str, values: dict[str, str]) -> int:
    host, method, _ = operation
    filled = f"/{host}{path.format(AccountSid=world.sub_sid, **FILLINGS)}"
    given = {name: value.replace("{AccountSid}", world.sub_sid) for name, value in values.items()}
    is_form = method == "POST"
    status, body = await world.raw(
        method,
        filled,
        (world.sub_sid, world.sub_token),
        form=given if is_form else None,
        query=None if is_form else given,
    )
    assert status < 400 or body["message"]
    return status
