"""Log lines: whole, one JSON object each, written together where nobody can tell the difference."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.telemetry.logs import configure_logging, log_event

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger("switchboard_runtime.edge.somewhere")


class Stream(io.StringIO):
    """Counts how often it is written to; may be full."""

    writes = 0
    full = False

    def write(self, text: str, /) -> int:
        """Write, or fail as a full disk does."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.writes += 1
        return super().write(text)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was written."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def stream() -> Iterator[Stream]:
    """Where the process logs to during a test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    made = Stream()
    configure_logging(level="INFO", stream=made)
    yield made
    root.handlers = handlers
    root.setLevel(level)


def test_a_line_has_time_level_logger_event_and_the_facts_that_are_known(stream: Stream) -> None:
    """None is left out; a level below the configured one is not written."""
    log_event(LOG, logging.INFO, "stored", work=7, trace="é", sid=None, parts=("a", 1))
    log_event(LOG, logging.DEBUG, "unseen")

    [line] = stream.lines
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "logger": LOG.name, "event": "stored", "work": 7, "trace": "é", "parts": ["a", 1]}


def test_a_failure_brings_its_traceback(stream: Stream) -> None:
    """With the exception's name and text."""
    try:
        int("odd")
    except ValueError as error:
        log_event(LOG, logging.ERROR, "item failed", failure=error)

    assert "Traceback" in stream.lines[0]["exception"]
    assert "ValueError: invalid literal" in stream.lines[0]["exception"]


def test_lines_of_one_pass_of_the_loop_are_written_at_once_in_order(stream: Stream) -> None:
    """Nothing waits longer than that pass."""

    async def scene() -> int:
        for number in range(5):
            log_event(LOG, logging.INFO, "stored", number=number)
        assert stream.writes == 0
        await asyncio.sleep(0)
        return stream.writes

    assert asyncio.run(scene()) == 1
    assert [line["number"] for line in stream.lines] == [0, 1, 2, 3, 4]


def test_a_warning_does_not_wait_and_what_came_before_it_stays_before_it(stream: Stream) -> None:
    """Also when the process dies in the same pass of the loop."""

    async def scene() -> list[str]:
        log_event(LOG, logging.INFO, "first")
        log_event(LOG, logging.WARNING, "second")
        return [line["event"] for line in stream.lines]

    assert asyncio.run(scene()) == ["first", "second"]


def test_each_loop_and_each_thread_writes_what_it_logs(stream: Stream) -> None:
    """A loop that ended with a line to write leaves it to the next one, or to the end of the program."""

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        loop.call_soon(loop.stop)
        loop.call_soon(lambda: log_event(LOG, logging.INFO, "left"))
        loop.run_forever()
        loop.close()

    async def scene() -> None:
        log_event(LOG, logging.INFO, "here")
        await asyncio.to_thread(log_event, LOG, logging.INFO, "in a thread")

    abandon()
    asyncio.run(scene())
    assert [line["event"] for line in stream.lines] == ["left", "here", "in a thread"]
    abandon()
    logging.shutdown()
    assert stream.lines[-1]["event"] == "left"


@pytest.mark.parametrize("value", ["\ud800", 2**80, b"\xff", {1: object}, float("nan")], ids=repr)
def test_whatever_a_fact_is_the_line_is_one_json_object(stream: Stream, value: object) -> None:
    """Half of a surrogate pair among them: JSON from outside may hold one."""
    log_event(LOG, logging.INFO, "odd", value=value)

    assert [line["event"] for line in stream.lines] == ["odd"]


def test_a_log_that_cannot_be_written_stops_nothing(stream: Stream, capsys: pytest.CaptureFixture[str]) -> None:
    """The failure is told on stderr; the next lines are written when it is over."""

    async def scene() -> None:
        stream.full = True
        log_event(LOG, logging.INFO, "lost")
        log_event(LOG, logging.WARNING, "lost too")
        log_event(LOG, logging.INFO, "lost as well")
        await asyncio.sleep(0)
        stream.full = False
        log_event(LOG, logging.INFO, "there again")

    asyncio.run(scene())
    stream.full = True
    log_event(LOG, logging.INFO, "lost outside of a loop")
    stream.full = False
    logging.shutdown()
    assert [line["event"] for line in stream.lines] == ["there again"]
    assert "No space left on device" in capsys.readouterr().err


def test_records_of_libraries_are_lines_too(stream: Stream) -> None:
    """With their arguments in the text."""
    logging.getLogger("aiohttp.server").error("Unhandled %s", "runtime exception")

    assert stream.lines[0]["event"] == "Unhandled runtime exception"
