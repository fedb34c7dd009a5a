"""Parameters of the webhooks of a call, against captured ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twilio_emulator.dates import parse_moment
from twilio_emulator.voice.payloads import CallFacts, RecordingFacts, recording_params, request_params, status_params

WEBHOOKS = Path(__file__).parent / "voice-webhooks"
ACCOUNT, CALL = "ACc0ffee00c0ffee00c0ffee00c0ffee00", "CA53b9e9679a8ea25880376080b76f98ad"


def captured(name: str) -> list[tuple[str, str]]:
    """Return the form of a stored webhook."""
    stored = json.loads((WEBHOOKS / f"{name}.json").read_text(encoding="utf-8"))
    return [(field, value) for field, value in stored["form"]]


def call(status: str = "in-progress", **changes: str) -> CallFacts:
    """Return the call that the captured webhooks are of."""
    facts = {"direction": "inbound", "sender": "+14155550120", "recipient": "+14155550199"} | changes
    return CallFacts(sid=CALL, account_sid=ACCOUNT, status=status, **facts)


@pytest.mark.parametrize(
    ("name", "status", "extra"),
    [
        ("gather-digits", "in-progress", (("msg", "Gather End"), ("Digits", "2"), ("FinishedOnKey", ""))),
        (
            "gather-speech",
            "in-progress",
            (("SpeechResult", "Quiero hablar con una persona."), ("Confidence", "0.9128386"), ("Language", "es-AR")),
        ),
        (
            "fallback",
            "ringing",
            (("ErrorCode", "11205"), ("ErrorUrl", "https://acme.bots.example.com/bot/twilio/voice")),
        ),
    ],
)
def test_a_request_for_a_document_is_as_captured(name: str, status: str, extra: tuple[tuple[str, str], ...]) -> None:
    """Fields, order and values."""
    assert request_params(call(status), extra) == captured(name)


def test_the_callback_of_a_call_that_ended_is_as_captured() -> None:
    """With its duration, and the minutes that are billed."""
    at, _ = parse_moment("Sat, 21 Nov 2026 12:00:45 +0000")

    assert status_params(call("completed"), at=at, sequence=0, duration=37) == captured("status-completed")


@pytest.mark.parametrize(("duration", "minutes"), [(0, "0"), (1, "1"), (60, "1"), (61, "2")])
def test_minutes_are_rounded_up(duration: int, minutes: str) -> None:
    """As they are billed."""
    assert dict(status_params(call("completed"), at=0, sequence=3, duration=duration))["Duration"] == minutes


def test_a_callback_before_the_end_tells_no_duration() -> None:
    """Nor how the call ended."""
    told = dict(status_params(call("ringing"), at=0, sequence=1))

    assert told["SequenceNumber"] == "1"
    assert told.keys().isdisjoint({"CallDuration", "Duration", "SipResponseCode"})


def test_the_callback_of_a_dialled_call_names_the_one_that_dialled() -> None:
    """Beside its own SID."""
    facts = call("busy", direction="outbound-dial", parent_sid="CA" + "1" * 32)
    told = dict(status_params(facts, at=0, sequence=0))

    assert (told["CallSid"], told["ParentCallSid"], told["SipResponseCode"]) == (CALL, "CA" + "1" * 32, "486")


def test_the_callback_of_a_recording_is_as_captured() -> None:
    """It names no number."""
    started, _ = parse_moment("Sat, 21 Nov 2026 12:00:05 +0000")
    recording = RecordingFacts(
        sid="RE0b2c082c00e002a2f571cbe340644239",
        account_sid=ACCOUNT,
        call_sid=CALL,
        source="RecordVerb",
        status="completed",
        started=started,
        duration=14,
    )

    assert recording_params(recording) == captured("recording-completed")


def test_a_recording_in_progress_has_no_duration() -> None:
    """It is told only when the recording is done."""
    recording = RecordingFacts(
        sid="RE1", account_sid=ACCOUNT, call_sid=CALL, source="DialVerb", status="in-progress", started=0, duration=0
    )

    assert "RecordingDuration" not in dict(recording_params(recording))


def test_places_are_told_of_north_american_numbers_only() -> None:
    """Others have a country; an address that is no number has not even that."""
    told = dict(request_params(call(sender="+541150320199", recipient="client:ana")))

    assert (told["FromCountry"], told["FromCity"], told["ToCountry"]) == ("AR", "", "")
