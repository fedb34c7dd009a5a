"""``twilio-emulator call``: call a number, answer what it asks for, and print what is heard."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from twilio_emulator.commands.flags import a_command
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Awaitable

    from twilio_emulator.client import AdminClient
    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]

_HEARD = frozenset({"said", "played", "recording-started", "dialled"})
_QUIETLY = frozenset({"document", "hung-up"})
_LONGEST_NAP = 0.5
"""Seconds between two looks: that a question has been heard to its end is no event."""
_TOO_LATE = 409


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(commands, "call", _run, help_="call a number and print what is heard")
    parser.add_argument("--from", dest="sender", required=True, help="the phone, such as +5491155550100")
    parser.add_argument("--to", required=True, help="the number that is called")
    parser.add_argument(
        "--wait", type=float, default=120.0, help="seconds until the phone hangs up (default %(default)g)"
    )
    for flag, kind, help_ in (
        ("--digits", "digits", "keys that answer the next question"),
        ("--speech", "speech", "words that answer the next question, or are recorded"),
    ):
        parser.add_argument(
            flag,
            dest="answers",
            action="append",
            default=[],
            type=partial(_answer, kind),
            metavar="TEXT",
            help=f"{help_}; may be repeated",
        )


def _answer(kind: str, text: str) -> tuple[str, str]:
    """Return an answer with how it is given, since both kinds are given in one order."""
    return kind, text


def _run(given: argparse.Namespace) -> int:
    return asyncio.run(_call(given))


async def _call(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import admin_of  # noqa: PLC0415  # serve starts without it
    from twilio_emulator.terminal import complain, tell  # noqa: PLC0415

    as_json = given.output == "json"
    transcript: list[dict[str, Any]] = []
    async with admin_of(given.url) as admin:
        async for call in _conversation(admin, given):
            transcript += call["transcript"]
            for line in () if as_json else filter(None, map(_line, call["transcript"])):
                tell(line)
    if as_json:
        tell(json.dumps({**call, "transcript": transcript}, ensure_ascii=False))
    reason = _silence(call, transcript)
    if reason:
        complain(reason)
    return 1 if reason else 0


async def _conversation(admin: AdminClient, given: argparse.Namespace) -> AsyncIterator[dict[str, Any]]:
    """Call, and yield the call with what is new in its transcript until it is over."""
    clock = asyncio.get_running_loop().time
    deadline, answers = clock() + given.wait, list(given.answers)
    call, after = await admin.call(sender=given.sender, recipient=given.to), 0
    while True:
        yield call
        if call["ended"]:
            return
        after = max([after, *(event["seq"] for event in call["transcript"])])
        left = deadline - clock()
        if left <= 0:
            await _unless_over(admin.hang_up(call["sid"]))
        call = await _next(admin, call, answers, after, min(max(left, 0), _LONGEST_NAP))


async def _unless_over(act: Awaitable[object]) -> None:
    """Do something at the phone; nothing when the call has just ended."""
    try:
        await act
    except AdminError as error:
        if error.status != _TOO_LATE:
            raise


async def _next(
    admin: AdminClient, call: dict[str, Any], answers: list[tuple[str, str]], after: int, patience: float
) -> dict[str, Any]:
    """Give the next answer if one is asked for, else wait for something to happen; return the call as it then is."""
    sid = call["sid"]
    if answers and patience and _listens(call["waitingFor"], answers[0][0]):
        kind, text = answers.pop(0)
        await _unless_over(admin.press(sid, text) if kind == "digits" else admin.speak(sid, text))
        return await admin.call_state(sid, after=after)
    return await admin.call_state(sid, after=after, wait=patience)


def _listens(waiting: dict[str, Any] | None, kind: str) -> bool:
    """Say whether an answer of this kind is asked for, and the question has been heard to its end."""
    if waiting is None:
        return False
    if waiting["kind"] == "input":
        return not waiting["prompting"] and kind in waiting["input"]
    return bool(waiting["kind"] == "recording")


def _line(event: dict[str, Any]) -> str:
    """Return what is printed of an event, ``""`` for nothing."""
    match event["kind"]:
        case "said":
            return f"< {event['text']}"
        case "played":
            return f"< [{event['url'] or 'keys ' + event['digits']}]"
        case "pressed":
            return f"> {event['digits']}"
        case "spoken":
            return f"> {event['text']}"
        case kind if kind in _QUIETLY:
            return ""
        case kind:
            rest = (str(value) for name, value in event.items() if name not in {"seq", "at", "kind"} and value)
            return f"  ({kind} {' '.join(rest)})"


def _silence(call: dict[str, Any], transcript: list[dict[str, Any]]) -> str:
    """Return why nothing was heard, ``""`` when something was."""
    alerts = [event for event in transcript if event["kind"] == "alert"]
    before = transcript.index(alerts[0]) if alerts else len(transcript)
    if any(event["kind"] in _HEARD for event in transcript[:before]):
        return ""
    if alerts:
        return f"nothing answered: {alerts[0]['text']} (alert {alerts[0]['code']})"
    missing = [str(event["what"]) for event in transcript if event["kind"] == "not-emulated"]
    return f"nothing answered: the call is {call['status']}{': ' + missing[-1] if missing else ''}"
