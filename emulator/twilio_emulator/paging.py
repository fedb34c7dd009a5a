"""How lists are cut into pages and how pages link to one another.

v2010 links are relative (``next_page_uri``), those of the newer APIs absolute and at twilio.com
(``meta.next_page_url``), as the SDKs expect. A ``PageToken`` holds a position in the list: ``PA`` for what
follows it, ``PB`` for what precedes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.store import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from twilio_emulator.calls import Call, Json
    from twilio_emulator.params import Params
    from twilio_emulator.store import Slice

__all__ = ["meta_page", "uri_page", "window_of"]

_TOKEN = re.compile(r"P(?P<side>[AB])(?P<position>[0-9a-f]{32})")
_LARGEST = 2**62
_DEFAULT_SIZE = 50
_MOST_WITHOUT_TOKEN = 800
"""Records that may be skipped by page number alone (twilio-ruby#494)."""

T = TypeVar("T")


def window_of(params: Params) -> Window:
    """Read PageSize, Page and PageToken.

    Raises:
        ApiError: 400 when one of them cannot be used; 70002 when a far page comes without token.
    """
    size = params.integer("PageSize", least=1, most=1000, code=20007)
    size = _DEFAULT_SIZE if size is None else size
    page = params.integer("Page") or 0
    token = params.text("PageToken")
    if not token:
        if page * size > _MOST_WITHOUT_TOKEN:
            raise ApiError(status=400, code=70002, message="Page: paged requests must include a PageToken")
        return Window(size=size, page=page)
    match = _TOKEN.fullmatch(token)
    position = int(match["position"], 16) if match else _LARGEST
    if match is None or position >= _LARGEST:
        raise invalid("PageToken", "it must come from a page's own link", code=21481)
    if match["side"] == "A":
        return Window(size=size, page=page, older_than=position)
    return Window(size=size, page=page, newer_than=position)


def uri_page(
    call: Call,
    key: str,
    found: Slice[T],
    window: Window,
    render: Callable[[T], Json],
    *,
    filters: Collection[str] = (),
) -> Json:
    """Return a page as v2010 writes it.

    Args:
        call: the call that asked.
        key: name of the list.
        found: the records.
        window: which page it is.
        render: makes JSON of a record.
        filters: names of the parameters that links repeat.
    """
    links = _links(call, found, window, filters)
    start = window.page * window.size
    return {
        key: [render(item) for item in found.items],
        "page": window.page,
        "page_size": window.size,
        "start": start,
        "end": start + max(0, len(found.items) - 1),
        "first_page_uri": links["first"],
        "previous_page_uri": links["previous"],
        "next_page_uri": links["next"],
        "uri": links["self"],
    }


def meta_page(
    call: Call,
    key: str,
    found: Slice[T],
    window: Window,
    render: Callable[[T], Json],
    *,
    filters: Collection[str] = (),
) -> Json:
    """Return a page as the newer APIs write it; arguments as for ``uri_page``."""
    links = _links(call, found, window, filters)
    host = f"https://{call.host}.twilio.com"
    return {
        key: [render(item) for item in found.items],
        "meta": {
            "page": window.page,
            "page_size": window.size,
            "first_page_url": f"{host}{links['first']}",
            "previous_page_url": links["previous"] and f"{host}{links['previous']}",
            "url": f"{host}{links['self']}",
            "next_page_url": links["next"] and f"{host}{links['next']}",
            "key": key,
        },
    }


def _links(call: Call, found: Slice[T], window: Window, filters: Collection[str]) -> dict[str, str | None]:
    def link(page: int, token: str | None) -> str:
        pairs = [*call.params.pairs(filters), ("PageSize", str(window.size)), ("Page", str(page))]
        if token:
            pairs.append(("PageToken", token))
        return f"{call.path}?{urlencode(pairs)}"

    after = f"PA{found.last:032x}" if found.last is not None and found.more else None
    before = f"PB{found.first:032x}" if found.first is not None and window.page > 0 else None
    return {
        "first": link(0, None),
        "previous": link(window.page - 1, before) if before else None,
        "next": link(window.page + 1, after) if after else None,
        "self": link(window.page, call.params.text("PageToken")),
    }
