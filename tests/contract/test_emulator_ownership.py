"""Who reaches what, tried of every endpoint there is on a resource that really is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.contract.emulator_furnished import Furnished, furnish
from tests.contract.emulator_kit import MAIN_KEY
from tests.contract.emulator_sync import SyncWorld, a_world
from twilio_emulator.resources import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

Login = tuple[str, str]
V2010 = "/2010-04-01/Accounts/{AccountSid}/"
EVERYBODYS = (
    "AvailablePhoneNumbers/{CountryCode}",
    "Regulations/{Sid}",
    "Countries/{IsoCountry}",
    "Types/",
    "Schemas/",
)
"""Paths with a gap that name nobody's resource."""
ABSENT = {f"{V2010}AvailablePhoneNumbers/{{CountryCode}}/Mobile.json": "the US have no mobile numbers"}


@pytest.fixture(scope="module")
def world() -> Iterator[SyncWorld]:
    """An emulator with a subaccount, which is furnished, and others of whom nothing is."""
    with a_world(holds_requests=False) as world:
        yield world


@pytest.fixture(scope="module")
def furnished(world: SyncWorld) -> Furnished:
    """What the subaccount has."""
    return furnish(world)


def status(world: SyncWorld, furnished: Furnished, route: tuple[str, str, str], login: Login | None) -> int:
    """Call an endpoint of the subaccount's resource, and return the status."""
    method, host, template = route
    return world.raw(method, f"/{host}{furnished.path(template)}", login).status_code


def names_something_of_ones_own(template: str) -> bool:
    """Say whether a path leads to a resource that one account has, beyond the account itself."""
    gaps = set(re.findall(r"\{(\w+)\}", template)) - {"AccountSid"}
    return bool(gaps) and not any(part in template for part in EVERYBODYS)


ALL = sorted((route.method, route.host, route.path) for route in ROUTES)
READS = [route for route in ALL if route[0] == "GET"]
NAMED = [route for route in READS if names_something_of_ones_own(route[2])]


@pytest.mark.parametrize("route", READS, ids=" ".join)
def test_the_owner_reads_it(world: SyncWorld, furnished: Furnished, route: tuple[str, str, str]) -> None:
    """So that the refusals below are refusals of somebody and not of nothing."""
    if route[1] == "iam" and route[2] == "/v1/Keys":
        assert status(world, furnished, (*route[:2], f"/v1/Keys?AccountSid={world.sub_sid}"), owner(world)) == 200
    elif route[2] == "/v2/Channels/Senders":
        assert status(world, furnished, (*route[:2], f"{route[2]}?Channel=whatsapp"), owner(world)) == 200
    else:
        assert status(world, furnished, route, owner(world)) == (404 if route[2] in ABSENT else 200)


@pytest.mark.parametrize("route", ALL, ids=" ".join)
def test_nobody_does_anything_without_credentials(
    world: SyncWorld, furnished: Furnished, route: tuple[str, str, str]
) -> None:
    """No header, a wrong token, a key that never was, an account that was closed."""
    closed = world.parent.api.v2010.accounts.create(friendly_name="closed")
    world.parent.api.v2010.accounts(closed.sid).update(status="closed")
    logins: list[Login | None] = [None, (world.sub_sid, "0" * 32), (f"SK{9:032}", "x"), (closed.sid, closed.auth_token)]

    assert [status(world, furnished, route, login) for login in logins] == [401] * 4


@pytest.mark.parametrize("route", NAMED, ids=" ".join)
def test_a_sibling_finds_nothing(world: SyncWorld, furnished: Furnished, route: tuple[str, str, str]) -> None:
    """Neither by the owner's path, nor by its own with the resource's SID."""
    sibling = world.parent.api.v2010.accounts.create(friendly_name="sibling")
    login, (method, host, template) = (sibling.sid, sibling.auth_token), route
    path = furnished.path(template)
    own = path.replace(world.sub_sid, sibling.sid) if template.startswith(V2010) else path

    assert [world.raw(method, f"/{host}{tried}", login).status_code for tried in (path, own)] == [404, 404]


@pytest.mark.parametrize("route", NAMED, ids=" ".join)
def test_the_parent_reaches_v2010_and_nothing_else(
    world: SyncWorld, furnished: Furnished, route: tuple[str, str, str]
) -> None:
    """There the path names the account; elsewhere the credentials do, and the parent has no such resource."""
    parent = (world.emulator.account_sid, world.emulator.auth_token)
    expected = 404 if route[2] in ABSENT or not route[2].startswith("/2010-04-01") else 200

    assert status(world, furnished, route, parent) == expected


@pytest.mark.parametrize("route", [route for route in ALL if route[2].startswith(V2010)], ids=" ".join)
def test_no_key_leaves_its_account(world: SyncWorld, furnished: Furnished, route: tuple[str, str, str]) -> None:
    """Neither the parent's Main key nor a Standard key of the parent acts inside a subaccount."""
    key = world.emulator.client().api.v2010.accounts(world.emulator.account_sid).new_keys.create()
    logins = [(MAIN_KEY.sid, MAIN_KEY.secret), (key.sid, key.secret)]

    assert [status(world, furnished, route, login) for login in logins] == [401, 401]


def owner(world: SyncWorld) -> Login:
    """Return the subaccount's own credentials."""
    return world.sub_sid, world.sub_token
