"""What is said of people when the document says nothing."""

from __future__ import annotations

__all__ = ["away_words"]

_AWAY = {
    "es": "Gracias por escribir a {name}. Ahora no hay nadie; guardamos tu mensaje y te respondemos cuando volvamos.",
    "en": "Thank you for writing to {name}. Nobody is here now; we have your message and will answer when we are back.",
    "pt": "Obrigado por escrever para {name}. Agora não há ninguém; guardamos sua mensagem e respondemos ao voltar.",
}


def away_words(*, language: str, display_name: str) -> str:
    """The away message in a language, else in English."""
    return _AWAY.get(language.split("-", maxsplit=1)[0], _AWAY["en"]).replace("{name}", display_name)
