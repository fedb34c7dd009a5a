"""What a caller hears: a short polite text, as TwiML made by Twilio's own library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import VoiceResponse

from switchboard_runtime.conversation.phrases import phrase

if TYPE_CHECKING:
    from switchboard_runtime.config import TenantDocument

__all__ = ["answer_call"]

_VOICES = {"es": "es-MX", "en": "en-US", "pt": "pt-BR", "fr": "fr-FR", "it": "it-IT", "de": "de-DE"}


def answer_call(document: TenantDocument) -> str:
    """TwiML that thanks for the call, asks for a message and hangs up; a suspended tenant does not answer."""
    response = VoiceResponse()
    if document.tenant.status == "Suspended":
        response.reject()
        return str(response)
    language = document.languages[0]
    text = phrase("call", language=language, display_name=document.tenant.display_name)
    response.say(text, language=_VOICES.get(language.split("-")[0], "en-US"))
    response.hangup()
    return str(response)
