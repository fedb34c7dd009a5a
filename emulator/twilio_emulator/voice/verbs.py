"""The verbs of a voice document, as read: defaults filled in, values checked, URLs as written.

Lengths are whole seconds. ``loop`` 0 repeats for ever. An ``action`` of None stands for the URL that the verb
takes by default: the document's own for Gather and Record, none for Dial and Sms.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "VERBS",
    "Dial",
    "Gather",
    "Hangup",
    "Noun",
    "Pause",
    "Play",
    "Prompt",
    "Record",
    "RecordCall",
    "RecordingCallback",
    "Redirect",
    "Reject",
    "Say",
    "Sms",
    "Unemulated",
    "Verb",
]

DIAL_TIMEOUT = 30
LONGEST_CALL = 14_400
LONGEST_RECORDING = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """A text to be spoken; of SSML only the text is kept."""

    text: str
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """A recording to be played, or keys to be pressed; a ``url`` of ``""`` is the document itself."""

    url: str = ""
    digits: str = ""
    loop: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Silence."""

    length: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Gather:
    """Keys or speech to be collected, while the prompts are heard.

    Attributes:
        num_digits: how many keys are enough; None for any number.
        finish_on_key: key that ends the input and is no part of it; ``""`` for none.
        dtmf: whether keys count; likewise ``speech``.
        speech_timeout: seconds of silence that end speech, or ``auto``; ``""`` for ``timeout``.
    """

    action: str | None = None
    method: str = "POST"
    dtmf: bool = True
    speech: bool = False
    timeout: int = 5
    num_digits: int | None = None
    finish_on_key: str = "#"
    speech_timeout: str = ""
    hints: str = ""
    language: str = "en-US"
    barge_in: bool = True
    action_on_empty_result: bool = False
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingCallback:
    """Whom to tell about a recording, and about which of ``in-progress``, ``completed``, ``absent``."""

    url: str
    method: str = "POST"
    events: tuple[str, ...] = ("completed",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The caller's voice to be recorded; ``timeout`` is the silence that ends it."""

    action: str | None = None
    method: str = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = LONGEST_RECORDING
    play_beep: bool = True
    trim: bool = True
    callback: RecordingCallback | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordCall:
    """The whole call to be recorded from here on, beside what follows."""

    callback: RecordingCallback | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect:
    """Another document to go on with; a ``url`` of ``""`` is the document itself."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noun:
    """Whom to dial.

    Attributes:
        kind: ``number``, ``sip`` or ``client``.
        address: E.164 number, SIP URI or client's identity.
        url: document that the dialled party hears first; the emulator does not fetch it.
        status_events: of ``initiated``, ``ringing``, ``answered``, ``completed``.
    """

    kind: str
    address: str
    url: str = ""
    method: str = "POST"
    send_digits: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    status_events: tuple[str, ...] = ("completed",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """Somebody else to be connected; all ``nouns`` ring at once and the first to answer is taken.

    Attributes:
        caller_id: whom the dialled party sees; ``""`` for the caller.
        timeout: how long the other end rings.
        time_limit: how long the two may talk.
        record: whether the conversation is recorded, and ``record_ringing`` whether from the first ring.
    """

    nouns: tuple[Noun, ...]
    action: str | None = None
    method: str = "POST"
    timeout: int = DIAL_TIMEOUT
    time_limit: int = LONGEST_CALL
    caller_id: str = ""
    hangup_on_star: bool = False
    answer_on_bridge: bool = False
    record: bool = False
    record_ringing: bool = False
    callback: RecordingCallback | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hangup:
    """The end of the call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A call not to be answered; ``reason`` is ``rejected`` or ``busy``."""

    reason: str = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sms:
    """A message to be sent; ``recipient`` and ``sender`` are ``""`` for the ends of the call."""

    body: str
    recipient: str = ""
    sender: str = ""
    action: str | None = None
    method: str = "POST"
    status_callback: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unemulated:
    """A verb of Twilio's that the emulator knows but does not act on.

    Attributes:
        name: the verb, or the verb and the noun in it: ``Dial/Conference``.
        holds: whether the call stays in the verb, so that what follows cannot be judged.
    """

    name: str
    holds: bool = True


Prompt = Say | Play | Pause
Verb = Say | Play | Pause | Gather | Record | RecordCall | Redirect | Dial | Hangup | Reject | Sms | Unemulated

VERBS = (
    Say,
    Play,
    Pause,
    Gather,
    Record,
    RecordCall,
    RecordingCallback,
    Redirect,
    Noun,
    Dial,
    Hangup,
    Reject,
    Sms,
    Unemulated,
)
