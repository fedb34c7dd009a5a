"""What the runtime itself says, when nothing was written for the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Phrase", "phrase"]

Phrase = Literal["received", "excuse", "busy", "handoff", "media", "call"]

_PHRASES: Mapping[Phrase, Mapping[str, str]] = {
    "received": {
        "es": "Gracias por escribir a {name}. Recibimos tu mensaje y te responderemos.",
        "en": "Thank you for writing to {name}. We have your message and will get back to you.",
        "pt": "Obrigado por escrever para {name}. Recebemos sua mensagem e vamos responder.",
    },
    "excuse": {
        "es": "Disculpá, ahora no puedo responder. {name} recibió tu mensaje.",
        "en": "Sorry, I cannot answer right now. {name} has your message.",
        "pt": "Desculpe, não consigo responder agora. {name} recebeu sua mensagem.",
    },
    "busy": {
        "es": "Ahora no podemos responder más mensajes. {name} recibió el tuyo.",
        "en": "We cannot answer more messages right now. {name} has yours.",
        "pt": "Agora não podemos responder mais mensagens. {name} recebeu a sua.",
    },
    "handoff": {
        "es": "Te paso con una persona de {name}; te va a escribir por acá.",
        "en": "I am passing you to a person at {name}; they will write to you here.",
        "pt": "Vou passar você para uma pessoa de {name}, que vai escrever por aqui.",
    },
    "media": {
        "es": "Recibimos lo que enviaste. ¿Podés contarnos con palabras qué necesitás?",
        "en": "We have what you sent. Can you tell us in words what you need?",
        "pt": "Recebemos o que você enviou. Pode nos dizer em palavras do que precisa?",
    },
    "call": {
        "es": "Gracias por llamar a {name}. Por favor, escríbanos un mensaje a este mismo número. Adiós.",
        "en": "Thank you for calling {name}. Please send a message to this same number. Goodbye.",
        "pt": "Obrigado por ligar para {name}. Por favor, envie uma mensagem para este número. Até logo.",
    },
}


def phrase(name: Phrase, *, language: str, display_name: str) -> str:
    """A phrase in ``language``, else in English, with the tenant's name in it."""
    texts = _PHRASES[name]
    return texts.get(language.split("-", maxsplit=1)[0], texts["en"]).replace("{name}", display_name)
