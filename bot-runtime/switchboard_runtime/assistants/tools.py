"""What a model may ask for: each tool checks its arguments, and gives data, never orders.

Refuses: unknown tools, arguments that do not fit, and more calls than a turn may have; the model is told so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from switchboard_runtime.assistants.base import Lead
from switchboard_runtime.assistants.catalogue import find_products
from switchboard_runtime.assistants.replies import ToolSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchboard_runtime.assistants.knowledge import Library
    from switchboard_runtime.config import Product
    from switchboard_runtime.config.documents import HttpTool

__all__ = ["Kit", "ToolFailed", "TurnState", "kit_of"]

_MOST_PRODUCTS = 8
_LONGEST_RESULT = 8000
_MOST_CALLS = 12


@dataclass(slots=True)
class TurnState:
    """What the tools of one turn have done."""

    returned: list[Product] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    handoff: bool = False
    off_topic: bool = False
    calls: int = 0

    @property
    def sourced(self) -> bool:
        """Whether there is something that a reply can rest on: what was found, or a lead that was kept."""
        return bool(self.returned or self.texts or self.leads)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


class _Search(_Arguments):
    query: str = Field(min_length=1, max_length=200, description="what the contact is looking for, in their words")


class _LeadArguments(_Arguments):
    name: str | None = Field(default=None, max_length=120)
    phone: str | None = Field(default=None, max_length=40, pattern=r"^[0-9+() .-]{5,40}$")
    email: str | None = Field(default=None, max_length=200, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    interest: str = Field(min_length=1, max_length=500, description="what they want, in a few words")


class _Reason(_Arguments):
    reason: str = Field(default="", max_length=300)


class _Tool(Protocol):
    spec: ToolSpec
    arguments: type[BaseModel]

    async def run(self, given: BaseModel, turn: TurnState) -> str:
        """Do it; the text that the model gets."""
        ...


class _Catalogue:
    """Products by the words people use; what it returns may be spoken of."""

    arguments: type[BaseModel] = _Search

    def __init__(self, products: tuple[Product, ...]) -> None:
        self._products = products
        self.spec = _spec("search_catalogue", "Find products: names, prices, stock. The only source of these.", _Search)

    async def run(self, given: BaseModel, turn: TurnState) -> str:
        """Find them."""
        found = find_products(cast("_Search", given).query, self._products)[:_MOST_PRODUCTS]
        turn.returned.extend(product for product in found if product not in turn.returned)
        return _data([product.model_dump(mode="json", exclude={"status", "aliases"}) for product in found])


class _Knowledge:
    """Passages of the tenant's own texts, with where they stand."""

    arguments: type[BaseModel] = _Search

    def __init__(self, library: Library) -> None:
        self._library = library
        self.spec = _spec("search_knowledge", "Look up the business's own texts: terms, hours, delivery.", _Search)

    async def run(self, given: BaseModel, turn: TurnState) -> str:
        """Find them."""
        found = self._library.search(cast("_Search", given).query)
        turn.texts.extend(passage.text for passage in found)
        turn.sources.extend(passage.source for passage in found if passage.source not in turn.sources)
        return _data([{"source": passage.source, "text": passage.text} for passage in found])


class _SaveLead:
    """Keeps who wants what; the same lead twice is one."""

    arguments: type[BaseModel] = _LeadArguments
    spec: ToolSpec

    def __init__(self) -> None:
        self.spec = _spec("save_lead", "Note what the contact wants, and how to reach them.", _LeadArguments)

    async def run(self, given: BaseModel, turn: TurnState) -> str:
        """Keep it."""
        lead = Lead(**given.model_dump())
        if lead not in turn.leads:
            turn.leads.append(lead)
        return _data("saved")


class _Flag:
    """Ends the turn in another way than with the model's words."""

    arguments: type[BaseModel] = _Reason

    def __init__(self, name: str, description: str, flag: str) -> None:
        self._flag = flag
        self.spec = _spec(name, description, _Reason)

    async def run(self, given: BaseModel, turn: TurnState) -> str:  # noqa: ARG002  # the reason is for the model
        """Note it."""
        setattr(turn, self._flag, True)
        return _data("noted")


class _Http:
    """A call to the tenant's own system; its answer is data from outside."""

    def __init__(self, tool: HttpTool, fetch: Callable[[HttpTool, dict[str, Any]], Awaitable[str]]) -> None:
        self._tool = tool
        self._fetch = fetch
        self.arguments = _arguments_of(tool)
        self.spec = _spec(tool.name, tool.description, self.arguments)

    async def run(self, given: BaseModel, turn: TurnState) -> str:
        """Call it."""
        text = await self._fetch(self._tool, given.model_dump(mode="json", exclude_none=True))
        turn.texts.append(text)
        return _data(text)


class Kit:
    """The tools of an assistant."""

    def __init__(self, tools: tuple[_Tool, ...]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """As a model sees them."""
        return tuple(tool.spec for tool in self._tools.values())

    async def run(self, name: str, arguments: str, turn: TurnState) -> str:
        """Call a tool, or say why not; never raises for what a model wrote."""
        turn.calls += 1
        tool = self._tools.get(name)
        if tool is None:
            return _error(f"there is no such tool; there are: {', '.join(self._tools) or 'none'}")
        if turn.calls > _MOST_CALLS:
            return _error("too many calls; answer now with what you have")
        try:
            given = tool.arguments.model_validate_json(arguments or "{}")
        except ValidationError as error:
            wrong = {".".join(map(str, one["loc"])) or "arguments": one["msg"] for one in error.errors()[:5]}
            return _error("; ".join(f"{where}: {what}" for where, what in wrong.items()))
        try:
            return await tool.run(given, turn)
        except ToolFailed as error:
            return _error(str(error))


class ToolFailed(Exception):
    """A tool could not do its work; the text is for the model and holds no secret."""


def kit_of(
    *,
    products: tuple[Product, ...],
    library: Library,
    own: tuple[str, ...],
    http: tuple[HttpTool, ...],
    on_topic: bool,
    fetch: Callable[[HttpTool, dict[str, Any]], Awaitable[str]],
) -> Kit:
    """The tools that an assistant's document gives it."""
    tools: list[_Tool] = []
    if "catalogue" in own and products:
        tools.append(_Catalogue(products))
    if len(library):
        tools.append(_Knowledge(library))
    if "lead" in own:
        tools.append(_SaveLead())
    if "handoff" in own:
        wanted = "Pass the conversation to a person: when asked to, or when you cannot help."
        tools.append(_Flag("hand_to_human", wanted, "handoff"))
    if on_topic:
        declined = "Decline what has nothing to do with the business; a fixed text is sent."
        tools.append(_Flag("decline_off_topic", declined, "off_topic"))
    tools.extend(_Http(tool, fetch) for tool in http)
    return Kit(tuple(tools))


def _spec(name: str, description: str, arguments: type[BaseModel]) -> ToolSpec:
    return ToolSpec(name, description, _plain_schema(arguments.model_json_schema()))


def _plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Without titles, which only cost tokens."""
    properties = {
        name: {key: value for key, value in one.items() if key not in {"title", "default"}}
        for name, one in schema.get("properties", {}).items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


_TYPES: dict[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool}


def _arguments_of(tool: HttpTool) -> type[BaseModel]:
    """A model of the declared arguments; strings are short, and only declared ones are taken."""
    fields: dict[str, Any] = {}
    for parameter in tool.parameters:
        limits: dict[str, Any] = {"max_length": 500} if parameter.type == "string" else {}
        if parameter.one_of and parameter.type == "string":
            limits["json_schema_extra"] = {"enum": list(parameter.one_of)}
            limits["pattern"] = "^(?:" + "|".join(_literal(value) for value in parameter.one_of) + ")$"
        kind = _TYPES[parameter.type]
        default = ... if parameter.required else None
        annotation = kind if parameter.required else kind | None
        fields[parameter.name] = (annotation, Field(default, description=parameter.description, **limits))
    made: type[BaseModel] = create_model(f"{tool.name}_arguments", __base__=_Arguments, **fields)
    return made


def _literal(value: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\x{{{ord(letter):x}}}" for letter in value)


def _data(content: object) -> str:
    """Marked as data, so that no text in it reads as a word of ours."""
    return json.dumps({"data": content}, ensure_ascii=False)[:_LONGEST_RESULT]


def _error(text: str) -> str:
    return json.dumps({"error": text}, ensure_ascii=False)
