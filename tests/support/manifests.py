"""Hypothesis strategies for what people write: specs that the API server admits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from switchboard_operator.api import grammar

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

CONTROLS = "".join(map(chr, [*range(32), 127, *range(128, 160)]))
PLAIN = st.characters(codec="utf-8")
LINES = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS), min_size=1, max_size=64)
PROSE = st.text(PLAIN, min_size=1, max_size=80)
LANGUAGES = st.from_regex(grammar.LANGUAGE, fullmatch=True)
SLUGS = st.from_regex(grammar.SLUG, fullmatch=True)
PHONES = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
OBJECT_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda t: ".." not in t)
TEXTS = st.dictionaries(LANGUAGES, PROSE, min_size=1, max_size=3)
PRODUCT_FIELDS = ("name", "price", "currency", "stock", "description")
CATALOGUE_TEXTS = st.dictionaries(
    LANGUAGES,
    st.lists(st.sampled_from([f"{{{name}}}" for name in PRODUCT_FIELDS] + ["a", " "]), min_size=1).map("".join),
    min_size=1,
    max_size=2,
)


def _optional(**fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


RULES = st.fixed_dictionaries(
    {
        "when": st.fixed_dictionaries({"matches": st.lists(LINES, min_size=1, max_size=3, unique=True)}),
        "reply": TEXTS,
    }
) | st.fixed_dictionaries({"when": st.just({"catalogue": True}), "reply": CATALOGUE_TEXTS})
SCRIPTS = st.fixed_dictionaries({"rules": st.lists(RULES, min_size=1, max_size=3), "otherwise": TEXTS})


@st.composite
def assistant_specs(draw: st.DrawFn) -> dict[str, Any]:
    """The spec of an Assistant with a script."""
    script = draw(SCRIPTS)
    catalogue = {"catalogue": {"configMapRef": {"name": "menu"}}} if _speaks_of_products(script) else {}
    return {"script": script} | catalogue | draw(_optional(instructions=PROSE, disclosure=TEXTS))


def _speaks_of_products(script: dict[str, Any]) -> bool:
    return any("catalogue" in rule["when"] for rule in script["rules"])


def bot_specs(assistants: list[str]) -> SearchStrategy[dict[str, Any]]:
    """How a tenant's bot behaves; it may name one of the assistants."""
    handoff = st.fixed_dictionaries({"keywords": st.lists(LINES, min_size=1, max_size=3, unique=True)})
    return _optional(
        languages=st.lists(LANGUAGES, min_size=1, max_size=3, unique=True),
        greeting=TEXTS,
        handoff=handoff,
        assistantRef=st.sampled_from(assistants).map(lambda name: {"name": name}),
    )


def number_specs(assistants: list[str]) -> SearchStrategy[dict[str, Any]]:
    """A BotNumber's spec but for where the number comes from."""
    profile = {"profile": {"name": "Acme"}}
    channels = _optional(sms=st.just({}), voice=st.just({}), whatsapp=st.just(profile)).filter(bool)
    return _optional(
        assistantRef=st.sampled_from(assistants).map(lambda name: {"name": name}),
        primary=st.booleans(),
        channels=channels,
    )


PRODUCTS = st.lists(
    st.fixed_dictionaries(
        {"name": LINES.filter(str.strip)},
        optional={
            "price": st.decimals(0, 10**9, places=2).map(str),
            "currency": st.sampled_from(["ARS", "USD"]),
            "stock": st.integers(0, 10**9),
            "status": st.sampled_from(["Active", "Draft", "Discontinued"]),
            "aliases": st.lists(LINES, max_size=3),
            "description": PROSE,
        },
    ),
    max_size=3,
)
