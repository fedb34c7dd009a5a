"""Hypothesis strategies for what people write: specs that the API server admits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from switchboard_operator.api import grammar
from switchboard_operator.api.llm import OWN_TOOLS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

CONTROLS = "".join(map(chr, [*range(32), 127, *range(128, 160)]))
PLAIN = st.characters(codec="utf-8")
LINES = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS), min_size=1, max_size=64).filter(str.strip)
PHRASES = LINES.filter(lambda text: any(letter.isalnum() for letter in text))
PROSE = st.text(PLAIN, min_size=1, max_size=80).filter(
    lambda text: bool(re.search(grammar.FILLED, text)) and not re.search(grammar.BRACES, text)
)
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
).filter(lambda texts: all(map(str.strip, texts.values())))


def _optional(**fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _titles(choices: list[dict[str, Any]]) -> int:
    return sum(len(one["title"]) for one in choices)


def _object(given: dict[str, SearchStrategy[Any]], /, **more: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(given, optional=more)


TEMPLATE_NAMES = ("colours", "shop.2")
_DEGREES = st.decimals(-90, 90, places=4).map(str)
_CHOICES = st.lists(
    _object({"title": st.dictionaries(LANGUAGES, LINES, min_size=1, max_size=2)}, id=st.sampled_from("abc")),
    min_size=1,
    max_size=3,
    unique_by=lambda one: str(one.get("id", one["title"])),
).filter(lambda choices: len({text for one in choices for text in one["title"].values()}) == _titles(choices))
_PARTS: dict[str, SearchStrategy[Any]] = {
    "media": st.lists(
        st.sampled_from(["https://example.com/a.jpg?v=2", "https://media.example.com"]), min_size=1, unique=True
    ),
    "choices": _CHOICES,
    "location": _object({"latitude": _DEGREES, "longitude": _DEGREES}, label=LINES, address=LINES),
    "template": st.sampled_from(TEMPLATE_NAMES),
}
_CONDITIONS = st.fixed_dictionaries(
    {"matches": st.lists(PHRASES, min_size=1, max_size=3, unique=True)}
) | st.fixed_dictionaries(
    {"received": st.lists(st.sampled_from(["Image", "Audio", "Contacts"]), min_size=1, unique=True)}
)
RULES = _object({"when": _CONDITIONS, "reply": TEXTS}, **_PARTS) | _object(
    {"when": st.just({"catalogue": True}), "reply": CATALOGUE_TEXTS}, **_PARTS
)
SCRIPTS = st.fixed_dictionaries({"rules": st.lists(RULES, min_size=1, max_size=3), "otherwise": TEXTS})


PRICES = st.from_regex(grammar.PRICE, fullmatch=True)
SECRETS = OBJECT_NAMES.map(lambda name: {"name": name})
URLS = st.sampled_from(
    ["https://models.example.com/v1", "https://proxy.example.com:8443", "http://llm.models.svc:8000/v1"]
)
TOOL_NAMES = st.from_regex(grammar.TOOL_NAME, fullmatch=True).filter(lambda name: name not in OWN_TOOLS)
_PRICE_ROWS = _object(
    {"validFrom": st.from_regex(grammar.DAY, fullmatch=True), "input": PRICES, "output": PRICES},
    currency=st.sampled_from(["ARS", "USD"]),
    cachedInput=PRICES,
)
_CHOSEN: dict[str, SearchStrategy[Any]] = {
    "baseURL": URLS,
    "prices": st.lists(_PRICE_ROWS, max_size=2, unique_by=lambda row: str(row["validFrom"])),
    "temperature": st.from_regex(grammar.TEMPERATURE, fullmatch=True),
}
MODELS = _object(
    {"provider": st.sampled_from(["anthropic", "google", "cohere"]), "name": LINES, "secretRef": SECRETS}, **_CHOSEN
) | _object({"provider": st.just("openai"), "name": LINES, "secretRef": SECRETS}, stream=st.booleans(), **_CHOSEN)
_PARAMETERS = _object(
    {"name": TOOL_NAMES},
    description=PROSE,
    type=st.sampled_from(["string", "integer", "number", "boolean"]),
    required=st.booleans(),
) | _object({"name": TOOL_NAMES}, oneOf=st.lists(LINES, max_size=2, unique=True))
HTTP_TOOLS = _object(
    {"name": TOOL_NAMES, "description": PROSE, "url": URLS},
    method=st.sampled_from(["GET", "POST"]),
    secretRef=SECRETS,
    parameters=st.lists(_PARAMETERS, max_size=2, unique_by=lambda parameter: str(parameter["name"])),
)
GUARDRAILS = _optional(
    topic=LINES,
    blockedTopics=st.lists(PHRASES, min_size=1, max_size=2, unique=True),
    refusal=TEXTS,
    onlyFromKnowledge=st.booleans(),
    languages=st.lists(LANGUAGES, min_size=1, max_size=2, unique=True),
)
TOOLS = st.sampled_from(["SearchCatalogue", "CaptureLead", "HandOff", "BusinessHours"]).map(lambda name: {"name": name})


@st.composite
def assistant_specs(draw: st.DrawFn) -> dict[str, Any]:
    """The spec of an Assistant with a script, with models, or with both."""
    script = draw(st.none() | SCRIPTS)
    catalogue = {"catalogue": {"configMapRef": {"name": "menu"}}} if script and _speaks_of_products(script) else {}
    scripted = {"script": script} if script else {}
    model = draw(MODELS) if script is None or draw(st.booleans()) else None
    thinking = {"model": model, "instructions": draw(PROSE)} if model else {}
    rest = _optional(
        disclosure=TEXTS,
        canned=TEXTS,
        fallbackModels=st.lists(MODELS, max_size=4),
        tools=st.lists(TOOLS, max_size=4, unique_by=lambda tool: tool["name"]),
        httpTools=st.lists(HTTP_TOOLS, max_size=2, unique_by=lambda tool: tool["name"]),
        guardrails=GUARDRAILS,
        limits=_optional(
            maxOutputTokens=st.integers(1, 100_000),
            historyTokens=st.integers(0, 100_000),
            maxRequests=st.integers(1, 12),
            spendPerContactPerDay=st.from_regex(grammar.MONEY, fullmatch=True),
            spendPerMonth=st.from_regex(grammar.MONEY, fullmatch=True),
            turnDeadline=st.integers(1, 300).map(lambda seconds: f"{seconds}s"),
        ),
    )
    given = draw(rest)
    return scripted | catalogue | (given if model else {k: v for k, v in given.items() if k == "disclosure"}) | thinking


def _speaks_of_products(script: dict[str, Any]) -> bool:
    return any("catalogue" in rule["when"] for rule in script["rules"])


def bot_specs(assistants: list[str]) -> SearchStrategy[dict[str, Any]]:
    """How a tenant's bot behaves; it may name one of the assistants."""
    handoff = _object(
        {"keywords": st.lists(PHRASES, min_size=1, max_size=3, unique=True)},
        returnAfter=st.integers(0, 8760).map(lambda count: f"{count}h"),
    )
    return _optional(
        languages=st.lists(LANGUAGES, min_size=1, max_size=3, unique=True),
        greeting=TEXTS,
        handoff=handoff,
        burst=st.integers(0, 30_000).map(lambda count: f"{count}ms"),
        hours=HOURS,
        voice=VOICES,
        bubbleTimeout=st.integers(0, 60_000).map(lambda count: f"{count}ms"),
        contacts=CONTACTS,
        optOut=OPT_OUTS,
        limitReply=TEXTS,
        loopBreaker=_optional(
            enabled=st.booleans(),
            exchanges=st.integers(5, 1000),
            within=st.sampled_from(["10s", "1h"]),
            repeats=st.integers(3, 100),
            silence=st.sampled_from(["10s", "1m30s", "24h"]),
        ),
        whatsapp=_optional(reopenTemplate=TEMPLATES, templates=NAMED_TEMPLATES),
        assistantRef=st.sampled_from(assistants).map(lambda name: {"name": name}),
    )


_WORDS = st.lists(PHRASES, min_size=1, max_size=2, unique=True)
OPT_OUTS = _optional(stop=_WORDS, start=_WORDS, help=_WORDS, stopReply=TEXTS, startReply=TEXTS, helpReply=TEXTS)
TEMPLATES = _object(
    {"sid": st.dictionaries(LANGUAGES, st.from_regex(r"HX[0-9a-f]{32}", fullmatch=True), min_size=1, max_size=2)},
    variables=st.dictionaries(
        st.from_regex(r"[A-Za-z0-9_]{1,32}", fullmatch=True),
        PROSE | st.sampled_from(["{text}", "Dear {tenant}:"]),
        max_size=3,
    ),
)
NAMED_TEMPLATES = st.fixed_dictionaries(dict.fromkeys(TEMPLATE_NAMES, TEMPLATES)).map(
    lambda named: [{"name": name} | template for name, template in named.items()]
)
_SPANS = st.fixed_dictionaries(
    {
        "days": st.lists(
            st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]), min_size=1, max_size=3, unique=True
        ),
        "from": st.sampled_from(["00:00", "09:00", "13:30"]),
        "to": st.sampled_from(["14:00", "18:00", "24:00"]),
    }
)
_EXCEPTIONS = _object(
    {"date": st.from_regex(grammar.DAY, fullmatch=True)},
    ranges=st.lists(st.sampled_from([{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "24:00"}]), max_size=2),
)
HOURS = _object(
    {
        "timeZone": st.sampled_from(["UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires"]),
        "weekly": st.lists(_SPANS, min_size=1, max_size=3),
    },
    outside=st.sampled_from(["Answer", "Away"]),
    away=TEXTS,
    exceptions=st.lists(_EXCEPTIONS, max_size=3, unique_by=lambda one: str(one["date"])),
)
OUTSIDE, INSIDE = "+5491155550300", "+5491155550301"
"""Whom calls are transferred to; a test may make the second the tenant's own."""

_TRANSFERS = st.fixed_dictionaries(
    {}, optional={"ringTimeout": st.sampled_from(["5s", "1m30s", "2m"]), "callerId": st.sampled_from(["Caller", "Own"])}
).flatmap(
    lambda more: st.sampled_from(
        [{"phoneNumber": OUTSIDE} | more, {"phoneNumber": INSIDE} | more, {"sip": "sip:sales@pbx.example.com"} | more]
    )
)
_KEY = st.sampled_from("0123456789*#")
_NOTHING: SearchStrategy[dict[str, Any]] = st.just({})
_KEYS = st.one_of(
    _object({"key": _KEY, "reply": TEXTS}),
    _object({"key": _KEY, "transfer": _TRANSFERS}),
    _object({"key": _KEY, "voicemail": _NOTHING}),
    _object({"key": _KEY, "assistant": _NOTHING}),
)
_MENUS = st.fixed_dictionaries(
    {"prompt": TEXTS, "options": st.lists(_KEYS, min_size=1, max_size=3, unique_by=lambda key: str(key["key"]))}
)
_VOICEMAILS = _optional(greeting=TEXTS, maxDuration=st.sampled_from(["5s", "10m"]), transcribe=st.booleans())
_SECONDS = st.integers(5, 10).map(lambda count: f"{count}s")
VOICES = _optional(
    mode=st.sampled_from(["Message", "Assistant", "Menu"]),
    greeting=TEXTS,
    menu=_MENUS,
    transfer=_TRANSFERS,
    voicemail=_VOICEMAILS,
    record=st.fixed_dictionaries({"announcement": TEXTS}),
    voices=st.dictionaries(
        LANGUAGES, _object({"language": LANGUAGES}, voice=st.sampled_from(["alice", "Polly.Mia"])), max_size=2
    ),
    hints=st.lists(LINES, max_size=2, unique=True),
    minConfidencePercent=st.integers(0, 100),
    listenTimeout=_SECONDS,
    pause=_SECONDS,
    answerTimeout=_SECONDS,
    maxTurns=st.integers(1, 100),
    maxSilences=st.integers(0, 5),
).filter(
    lambda voice: (
        (voice.get("mode") != "Menu" or "menu" in voice)
        and ("voicemail" in voice or not any("voicemail" in key for key in voice.get("menu", {}).get("options", [])))
    )
)
_CUSTOM = _object(
    {"name": st.from_regex(grammar.FIELD_NAME, fullmatch=True)},
    type=st.sampled_from(["string", "integer", "number", "boolean", "date"]),
) | _object(
    {"name": st.from_regex(grammar.FIELD_NAME, fullmatch=True)},
    oneOf=st.lists(LINES, min_size=1, max_size=2, unique=True),
)
CONTACTS = _optional(
    fields=st.lists(_CUSTOM, max_size=3, unique_by=lambda one: str(one["name"])),
    stages=st.lists(st.from_regex(grammar.STAGE, fullmatch=True), min_size=1, max_size=3, unique=True),
)
WEBHOOKS = st.lists(
    _object(
        {
            "name": st.from_regex(grammar.LABEL_NAME, fullmatch=True),
            "url": URLS,
            "secretRef": _object({"name": OBJECT_NAMES, "key": st.from_regex(grammar.KEY_NAME, fullmatch=True)}),
        },
        events=st.lists(st.sampled_from(["message.received", "contact.opted_out"]), max_size=2, unique=True),
        texts=st.booleans(),
    ),
    max_size=2,
    unique_by=lambda endpoint: str(endpoint["name"]),
)
_COUNTS = st.integers(0, 10**12)


def plan_specs() -> SearchStrategy[dict[str, Any]]:
    """Limits and retention, as a Plan or a Tenant has them."""
    money = st.from_regex(grammar.MONEY, fullmatch=True)
    ceilings: dict[str, SearchStrategy[Any]] = {
        "messagesPerMinute": _COUNTS,
        "messagesPerDay": _COUNTS,
        "messagesPerMonth": _COUNTS,
        "llmTokensPerDay": _COUNTS,
        "llmTokensPerMonth": _COUNTS,
        "dailySpend": money,
        "monthlySpend": money,
    }
    limits = _optional(
        numbers=st.integers(0, 1000),
        concurrentConversations=_COUNTS,
        backlog=_COUNTS,
        perNumber=_optional(**ceilings),
        perContact=_optional(**ceilings),
        storage=st.just("1Gi"),
        **ceilings,
    )
    hours = st.integers(1, 87_600).map(lambda count: f"{count}h")
    return _optional(limits=limits, retention=_optional(messages=hours, contacts=hours, audit=hours))


def number_specs(assistants: list[str]) -> SearchStrategy[dict[str, Any]]:
    """A BotNumber's spec but for where the number comes from."""
    profile = {"profile": {"name": "Acme"}}
    channels = _optional(sms=st.just({}), voice=st.just({}), whatsapp=st.just(profile)).filter(bool)
    return _optional(
        assistantRef=st.sampled_from(assistants).map(lambda name: {"name": name}),
        primary=st.booleans(),
        channels=channels,
    )


CONFIG_MAPS = st.dictionaries(st.from_regex(r"[-._a-zA-Z0-9]{1,253}", fullmatch=True), PROSE, max_size=3)
PRODUCTS = st.lists(
    st.fixed_dictionaries(
        {"name": PHRASES},
        optional={
            "price": st.decimals(0, 10**9, places=2).map(str),
            "currency": st.sampled_from(["ARS", "USD"]),
            "stock": st.integers(0, 10**9),
            "status": st.sampled_from(["Active", "Draft", "Discontinued"]),
            "aliases": st.lists(PHRASES, max_size=3),
            "description": PROSE,
        },
    ),
    max_size=3,
    unique_by=lambda product: str(product["name"]).strip().casefold(),
)
