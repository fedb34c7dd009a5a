"""Small values: parameters, overrides, dates, segments, settings, the clock."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.addresses import Address
from twilio_emulator.clock import VirtualClock
from twilio_emulator.dates import iso8601, parse_moment, rfc2822
from twilio_emulator.errors import ApiError, SettingsError
from twilio_emulator.messaging.segments import segments
from twilio_emulator.params import Params
from twilio_emulator.serve import listening_url
from twilio_emulator.settings import ConnectTo
from twilio_emulator.webhooks.overrides import Overrides

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENTS = st.integers(0, 4_000_000_000)


@given(moment=MOMENTS)
def test_a_written_moment_is_read_back(moment: int) -> None:
    """In both of Twilio's forms; it spans one second."""
    assert parse_moment(rfc2822(moment)) == (moment, moment + 1)
    assert parse_moment(iso8601(moment)) == (moment, moment + 1)


def test_a_day_spans_a_day() -> None:
    """In UTC."""
    assert parse_moment("2026-11-21") == (1_795_219_200, 1_795_305_600)


@given(text=st.text(max_size=40))
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    """Or it is read; nothing else happens."""
    try:
        start, end = parse_moment(text)
    except ValueError:
        return
    assert start < end


READERS: list[Callable[[Params], object]] = [
    lambda params: params.integer("Field"),
    lambda params: params.boolean("Field"),
    lambda params: params.url("Field", code=21402),
    lambda params: params.method("Field"),
    lambda params: params.sid("Field", "AC"),
    lambda params: params.choice("Field", ["a"]),
]


@pytest.mark.parametrize("read", READERS, ids=["integer", "boolean", "url", "method", "sid", "choice"])
@given(value=st.text(max_size=30))
def test_a_value_is_either_read_or_refused_by_name(read: Callable[[Params], object], value: str) -> None:
    """Whatever comes, for every kind of parameter."""
    refusal = ApiError(status=400, code=0, message="Field")
    try:
        read(Params([("Field", value)]))
    except ApiError as error:
        refusal = error

    assert refusal.status == 400
    assert "Field" in refusal.message


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", Overrides()),
        ("ct=2000&rt=5000&tt=12000", Overrides(connect_timeout=2, read_timeout=5, total_timeout=12)),
        ("rc=5&rp=4xx,5xx", Overrides(retries=5, policy=frozenset({"4xx", "5xx"}))),
        ("rc=6&rp=never", Overrides()),
        ("ct=99&rt=15001&tt=x", Overrides()),
        ("e=dublin&sni=n", Overrides()),
    ],
)
def test_connection_overrides_are_read_from_the_fragment(fragment: str, expected: Overrides) -> None:
    """What is out of bounds or unknown leaves the default."""
    assert Overrides.parse(f"https://a.example/x#{fragment}") == expected


@given(fragment=st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=40))
def test_any_fragment_gives_usable_overrides(fragment: str) -> None:
    """Times stay within Twilio's bounds."""
    overrides = Overrides.parse(f"https://a.example/#{fragment}")

    assert 0.1 <= overrides.connect_timeout <= 10
    assert 0.1 <= overrides.read_timeout <= 15
    assert 0 <= overrides.retries <= 5


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ñ" * 160, 1),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("👋" * 35, 1),
        ("👋" * 36, 2),
    ],
)
def test_segments_follow_the_alphabet(text: str, count: int) -> None:
    """160 or 70 characters alone, 153 or 67 when joined; some take two places."""
    assert segments(text) == count


@pytest.mark.parametrize(
    ("text", "written", "valid"),
    [
        ("+13055550123", "+13055550123", True),
        ("whatsapp:+5491155550100", "whatsapp:+5491155550100", True),
        ("whatsapp: 5491155550100", "whatsapp:+5491155550100", True),
        ("WhatsApp:+5491155550100", "whatsapp:+5491155550100", True),
        ("whatsapp:US.13491208655302741918", "whatsapp:US.13491208655302741918", True),
        ("US.13491208655302741918", "US.13491208655302741918", False),
        ("messenger:+5491155550100", "messenger:+5491155550100", False),
        ("", "", False),
    ],
)
def test_addresses_are_put_right(text: str, written: str, valid: bool) -> None:
    """A lost plus sign comes back; only WhatsApp hides numbers."""
    address = Address.parse(text)

    assert (str(address), address.is_valid) == (written, valid)


@pytest.mark.parametrize("text", ["", "a", "a=b", "a=b:0", "a=b:99999", "a=:80", "=b:80"])
def test_a_malformed_connect_to_is_refused_by_the_flags_name(text: str) -> None:
    """With an example of the form."""
    with pytest.raises(SettingsError, match=r"--webhook-connect-to.*HOST-SUFFIX"):
        ConnectTo.parse(text)


def test_connect_to_covers_a_host_and_what_is_below_it() -> None:
    """And no host that merely ends alike."""
    rule = ConnectTo.parse("bots.localhost=[::1]:8443")

    assert (rule.host, rule.port) == ("::1", 8443)
    assert rule.covers("bots.localhost")
    assert rule.covers("Tenant.bots.localhost")
    assert not rule.covers("robots.localhost")


@pytest.mark.parametrize(
    ("host", "secure", "url"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:8089"),
        ("emulator.example", True, "https://emulator.example:8089"),
        ("::1", False, "http://[::1]:8089"),
    ],
)
def test_where_it_listens_is_a_url(host: str, url: str, *, secure: bool) -> None:
    """That a client can be given as it is."""
    assert listening_url(host, 8089, secure=secure) == url


async def test_a_virtual_clock_wakes_who_has_waited_long_enough() -> None:
    """In one move, and nobody else."""
    clock = VirtualClock(start=0)
    early, late = (asyncio.create_task(clock.sleep_until(moment)) for moment in (1.0, 3.0))
    await asyncio.sleep(0)
    clock.advance(2.0)
    await asyncio.wait_for(early, 1)

    assert not late.done()
    late.cancel()
    await clock.sleep_until(2.0)
    assert json.dumps(clock.now()) == "2.0"
