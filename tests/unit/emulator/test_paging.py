"""Pages: together they hold every record exactly once, and their links lead to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.auth import Caller, CredentialKind
from twilio_emulator.calls import Call
from twilio_emulator.clock import VirtualClock
from twilio_emulator.core import Core
from twilio_emulator.errors import ApiError
from twilio_emulator.paging import meta_page, uri_page, window_of
from twilio_emulator.params import Params
from twilio_emulator.settings import Settings
from twilio_emulator.sids import SidFactory
from twilio_emulator.store import Slice, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_emulator.models import Account

SID = "AC" + "0" * 32


def a_core(subaccounts: int) -> Core:
    """An emulator's core with so many subaccounts."""
    settings = Settings(account_sid=SID, auth_token="x" * 8)
    core = Core(settings=settings, store=Store(None), clock=VirtualClock(), sids=SidFactory())
    with core.store.transaction():
        core.seed()
        for index in range(subaccounts):
            core.store.accounts.add(
                sid=core.sids.sid("AC"), owner_sid=SID, friendly_name=str(index), auth_token="x", now=0
            )
    return core


def a_call(core: Core, query: str) -> Call:
    """A call that lists something."""
    account = core.store.accounts.require(SID)
    caller = Caller(account=account, kind=CredentialKind.TOKEN)
    params = Params.parse(query, where="query")
    return Call(core=core, caller=caller, account=account, host="api", path="/list", ids={}, params=params, now=0)


def pages(core: Core, query: str, *, forward: str = "next_page_uri") -> Iterator[dict[str, object]]:
    """Follow the links from one page on."""
    link: str | None = f"/list?{query}"
    while link:
        call = a_call(core, urlsplit(link).query)
        window = window_of(call.params)
        found = core.store.accounts.page([("sid <> ?", SID)], window)
        page = dict(uri_page(call, "accounts", found, window, lambda account: {"name": account.friendly_name}))
        yield page
        link = str(page[forward]) if page[forward] else None


def names(page: dict[str, object]) -> list[str]:
    """Names of the accounts on a page."""
    items = page["accounts"]
    assert isinstance(items, list)
    return [item["name"] for item in items]


@given(total=st.integers(0, 40), size=st.integers(1, 45))
def test_the_pages_hold_every_record_once_from_the_newest_down(total: int, size: int) -> None:
    """For any number of records and any page size."""
    core = a_core(total)
    try:
        found = list(pages(core, f"PageSize={size}"))
    finally:
        core.store.close()

    assert [name for page in found for name in names(page)] == [str(index) for index in reversed(range(total))]
    assert [page["page"] for page in found] == list(range(len(found)))
    assert all(len(names(page)) == size for page in found[:-1])


@given(total=st.integers(1, 30), size=st.integers(1, 10))
def test_the_way_back_is_the_way_there(total: int, size: int) -> None:
    """Previous links show the same pages in reverse."""
    core = a_core(total)
    try:
        there = list(pages(core, f"PageSize={size}"))
        last = urlsplit(str(there[-1]["uri"])).query
        back = list(pages(core, last, forward="previous_page_uri"))
    finally:
        core.store.close()

    assert [names(page) for page in back] == [names(page) for page in reversed(there)]


def test_records_made_or_deleted_between_two_pages_neither_repeat_nor_skip_others() -> None:
    """A page continues from a position, not from a count."""
    core = a_core(4)
    walk = pages(core, "PageSize=2")
    first = names(next(walk))
    core.store.accounts.add(sid=core.sids.sid("AC"), owner_sid=SID, friendly_name="new", auth_token="x", now=0)
    second = names(next(walk))
    core.store.close()

    assert (first, second) == (["3", "2"], ["1", "0"])


@given(total=st.integers(0, 30), size=st.integers(1, 12))
def test_a_list_in_memory_is_paged_alike(total: int, size: int) -> None:
    """Countries and prices have absolute links at twilio.com."""
    core = a_core(0)
    found: list[int] = []
    query: str | None = f"PageSize={size}"
    while query is not None:
        call = a_call(core, query)
        window = window_of(call.params)
        page = meta_page(call, "items", Slice.of(range(total), window), window, lambda item: {"n": item})
        items, meta = page["items"], page["meta"]
        assert isinstance(items, list)
        assert isinstance(meta, dict)
        found += [item["n"] for item in items]
        link = meta["next_page_url"]
        assert link is None or link.startswith("https://api.twilio.com/list?")
        query = urlsplit(link).query if link else None
    core.store.close()

    assert found == list(range(total))


def test_links_repeat_the_filters_and_nothing_else() -> None:
    """Unknown parameters are dropped."""
    core = a_core(3)
    call = a_call(core, "FriendlyName=%C3%B1&Colour=red&PageSize=1")
    window = window_of(call.params)
    found: Slice[Account] = core.store.accounts.page([], window)
    page = uri_page(call, "accounts", found, window, lambda _: {}, filters=("FriendlyName",))
    core.store.close()

    link = dict(parse_qsl(urlsplit(str(page["next_page_uri"])).query))
    assert link.keys() == {"FriendlyName", "PageSize", "Page", "PageToken"}
    assert link["FriendlyName"] == "ñ"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("PageSize=0", 20007),
        ("PageSize=1001", 20007),
        ("PageSize=ten", 20007),
        ("Page=-1", 20001),
        ("Page=801&PageSize=1", 70002),
        ("Page=1&PageToken=x", 21481),
        ("Page=1&PageToken=PA" + "g" * 32, 21481),
        ("Page=1&PageToken=PA" + "f" * 32, 21481),
    ],
)
def test_a_page_that_cannot_be_is_refused(query: str, code: int) -> None:
    """With the code that Twilio has for it."""
    with pytest.raises(ApiError) as refused:
        window_of(Params.parse(query, where="query"))

    assert refused.value.code == code


@given(query=st.text(max_size=60))
def test_any_query_is_either_read_or_refused(query: str) -> None:
    """Nothing else can happen, whatever comes."""
    try:
        size = window_of(Params.parse(f"PageSize={query}&Page={query}&PageToken={query}", where="query")).size
    except ApiError as error:
        size = error.status

    assert size == 400 or 1 <= size <= 1000
