"""Limits of what can be had, and input that no SDK would send."""

from __future__ import annotations

import io

import aiohttp
import pytest

from switchboard_twilio import TwilioRefused
from tests.contract.emulator_kit import NUMBER, TRANSPORT_WARNINGS, a_world

pytestmark = TRANSPORT_WARNINGS


async def test_more_subaccounts_than_the_quota_are_refused_and_closed_ones_do_not_count() -> None:
    """Of one allowed, one is open; another fits once the first is closed."""
    async with a_world(max_subaccounts=1) as world:
        accounts = world.parent.api.v2010.accounts
        with pytest.raises(TwilioRefused) as refused:
            await accounts.create_async()
        await accounts(world.sub_sid).update_async(status="closed")
        made = await accounts.create_async()

    assert (refused.value.status, refused.value.code) == (400, 21480)
    assert made.status == "active"


async def test_a_released_number_is_free_for_nobody_for_ten_days() -> None:
    """Neither its last owner nor another account gets it back by API."""
    async with a_world() as world:
        number = await world.buy()
        await world.sub.incoming_phone_numbers(number.sid).delete_async()

        status, body = await world.raw(
            "POST",
            f"/api/2010-04-01/Accounts/{world.sub_sid}/IncomingPhoneNumbers.json",
            (world.sub_sid, world.sub_token),
            form={"PhoneNumber": NUMBER},
        )

        assert (status, body["code"]) == (400, 21422)
        assert await world.sub.available_phone_numbers("US").local.list_async(contains=NUMBER) == []


@pytest.mark.parametrize(
    ("method", "path", "form", "headers", "names"),
    [
        ("POST", "Accounts.json", b"FriendlyName=%ff", {}, "request body"),
        ("POST", "Accounts.json", b"\xff\xfe", {}, "request body"),
        ("POST", "Accounts.json", b'{"FriendlyName": "x"}', {"Content-Type": "application/json"}, "Content-Type"),
        ("POST", "Accounts.json", b"a=1&" * 2000, {}, "request body"),
        ("GET", "Accounts.json?FriendlyName=%ff", None, {}, "query"),
        ("GET", "Accounts.json?Page=99999999999999999999999", None, {}, "Page"),
        ("GET", "Accounts.json?PageSize=%D9%A1", None, {}, "PageSize"),
        ("POST", "Accounts.json", b"x" * 1_100_000, {}, "request body"),
    ],
    ids=["escape", "bytes", "JSON", "fields", "query", "huge number", "other digits", "huge body"],
)
async def test_malformed_input_is_a_400_that_names_its_place(
    method: str, path: str, form: bytes | None, headers: dict[str, str], names: str
) -> None:
    """Never a 500, whatever comes."""
    async with a_world() as world:
        emulator = world.emulator
        login = aiohttp.encode_basic_auth(emulator.account_sid, emulator.auth_token)
        async with world.session.request(
            method,
            f"{emulator.base_url}/api/2010-04-01/{path}",
            data=io.BytesIO(form) if form else None,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": login, **headers},
        ) as reply:
            body = await reply.json()

        assert reply.status == 400
        assert names in body["message"]
