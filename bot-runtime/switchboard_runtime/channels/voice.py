"""What a caller hears and what the call does next, as TwiML made by Twilio's own library.

For: every answer to a voice webhook. Each is a function of the tenant's document, of where the call stands and of
the turn that is kept, so that a webhook that comes twice gets the same answer.
Refuses: to dial whom anybody but the document names; markup in any text; a turn without end: silences, turns and
waiting are counted in the addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import Dial, Gather, Start, VoiceResponse

from switchboard_runtime.channels.voice_forms import TALKED
from switchboard_runtime.config import localized
from switchboard_runtime.config.voice import Speech, Voice
from switchboard_runtime.conversation.calls import (
    BY_KEY,
    LISTENING,
    SUSPENDED,
    TALKING,
    TO_VOICEMAIL,
    handing,
    say,
)
from switchboard_runtime.conversation.phrases import phrase
from switchboard_runtime.conversation.speech import speakable

if TYPE_CHECKING:
    from switchboard_runtime.channels.voice_forms import CallTurn
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.config.voice import Transfer
    from switchboard_runtime.conversation.call_phrases import CallPhrase
    from switchboard_runtime.conversation.calls import Spoken

__all__ = ["VoiceAnswers", "answer_call"]

_LOCALES = {"es": "es-MX", "en": "en-US", "pt": "pt-BR", "fr": "fr-FR", "it": "it-IT", "de": "de-DE"}
_MOST_HINTS = 200
_SILENCE_AFTER_BEEP = 5


def answer_call(document: TenantDocument) -> str:
    """TwiML that thanks for the call, asks for a message and hangs up; a suspended tenant does not answer."""
    response = VoiceResponse()
    if document.tenant.status == "Suspended":
        response.reject()
        return str(response)
    language = document.languages[0]
    greeting = document.voice.greeting if document.voice else None
    if greeting:
        text = localized(greeting, language=language, languages=document.languages)
    else:
        text = phrase("call", language=language, display_name=document.tenant.display_name)
    speech = _speech(document, language)
    response.say(speakable(text), language=speech.language, voice=speech.voice)
    response.hangup()
    return str(response)


class VoiceAnswers:
    """The answers to one webhook of a call.

    Args:
        document: the tenant.
        call: where the call stands.
        language: what is spoken now; None is what was spoken last.
    """

    def __init__(self, document: TenantDocument, call: CallTurn, *, language: str | None = None) -> None:
        self._document = document
        self._voice = document.voice or Voice()
        self._call = call
        self._language = language or call.language or document.languages[0]
        self._response = VoiceResponse()

    def after(self, spoken: Spoken) -> str:
        """Say what the turn came to, and go on as its outcome wants."""
        said = spoken.texts
        if self._call.turn == 0 and self._voice.record and said:
            self._say(said[0])
            self._record()
            said = said[1:]
        if spoken.outcome == SUSPENDED:
            return self._hang_up()
        if spoken.outcome == TO_VOICEMAIL:
            return self._voicemail(said)
        if spoken.outcome.startswith(BY_KEY):
            option = self._voice.menu.option(spoken.outcome.removeprefix(BY_KEY)) if self._voice.menu else None
            return self._beyond(said, transfer=option.transfer if option else None)
        if spoken.outcome in LISTENING:
            return self._listen(said, talking=self._call.talking or spoken.outcome == TALKING)
        return self._beyond(said or (handing(self._document, self._language),))

    def silence(self) -> str:
        """Ask again; whoever stays silent is told goodbye."""
        if self._call.silences >= self._voice.max_silences:
            return self._hang_up(self._phrase("goodbye"))
        menu = self._voice.menu if self._voice.mode == "Menu" and not self._call.talking else None
        again = self._text(menu.prompt) if menu else self._phrase("silence")
        return self._listen((again,), talking=self._call.talking, silences=self._call.silences + 1)

    def wait(self) -> str:
        """Ask for patience, and come back for the answer."""
        self._say(self._phrase("patience"))
        self._response.redirect(self._address("/turn", w=self._call.waits + 1), method="POST")
        return str(self._response)

    def give_up(self) -> str:
        """No answer came in all the time there was, or nothing can be stored: on to a person."""
        if self._document.tenant.status == "Suspended":
            return self._hang_up()
        return self._beyond((self._phrase("excuse"), handing(self._document, self._language)))

    def dialled(self, status: str) -> str:
        """A transfer is over: talked, or not answered."""
        if status in TALKED:
            return self._hang_up()
        if self._voice.voicemail:
            return self._voicemail((self._phrase("missed"),))
        return self._hang_up(self._phrase("missed"), self._phrase("write"))

    def recorded(self) -> str:
        """A message is on the tape."""
        return self._hang_up(self._phrase("recorded"))

    def _listen(self, said: tuple[str, ...], *, talking: bool, silences: int = 0) -> str:
        """Say something and listen; keys and speech interrupt it."""
        turn = self._call.turn + 1
        if turn > self._voice.max_turns:
            return self._beyond((*said, handing(self._document, self._language)))
        speech = self._voice.mode == "Assistant" or talking
        keys = self._voice.menu is not None
        spoken = _speech(self._document, self._language)
        gather = Gather(
            input=" ".join((["speech"] if speech or not keys else []) + (["dtmf"] if keys else [])),
            action=self._address("/turn", n=turn, s=silences, a=int(talking), w=0),
            method="POST",
            timeout=self._voice.listen_seconds,
            action_on_empty_result=True,
            language=spoken.language,
            speech_timeout=str(self._voice.pause_seconds or "auto") if speech or not keys else None,
            hints=self._hints() if speech or not keys else None,
            num_digits=1 if keys else None,
            finish_on_key="" if keys else None,
        )
        for text in filter(None, map(speakable, said)):
            gather.say(text, language=spoken.language, voice=spoken.voice)
        self._response.append(gather)
        return str(self._response)

    def _beyond(self, said: tuple[str, ...], *, transfer: Transfer | None = None) -> str:
        """To a person, else to the voicemail, else to the end."""
        transfer = transfer or self._voice.transfer
        if transfer:
            return self._transfer(said, transfer)
        return self._voicemail(said) if self._voice.voicemail else self._hang_up(*said)

    def _transfer(self, said: tuple[str, ...], transfer: Transfer) -> str:
        self._say(*said)
        dial = Dial(
            action=self._address("/dialled"),
            method="POST",
            timeout=transfer.ring_seconds,
            answer_on_bridge=True,
            caller_id=self._call.own if transfer.caller_id == "Own" else None,
        )
        if transfer.sip:
            dial.sip(transfer.sip)
        else:
            dial.number(transfer.phone_number)
        self._response.append(dial)
        return str(self._response)

    def _voicemail(self, said: tuple[str, ...]) -> str:
        """Take a message on the tape; if that is empty the call ends."""
        voicemail = self._voice.voicemail
        if voicemail is None:
            return self._hang_up(*said)
        self._say(*said, self._text(voicemail.greeting) if voicemail.greeting else self._phrase("beep"))
        callback = self._callback("voicemail")
        self._response.record(
            action=self._address("/recording"),
            method="POST",
            max_length=voicemail.max_seconds,
            timeout=_SILENCE_AFTER_BEEP,
            finish_on_key="#",
            play_beep=True,
            recording_status_callback=callback,
            transcribe=True if voicemail.transcribe else None,
            transcribe_callback=callback if voicemail.transcribe else None,
        )
        return self._hang_up(self._phrase("nothing recorded"))

    def _record(self) -> None:
        start = Start()
        start.recording(recording_status_callback=self._callback("recording"), recording_status_callback_method="POST")
        self._response.append(start)

    def _hang_up(self, *said: str) -> str:
        self._say(*said)
        self._response.hangup()
        return str(self._response)

    def _say(self, *said: str) -> None:
        speech = _speech(self._document, self._language)
        for text in filter(None, map(speakable, said)):
            self._response.say(text, language=speech.language, voice=speech.voice)

    def _phrase(self, name: CallPhrase) -> str:
        return say(name, self._document, self._language)

    def _text(self, texts: dict[str, str]) -> str:
        return localized(texts, language=self._language, languages=self._document.languages)

    def _address(self, path: str, **changes: object) -> str:
        return self._call.address(self._document.url, path, l=self._language, **changes)

    def _callback(self, what: str) -> str:
        """Where a recording is told."""
        return self._address("/recording", what=what)

    def _hints(self) -> str | None:
        """Words that callers will probably say: the tenant's own, and what the assistant sells."""
        assistant = self._document.assistant_for(self._call.own)
        products = [one for one in assistant.products if one.status == "Active"] if assistant else []
        names = [*self._voice.hints, *(name for one in products for name in (one.name, *one.aliases))]
        hints = dict.fromkeys(speakable(name.replace(",", " "), longest=100) for name in names)
        return ",".join([hint for hint in hints if hint][:_MOST_HINTS]) or None


def _speech(document: TenantDocument, language: str) -> Speech:
    """How a language of the tenant sounds."""
    voices = document.voice.voices if document.voice else {}
    base = language.split("-", maxsplit=1)[0]
    chosen = voices.get(language) or voices.get(base)
    if chosen:
        return chosen
    return Speech(language=language if "-" in language else _LOCALES.get(base, "en-US"))
