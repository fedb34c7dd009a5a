"""A call while it is being played: what the activities need to change it and to say what is to be done."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from twilio_emulator.voice.attributes import INVALID_URL
from twilio_emulator.voice.effects import Alert, Ended, Fetch, Played, Spoke, StatusChanged
from twilio_emulator.voice.state import CallStatus, Fetching, Over, Ready
from twilio_emulator.voice.verbs import Hangup, Pause, Play, Say

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_emulator.voice.effects import Effect
    from twilio_emulator.voice.state import Activity, Call
    from twilio_emulator.voice.verbs import Prompt, RecordingCallback

__all__ = ["APOLOGY", "Run", "whole_seconds"]

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
TOO_MANY_ROUNDS = 11215
_MOST_ROUNDS = 12
_CHARACTERS_A_SECOND = 15
_SECONDS_OF_A_RECORDING = 5
_SECONDS_OF_A_KEY = 0.5


class Run:
    """A call on its way from one state to the next.

    Args:
        call: as it was.
        new_sid: makes the SID of a new resource from its prefix.

    Attributes:
        call: as it is by now.
        at: the moment that is being played.
        effects: what is to be done, in order.
    """

    def __init__(self, call: Call, new_sid: Callable[[str], str]) -> None:
        self.call = call
        self.at = call.moment
        self.effects: list[Effect] = []
        self.new_sid = new_sid

    def emit(self, effect: Effect) -> None:
        """Add something to be done."""
        self.effects.append(effect)

    def become(self, activity: Activity) -> None:
        """Go over to another activity."""
        self.call = replace(self.call, activity=activity)

    def ready(self) -> None:
        """Let the next verb begin."""
        self.become(Ready())

    def stir(self) -> None:
        """Take note that time has passed or the caller has done something: no loop of documents goes on."""
        self.call = replace(self.call, rounds=0)

    def reach(self, status: CallStatus) -> None:
        """Bring the call to a state that is not its end."""
        self.call = replace(self.call, status=status.value)
        self.emit(StatusChanged(at=self.at, status=status.value))

    def answer(self) -> None:
        """Pick up, unless that was done before."""
        if self.call.answered is None:
            self.call = replace(self.call, answered=self.at)
            self.reach(CallStatus.IN_PROGRESS)

    def end(self, status: CallStatus) -> None:
        """End the call."""
        answered = self.call.answered
        duration = 0 if answered is None else whole_seconds(self.at - answered)
        self.call = replace(self.call, status=status.value, ended=self.at, activity=Over(), verbs=())
        self.emit(Ended(at=self.at, status=status.value, duration=duration))

    def load(self, verbs: tuple[Prompt | Hangup, ...]) -> None:
        """Play these instead of the rest of the document."""
        self.call = replace(self.call, verbs=verbs, activity=Ready())

    def fail(self, code: int, text: str) -> None:
        """Raise an alert, tell the caller that something went wrong and hang up."""
        self.emit(Alert(at=self.at, code=code, text=text))
        self.load((Say(text=APOLOGY), Hangup()))

    def resolve(self, url: str) -> str | None:
        """Return a document's URL as an absolute one; None after an alert when it has none."""
        try:
            found = urljoin(self.call.document_url, url)
            parts = urlsplit(found)
            absolute = parts.scheme in {"http", "https"} and bool(parts.netloc)
        except ValueError:
            found, absolute = url, False
        if absolute:
            return found
        self.emit(Alert(at=self.at, code=INVALID_URL, text=f"{found[:64]!r} is relative to no document"))
        return None

    def fetch(self, url: str, method: str, params: tuple[tuple[str, str], ...] = ()) -> None:
        """Ask for the document to go on with."""
        found = self.resolve(url)
        if found is None:
            self.load((Say(text=APOLOGY), Hangup()))
            return
        if self.call.rounds >= _MOST_ROUNDS:
            self.fail(TOO_MANY_ROUNDS, f"{_MOST_ROUNDS} documents in a row that do nothing but lead to another")
            return
        number = self.call.fetches + 1
        self.call = replace(self.call, fetches=number, rounds=self.call.rounds + 1)
        self.become(Fetching(number=number, url=found))
        self.emit(
            Fetch(at=self.at, number=number, url=found, method=method, params=params, call_status=self.call.status)
        )

    def fetch_last(self, url: str, method: str, params: tuple[tuple[str, str], ...], status: CallStatus) -> None:
        """Tell an action URL how the call ended; its answer does not count."""
        found = self.resolve(url)
        if found is None:
            return
        number = self.call.fetches + 1
        self.call = replace(self.call, fetches=number)
        self.emit(
            Fetch(
                at=self.at,
                number=number,
                url=found,
                method=method,
                params=params,
                call_status=status.value,
                final=True,
            )
        )

    def callback(self, callback: RecordingCallback | None) -> RecordingCallback | None:
        """Return whom to tell about a recording, by an absolute URL; None after an alert when it has none."""
        url = self.resolve(callback.url) if callback else None
        return replace(callback, url=url) if callback and url else None

    def hear(self, prompt: Prompt) -> float | None:
        """Let something be heard from now on and return when it ends, None for never."""
        if isinstance(prompt, Pause):
            return self.at + prompt.length
        seconds = spoken_seconds(prompt.text) if isinstance(prompt, Say) else _played_seconds(prompt)
        total = seconds * prompt.loop if prompt.loop or not seconds else None
        if isinstance(prompt, Say):
            self._speak(prompt, total)
        else:
            url = "" if prompt.digits else self.resolve(prompt.url) or prompt.url
            self.emit(Played(at=self.at, url=url, digits=prompt.digits, loop=prompt.loop, seconds=total))
        return None if total is None else self.at + total

    def _speak(self, prompt: Say, seconds: float | None) -> None:
        self.emit(
            Spoke(
                at=self.at,
                text=prompt.text,
                voice=prompt.voice,
                language=prompt.language,
                loop=prompt.loop,
                seconds=seconds,
            )
        )


def spoken_seconds(text: str) -> int:
    """Return how long it takes to say a text."""
    return math.ceil(len(text) / _CHARACTERS_A_SECOND)


def whole_seconds(seconds: float) -> int:
    """Return seconds as Twilio bills them: rounded up, but not for a moment's inexactness."""
    return max(0, math.ceil(round(seconds, 3)))


def _played_seconds(prompt: Play) -> float:
    return _SECONDS_OF_A_KEY * len(prompt.digits) if prompt.digits else _SECONDS_OF_A_RECORDING
