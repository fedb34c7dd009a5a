"""The part of a document about calls: ``voice`` (docs/voice.md).

What the runtime would refuse in a roll-out is refused here, where its author sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import timedelta

    from switchboard_operator.api.voice import Menu, MenuOption, Recording, Speech, Transfer, Voice, Voicemail


def voice_of(voice: Voice, *, own_numbers: Collection[str], has_assistant: bool) -> dict[str, Any]:
    """How calls are answered; what is left out is the runtime's default.

    Args:
        voice: as the Tenant has it.
        own_numbers: the tenant's numbers (E.164).
        has_assistant: whether the tenant or one of its numbers names an assistant.

    Raises:
        Invalid: VoiceInvalid, with the field and the cure.
    """
    _check(voice, own_numbers, has_assistant=has_assistant)
    told: dict[str, Any] = {
        "mode": voice.mode,
        "greeting": _texts(voice.greeting),
        "menu": _menu(voice.menu) if voice.menu else None,
        "transfer": _transfer(voice.transfer) if voice.transfer else None,
        "voicemail": _voicemail(voice.voicemail) if voice.voicemail else None,
        "record": _record(voice.record) if voice.record else None,
        "voices": {name: _speech(speech) for name, speech in voice.voices.items()} if voice.voices else None,
        "hints": list(voice.hints) if voice.hints else None,
        "minConfidence": _share(voice.min_confidence_percent),
        "listenSeconds": _seconds(voice.listen_timeout),
        "pauseSeconds": _seconds(voice.pause),
        "answerSeconds": _seconds(voice.answer_timeout),
        "maxTurns": voice.max_turns,
        "maxSilences": voice.max_silences,
    }
    return _given(told)


def _check(voice: Voice, own_numbers: Collection[str], *, has_assistant: bool) -> None:
    if _leads_to_assistant(voice) and not has_assistant:
        raise Invalid(
            reasons.VOICE_INVALID,
            "spec.bot.voice: callers would talk with an assistant, and there is none; name one in "
            "spec.bot.assistantRef or on a BotNumber, or choose mode: Message",
        )
    for field, transfer in _transfers(voice):
        if transfer.phone_number in own_numbers:
            raise Invalid(
                reasons.VOICE_INVALID,
                f"spec.bot.voice.{field}.phoneNumber: is a number of the tenant's own, so calls would go in circles; "
                "write a person's",
            )


def _leads_to_assistant(voice: Voice) -> bool:
    keys = voice.menu.options if voice.menu else []
    return voice.mode == "Assistant" or (voice.mode == "Menu" and any(key.assistant is not None for key in keys))


def _transfers(voice: Voice) -> Iterator[tuple[str, Transfer]]:
    if voice.transfer is not None:
        yield "transfer", voice.transfer
    for position, option in enumerate(voice.menu.options if voice.menu else []):
        if option.transfer is not None:
            yield f"menu.options[{position}].transfer", option.transfer


def _menu(menu: Menu) -> dict[str, Any]:
    return {"prompt": dict(menu.prompt), "options": [_option(option) for option in menu.options]}


def _option(option: MenuOption) -> dict[str, Any]:
    return _given(
        {
            "key": option.key,
            "reply": _texts(option.reply),
            "transfer": _transfer(option.transfer) if option.transfer else None,
            "voicemail": True if option.voicemail is not None else None,
            "assistant": True if option.assistant is not None else None,
        }
    )


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return _given(
        {
            "phoneNumber": transfer.phone_number,
            "sip": transfer.sip,
            "ringSeconds": _seconds(transfer.ring_timeout),
            "callerId": transfer.caller_id,
        }
    )


def _voicemail(voicemail: Voicemail) -> dict[str, Any]:
    return _given(
        {
            "greeting": _texts(voicemail.greeting),
            "maxSeconds": _seconds(voicemail.max_duration),
            "transcribe": voicemail.transcribe,
        }
    )


def _record(record: Recording) -> dict[str, Any]:
    return {"announcement": dict(record.announcement)}


def _speech(speech: Speech) -> dict[str, Any]:
    return _given({"language": speech.language, "voice": speech.voice})


def _texts(texts: dict[str, str] | None) -> dict[str, str] | None:
    return dict(texts) if texts else None


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


def _share(percent: int | None) -> float | None:
    return None if percent is None else percent / 100


def _given(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part is not None}
