"""Which of a tenant's languages a text is in, told by its commonest words.

For: choosing between the few languages a tenant answers in; no library, the same answer always.
Refuses: to guess; without a clear sign the language stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.assistants.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["choose_language", "other_language"]

_CLEARLY = 3

_COMMON: Mapping[str, frozenset[str]] = {
    language: frozenset(common.split())
    for language, common in {
        "es": "hola buenas buenos dias tardes noches gracias que cual cuanto cuanta donde cuando como "
        "quiero tengo tienen hay el la los las un una del al es esta por para con sin pero y o si me te "
        "lo precio sale",
        "en": "hello hi hey good morning afternoon evening thanks thank please what which how much where "
        "when i you we they do does have has is are the a an of for with and or but not yes can "
        "could want price",
        "pt": "ola oi bom boa dia tarde noite obrigado obrigada qual quanto quanta onde quando como "
        "quero tenho voces tem ha o os as um uma do da dos das e por para com sem mas ou sim nao preco custa",
        "fr": "bonjour bonsoir salut merci quel quelle combien ou quand comment je vous avez le la les "
        "un une du des est pour avec sans mais et oui non prix",
        "it": "ciao buongiorno buonasera grazie quale quanto dove quando come voglio avete il lo la "
        "gli un una del della per con senza ma e o si no prezzo",
        "de": "hallo guten tag morgen abend danke bitte was welche wie viel wo wann ich sie haben hat "
        "ist der die das ein eine fur mit ohne aber und oder ja nein nicht preis",
    }.items()
}


def choose_language(text: str, *, current: str | None, languages: tuple[str, ...]) -> str:
    """The language to answer in.

    Args:
        text: the contact's words.
        current: the conversation's language so far; None at first contact.
        languages: the tenant's, at least one; the first is the default.
    """
    said = words(text)
    scores = {language: sum(word in _COMMON.get(language.split("-")[0], ()) for word in said) for language in languages}
    standing = current if current in scores else languages[0]
    best = max(scores.values())
    leaders = [language for language in languages if scores[language] == best]
    return leaders[0] if best and len(leaders) == 1 else standing


def other_language(text: str, *, languages: tuple[str, ...]) -> str | None:
    """The language that a text is clearly in, if it is none of ``languages``; of the six whose common words we know.

    One of ``languages`` that we do not know could be any text's: then nothing is clear.
    """
    ours = {language.split("-", maxsplit=1)[0] for language in languages}
    if not ours <= _COMMON.keys():
        return None
    said = words(text)
    scores = {language: sum(word in common for word in said) for language, common in _COMMON.items()}
    best = max(scores, key=lambda language: scores[language])
    own = max(scores[language] for language in ours)
    return best if best not in ours and scores[best] >= max(_CLEARLY, 2 * own + 1) else None
