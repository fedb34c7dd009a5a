"""Every list there is, page by page: Twilio's links, its bounds, each record once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_furnished import Furnished, furnish
from tests.contract.emulator_sync import SyncWorld, a_world
from twilio_emulator.resources import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

List = tuple[str, str]
V2010 = "/2010-04-01/"
ASKED = {"/v1/Keys": {"AccountSid": "{AC}"}, "/v2/Channels/Senders": {"Channel": "whatsapp"}}
"""Parameters without which a list is refused."""
ONE_PAGE = ("/AvailablePhoneNumbers", "/v1/Services/Usecases", "/Usa2p/Usecases")
"""Lists without pages."""


@pytest.fixture(scope="module")
def world() -> Iterator[SyncWorld]:
    """An emulator with a furnished subaccount."""
    with a_world(holds_requests=False) as world:
        yield world


@pytest.fixture(scope="module")
def furnished(world: SyncWorld) -> Furnished:
    """What the subaccount has."""
    return furnish(world)


def is_list(path: str) -> bool:
    """Say whether a path ends in a list's name and not in a resource's."""
    named = path.removesuffix(".json").rsplit("/", 1)[1]
    return not named.startswith("{") and named not in {"Balance", "ApprovalRequests"}


LISTS = sorted(
    (route.host, route.path)
    for route in ROUTES
    if route.method == "GET" and is_list(route.path) and not any(part in route.path for part in ONE_PAGE)
)


def ask(world: SyncWorld, path: str, query: dict[str, str] | None = None) -> tuple[int, Any]:
    """Call a path with the product before it; return status and body."""
    reply = world.raw("GET", path, (world.sub_sid, world.sub_token), params=query)
    return reply.status_code, reply.json()


def given(world: SyncWorld, found: List, **more: str) -> dict[str, str]:
    """Return the query of a list; this host writes its parameters in another way than the others."""
    asked = {name: value.replace("{AC}", world.sub_sid) for name, value in ASKED.get(found[1], {}).items()}
    if found[0] == "webhooks":
        more = {f"{name[0].lower()}{name[1:]}": value for name, value in more.items()}
    return {**asked, **more}


def records(body: dict[str, Any]) -> list[Any]:
    """Return the records of a page."""
    (key,) = [name for name, value in body.items() if isinstance(value, list)]
    return list(body[key])


def next_page(found: List, body: dict[str, Any]) -> str | None:
    """Return the path of the next page with the product before it; v2010 links are relative, others absolute."""
    host, path = found
    if path.startswith(V2010):
        link = body["next_page_uri"]
        assert link is None or link.startswith(V2010)
        return link and f"/{host}{link}"
    link, origin = body["meta"].get("next_page_url"), f"https://{host}.twilio.com/"
    assert link is None or link.startswith(origin)
    return link and f"/{host}/{link.removeprefix(origin)}"


@pytest.mark.parametrize("found", LISTS, ids=" ".join)
def test_pages_of_one_hold_what_one_page_holds(world: SyncWorld, furnished: Furnished, found: List) -> None:
    """In the same order, by following the links."""
    path = f"/{found[0]}{furnished.path(found[1])}"
    _, whole = ask(world, path, given(world, found, PageSize="1000"))
    _, page = ask(world, path, given(world, found, PageSize="1"))
    walked = records(page)
    while link := next_page(found, page):
        _, page = ask(world, link)
        walked += records(page)

    assert walked == records(whole)


@pytest.mark.parametrize("found", LISTS, ids=" ".join)
def test_a_page_that_cannot_be_is_refused_by_name(world: SyncWorld, furnished: Furnished, found: List) -> None:
    """A size out of bounds or no number, a token that no link had."""
    path = f"/{found[0]}{furnished.path(found[1])}"
    wrong = [("PageSize", "0"), ("PageSize", "1001"), ("PageSize", "many"), ("PageToken", "P1")]
    answers = [ask(world, path, given(world, found, **{name: value})) for name, value in wrong]

    assert [status for status, _ in answers] == [400] * len(wrong)
    for (name, _), (_, body) in zip(wrong, answers, strict=True):
        assert name.lower() in str(body.get("message") or body["detail"]).lower()
