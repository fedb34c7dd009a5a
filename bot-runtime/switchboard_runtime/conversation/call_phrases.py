"""What the runtime itself says in a call, when the tenant wrote nothing for the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallPhrase", "call_phrase"]

CallPhrase = Literal[
    "hello",
    "listening",
    "again",
    "silence",
    "patience",
    "no key",
    "through",
    "leave",
    "write",
    "excuse",
    "missed",
    "beep",
    "nothing recorded",
    "recorded",
    "goodbye",
]

_PHRASES: Mapping[CallPhrase, Mapping[str, str]] = {
    "hello": {
        "es": "Gracias por llamar a {name}.",
        "en": "Thank you for calling {name}.",
        "pt": "Obrigado por ligar para {name}.",
    },
    "listening": {
        "es": "¿En qué puedo ayudarle?",
        "en": "How can I help you?",
        "pt": "Como posso ajudar?",
    },
    "again": {
        "es": "Disculpe, no le entendí. ¿Puede decirlo de otra manera?",
        "en": "Sorry, I did not understand. Can you say it in other words?",
        "pt": "Desculpe, não entendi. Pode dizer de outra maneira?",
    },
    "silence": {
        "es": "No le escucho. ¿Sigue ahí?",
        "en": "I cannot hear you. Are you still there?",
        "pt": "Não estou ouvindo. Você ainda está aí?",
    },
    "patience": {
        "es": "Un momento, por favor.",
        "en": "One moment, please.",
        "pt": "Um momento, por favor.",
    },
    "no key": {
        "es": "Esa opción no existe.",
        "en": "There is no such option.",
        "pt": "Essa opção não existe.",
    },
    "through": {
        "es": "Le comunico con una persona de {name}.",
        "en": "I am putting you through to a person at {name}.",
        "pt": "Vou passar você para uma pessoa de {name}.",
    },
    "leave": {
        "es": "Una persona de {name} le va a responder. Puede dejar un mensaje.",
        "en": "A person at {name} will get back to you. You can leave a message.",
        "pt": "Uma pessoa de {name} vai responder. Você pode deixar uma mensagem.",
    },
    "write": {
        "es": "Por favor, escríbanos un mensaje a este mismo número y una persona de {name} le va a responder. Adiós.",
        "en": "Please send a message to this same number and a person at {name} will answer it. Goodbye.",
        "pt": "Por favor, envie uma mensagem para este número e uma pessoa de {name} vai responder. Até logo.",
    },
    "excuse": {
        "es": "Disculpe, ahora no puedo responder eso.",
        "en": "Sorry, I cannot answer that right now.",
        "pt": "Desculpe, não consigo responder isso agora.",
    },
    "missed": {
        "es": "Nadie puede atenderle en este momento.",
        "en": "Nobody can take your call at the moment.",
        "pt": "Ninguém pode atender você neste momento.",
    },
    "beep": {
        "es": "Deje su mensaje después de la señal; al terminar, oprima numeral.",
        "en": "Leave your message after the tone; press the hash key when you are done.",
        "pt": "Deixe sua mensagem depois do sinal; ao terminar, aperte a tecla jogo da velha.",
    },
    "nothing recorded": {
        "es": "No se escuchó ningún mensaje. Adiós.",
        "en": "No message was heard. Goodbye.",
        "pt": "Nenhuma mensagem foi ouvida. Até logo.",
    },
    "recorded": {
        "es": "Gracias, {name} tiene su mensaje. Adiós.",
        "en": "Thank you, {name} has your message. Goodbye.",
        "pt": "Obrigado, {name} tem a sua mensagem. Até logo.",
    },
    "goodbye": {
        "es": "Gracias por llamar a {name}. Adiós.",
        "en": "Thank you for calling {name}. Goodbye.",
        "pt": "Obrigado por ligar para {name}. Até logo.",
    },
}


def call_phrase(name: CallPhrase, *, language: str, display_name: str) -> str:
    """A phrase in ``language``, else in English, with the tenant's name in it."""
    texts = _PHRASES[name]
    return texts.get(language.split("-", maxsplit=1)[0], texts["en"]).replace("{name}", display_name)
