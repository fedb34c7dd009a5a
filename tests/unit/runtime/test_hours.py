"""Business hours: by the clock on the wall, also on days on which it is put forward or back; what is said outside."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard_runtime.config.durations import seconds_of
from switchboard_runtime.config.people import Hours
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.people.hours import back_words, is_open, next_open
from tests.unit.runtime.kit import TurnedClock, document, eventually, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import FakeTwilio

OFFICE = [{"from": "09:00", "to": "18:00"}]
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OFFICE)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ZONES = ("America/Argentina/Buenos_Aires", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
EPOCH = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
TWO_YEARS = 2 * 366 * 86_400


def hours(timezone: str = "Europe/Madrid", weekly: dict[str, Any] | None = None, **more: Any) -> Hours:
    """Hours as a document has them."""
    content = {"timezone": timezone, "weekly": WEEK if weekly is None else weekly, **more}
    return Hours.model_validate_json(json.dumps(content))


def at(text: str, timezone: str = "Europe/Madrid", fold: int = 0) -> float:
    """The instant of a time on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("when", "there"),
    [
        ("2026-11-26T08:59:59", False),
        ("2026-11-26T09:00:00", True),
        ("2026-11-26T17:59:59", True),
        ("2026-11-26T18:00:00", False),
        ("2026-11-28T12:00:00", False),
        ("2026-12-25T12:00:00", False),
        ("2026-12-26T11:00:00", True),
    ],
)
def test_somebody_is_there_within_the_ranges_of_the_day(when: str, there: bool) -> None:
    """A date of its own counts before its day of the week; the end is outside."""
    special = [{"date": "2026-12-25"}, {"date": "2026-12-26", "ranges": [{"from": "10:00", "to": "12:00"}]}]

    assert is_open(hours(exceptions=special), at(when)) is there


def test_a_day_may_last_to_its_end() -> None:
    """And go on into the next."""
    always = {day: [{"from": "00:00", "to": "24:00"}] for day in DAYS}

    assert all(is_open(hours(weekly=always), EPOCH + minute * 60) for minute in range(0, 60 * 24 * 400, 61))


def test_a_range_over_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    """From the first 02:00 to the last 02:30, both of which the wall has twice."""
    night = hours(weekly={"sunday": [{"from": "02:00", "to": "02:30"}]})
    begin, end = at("2026-10-25T02:00"), at("2026-10-25T02:30", fold=1)

    assert end - begin == 5400
    assert [is_open(night, begin - 1), is_open(night, begin), is_open(night, end - 1), is_open(night, end)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_range_that_is_skipped_when_clocks_go_forward_is_as_long_an_hour_later() -> None:
    """02:15 to 02:45 is on no wall that night."""
    night = hours(weekly={"sunday": [{"from": "02:15", "to": "02:45"}]})
    begin = at("2026-03-29T03:15")

    assert next_open(night, at("2026-03-28T12:00")) == begin
    assert [is_open(night, begin + minutes * 60) for minutes in (-1, 0, 29, 30)] == [False, True, True, False]


ranges = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda pair: pair[0] < pair[1]), max_size=2
).map(
    lambda pairs: [
        {"from": f"{begin // 4:02}:{begin % 4 * 15:02}", "to": f"{end // 4:02}:{end % 4 * 15:02}"}
        for begin, end in pairs
    ]
)
some_hours = st.builds(
    hours,
    st.sampled_from(ZONES),
    st.fixed_dictionaries({}, optional=dict.fromkeys(DAYS, ranges)),
    exceptions=st.lists(
        st.builds(
            lambda day, own: {
                "date": (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat(),
                "ranges": own,
            },
            st.integers(0, 700),
            ranges,
        ),
        max_size=3,
        unique_by=lambda one: str(one["date"]),
    ),
)


@settings(max_examples=150, deadline=None)
@given(some_hours, st.integers(0, TWO_YEARS))
def test_whoever_is_told_when_we_are_back_finds_us_then_and_not_before(one: Hours, seconds: int) -> None:
    """The next opening is later, is open, and nobody is there between, in any zone on any day."""
    now = EPOCH + seconds
    if is_open(one, now):
        return
    begin = next_open(one, now)
    if begin is None:
        assert not any(is_open(one, now + hour * 3600) for hour in range(24 * 14))
        return

    assert begin > now
    assert is_open(one, begin)
    steps = [now + (begin - now) * step / 40 for step in range(40)]
    assert not any(is_open(one, step) for step in steps)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, TWO_YEARS))
def test_the_clock_on_the_wall_decides(zone: str, seconds: int) -> None:
    """Whatever the offset, nine to six is nine to six, on days whose clocks are not moved between."""
    now = EPOCH + seconds
    wall = datetime.fromtimestamp(now, ZoneInfo(zone))
    every_day = hours(zone, dict.fromkeys(DAYS, OFFICE))

    assert is_open(every_day, now) is (9 <= wall.hour < 18)


def test_when_somebody_is_back_is_said_in_the_contacts_language() -> None:
    """With day and time of the tenant's place; nothing while somebody is there, or nobody ever will be."""
    friday = at("2026-11-27T19:00")

    assert back_words(hours(), friday, language="es-AR") == "Volvemos el lunes 30/11 a las 09:00."
    assert back_words(hours(), friday, language="de") == "We are back on Monday, November 30 at 09:00."
    assert back_words(hours(), at("2026-11-27T12:00"), language="es") is None
    assert back_words(hours(weekly={}), friday, language="es") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "is no time zone; write its IANA name"),
        ({"timezone": "../../etc/passwd"}, "is no time zone"),
        ({"weekly": {"monday": [{"from": "9:00", "to": "18:00"}]}}, "is no time of day; write it as 09:30"),
        ({"weekly": {"monday": [{"from": "22:00", "to": "02:00"}]}}, "a range over midnight is two"),
        ({"weekly": {"moonday": OFFICE}}, "Extra inputs"),
        ({"exceptions": [{"date": "2026-12-25"}, {"date": "2026-12-25"}]}, "'2026-12-25' is there twice"),
        ({"outside": "Sleep"}, "'Answer' or 'Away'"),
    ],
)
def test_hours_that_make_no_sense_are_refused(change: dict[str, Any], said: str) -> None:
    """With the cure."""
    with pytest.raises(ValidationError, match=said):
        Hours.model_validate_json(json.dumps({"timezone": "Europe/Madrid", **change}))


@pytest.mark.parametrize(
    ("written", "seconds"), [(90, 90), (1.5, 1.5), ("45m", 2700), ("1h30m", 5400), ("1.5h", 5400), ("30d", 2_592_000)]
)
def test_a_duration_is_seconds_or_a_text(written: Any, seconds: float) -> None:
    """In Go's notation, with days."""
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["", "h", "-1h", "1 h", "1h 30m", "1y", True, None, [], -1, float("nan"), "1e3s"])
def test_no_duration_is_none(written: Any) -> None:
    """It says what one is."""
    with pytest.raises(ValueError, match="is no duration; give seconds, or a text such as 45m, 1h30m or 30d"):
        seconds_of(written)


def tenant(root: Path, twilio: FakeTwilio, clock: TurnedClock, **more: Any) -> None:
    """A tenant that opens again a day from now."""
    later = datetime.fromtimestamp(clock.now() + 86_400, UTC)
    opening = [{"from": f"{later:%H:%M}", "to": "24:00"}]
    times = {"timezone": "UTC", "exceptions": [{"date": later.date().isoformat(), "ranges": opening}], **more}
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(twilio=account, hours=times))


async def test_who_writes_outside_hours_is_told_so_once_until_somebody_is_back(
    tmp_path: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """Then the bot answers as ever."""
    tenant(tmp_path, twilio, clock, outside="Away", away={"es": "Cerrado."})
    async with served(tmp_path, clock=clock) as caller:
        await caller.say("hola")
        await eventually(twilio.bodies)
        clock.turn(60)
        await caller.say("¿hola?")
        await eventually(lambda: 'outcome="nobody there"' in caller.app[CONTEXT].metrics.render().decode())
        clock.turn(86_400)
        await caller.say("hola")
        await eventually(lambda: len(twilio.bodies()) == 2)

    assert twilio.bodies() == ["Cerrado.", "¡Hola! ¿En qué te ayudo?"]


async def test_without_words_of_its_own_the_away_message_says_when_somebody_is_back(
    tmp_path: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """In the contact's language."""
    tenant(tmp_path, twilio, clock, outside="Away")
    async with served(tmp_path, clock=clock) as caller:
        await caller.say("hello, what do you have?")
        (said,) = await eventually(twilio.bodies)

    assert said.startswith("Thank you for writing to Muebles del Sur. Nobody is here now;")
    assert " We are back on " in said


async def test_a_hand_off_outside_hours_says_when_somebody_is_back(
    tmp_path: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """While the bot answers all else."""
    tenant(tmp_path, twilio, clock)
    async with served(tmp_path, clock=clock) as caller:
        await caller.say("hola")
        await eventually(twilio.bodies)
        await caller.say("quiero un humano")
        await eventually(lambda: len(twilio.bodies()) == 2)

    answered, handed = twilio.bodies()
    assert answered == "¡Hola! ¿En qué te ayudo?"
    assert "Te paso con una persona de Muebles del Sur" in handed
    assert " Volvemos el " in handed
