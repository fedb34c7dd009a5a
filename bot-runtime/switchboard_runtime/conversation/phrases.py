"""What the runtime itself says, when nothing was written for the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Phrase", "phrase"]

Phrase = Literal["received", "excuse", "busy", "handoff", "media", "call", "stopped", "started", "help"]

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
    "stopped": {
        "es": "Listo, {name} ya no te escribirá por acá. Para volver a recibir mensajes, respondé ALTA.",
        "en": "Done, {name} will not write to you here any more. To get messages again, answer START.",
        "pt": "Pronto, {name} não vai mais escrever por aqui. Para voltar a receber mensagens, responda VOLTAR.",
        "fr": "C'est fait, {name} ne vous écrira plus ici. Pour recevoir à nouveau des messages, répondez REPRENDRE.",
        "it": "Fatto, {name} non ti scriverà più qui. Per ricevere di nuovo messaggi, rispondi RIPRENDI.",
        "de": "Erledigt, {name} schreibt hier nicht mehr. Für neue Nachrichten antworten Sie ANMELDEN.",
    },
    "started": {
        "es": "Listo, {name} vuelve a escribirte por acá. Para dejar de recibir mensajes, respondé BAJA.",
        "en": "Done, {name} writes to you here again. To stop messages, answer STOP.",
        "pt": "Pronto, {name} volta a escrever por aqui. Para parar de receber mensagens, responda SAIR.",
        "fr": "C'est fait, {name} vous écrit à nouveau ici. Pour ne plus recevoir de messages, répondez ARRET.",
        "it": "Fatto, {name} ti scrive di nuovo qui. Per non ricevere più messaggi, rispondi BASTA.",
        "de": "Erledigt, {name} schreibt hier wieder. Um keine Nachrichten zu erhalten, antworten Sie ABMELDEN.",
    },
    "help": {
        "es": "{name}: pediste no recibir mensajes. Para volver a recibirlos, respondé ALTA.",
        "en": "{name}: you asked for no more messages. To get them again, answer START.",
        "pt": "{name}: você pediu para não receber mensagens. Para voltar a receber, responda VOLTAR.",
        "fr": "{name} : vous avez demandé à ne plus recevoir de messages. Pour en recevoir, répondez REPRENDRE.",
        "it": "{name}: hai chiesto di non ricevere messaggi. Per riceverne di nuovo, rispondi RIPRENDI.",
        "de": "{name}: Sie wollten keine Nachrichten mehr. Für neue Nachrichten antworten Sie ANMELDEN.",
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
