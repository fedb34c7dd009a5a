"""Makes the responder of each assistant of a tenant: by script, or with models.

Nothing of a vendor is imported until an assistant with a model is made.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from switchboard_runtime.assistants.breaker import Breakers
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.assistants.knowledge import Library
from switchboard_runtime.assistants.llm import LanguageAssistant
from switchboard_runtime.assistants.script import ScriptAssistant
from switchboard_runtime.assistants.tools import kit_of
from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from switchboard_runtime.assistants.base import Answer, Lead, Question, Responder
    from switchboard_runtime.assistants.calling import HttpCaller
    from switchboard_runtime.assistants.vendors import VendorModel
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import Assistant, TenantDocument
    from switchboard_runtime.config.documents import HttpTool, Knowledge, LanguageModel
    from switchboard_runtime.telemetry.tracing import Tracing

__all__ = ["Assistants", "check_assistants"]

_LARGEST_FILE = 1024 * 1024


def check_assistants(document: TenantDocument, *, secret: Callable[[str], str | None], knowledge: Path) -> None:
    """Say what keeps a tenant's assistants from answering, before anything is served.

    Raises:
        ConfigurationError: the extra is not installed, or a key or a file is missing.
    """
    problems: list[str] = []
    for assistant in document.assistants:
        if assistant.model is None:
            continue
        where = f"assistants[{assistant.name}].model"
        if importlib.util.find_spec("pydantic_ai") is None:
            problems.append(f"{where}: needs the extra llm; install switchboard-runtime[llm]")
        for choice in assistant.model.choices:
            if choice.api_key is not None and secret(choice.api_key) is None:
                problems.append(f"{where}: no credentials file {choice.api_key!r}; put the key there")
            if choice.api_key is None and choice.base_url is None:
                problems.append(f"{where}: {choice.provider} itself needs apiKey; name a credentials file")
        problems.extend(
            f"{where}.httpTools: no credentials file {tool.secret!r}; put the token there"
            for tool in assistant.model.http_tools
            if tool.secret is not None and secret(tool.secret) is None
        )
        for text in assistant.model.knowledge:
            try:
                _text_of(text, knowledge)
            except (OSError, ValueError) as error:
                problems.append(f"{where}.knowledge: {text.file!r} cannot be read ({type(error).__name__})")
    if problems:
        raise ConfigurationError(f"{document.tenant.slug}.json", *problems)


class Assistants:
    """The responders of one tenant; call it with an assistant. A key that changed is followed.

    Args:
        clock: time.
        secret: the content of a credentials file by its name.
        knowledge: the folder of knowledge files.
        egress: where calls may go.
        sink: gets captured leads.
        tracing: where spans go.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        secret: Callable[[str], str | None],
        knowledge: Path,
        egress: Egress | None = None,
        sink: Callable[[Lead], Awaitable[None]] | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._clock = clock
        self._secret = secret
        self._knowledge = knowledge
        self._egress = egress or Egress()
        self._sink = sink
        self._tracing = tracing
        self._breakers = Breakers()
        self._made: dict[str, tuple[Assistant, tuple[str | None, ...], LanguageAssistant]] = {}
        self._loaded: set[str] = set()
        self._models: list[VendorModel] = []
        self._caller: HttpCaller | None = None

    def __call__(self, assistant: Assistant) -> Responder:
        """The assistant's responder; nothing slow is done before it is asked."""
        if assistant.model is None:
            return ScriptAssistant(assistant)
        return _Later(self, assistant, assistant.model)

    async def warm(self, document: TenantDocument) -> None:
        """Load what the document's models need, off the loop, so that the first contact need not wait for it."""
        for assistant in document.assistants:
            if assistant.model is not None:
                await self.made(assistant, assistant.model)

    async def made(self, assistant: Assistant, settings: LanguageModel) -> LanguageAssistant:
        """The assistant that thinks; made once, and again when it or a key changed."""
        providers: set[str] = {choice.provider for choice in settings.choices}
        if not providers <= self._loaded:
            await asyncio.to_thread(_load, providers)
            self._loaded |= providers
        keys = tuple(self._secret(choice.api_key) if choice.api_key else None for choice in settings.choices)
        kept = self._made.get(assistant.name)
        if kept is not None and kept[0] == assistant and kept[1] == keys:
            return kept[2]
        made = self._language_assistant(assistant, settings, keys)
        self._made[assistant.name] = (assistant, keys, made)
        return made

    async def close(self) -> None:
        """Close all connections."""
        for model in self._models:
            await model.close()
        if self._caller is not None:
            await self._caller.close()

    def _language_assistant(
        self, assistant: Assistant, settings: LanguageModel, keys: tuple[str | None, ...]
    ) -> LanguageAssistant:
        from switchboard_runtime.assistants.vendors import VendorModel  # noqa: PLC0415  # takes seconds

        models = tuple(
            VendorModel(choice=choice, key=key, egress=self._egress)
            for choice, key in zip(settings.choices, keys, strict=True)
        )
        self._models.extend(models)
        library = Library({text.name: _text_of(text, self._knowledge) for text in settings.knowledge})
        kit = kit_of(
            products=assistant.products,
            library=library,
            own=settings.tools,
            http=settings.http_tools,
            on_topic=settings.topic is not None,
            fetch=self._fetch,
        )
        return LanguageAssistant(
            assistant=assistant,
            settings=settings,
            models=models,
            kit=kit,
            breakers=self._breakers,
            clock=self._clock,
            sink=self._sink,
            tracing=self._tracing,
        )

    async def _fetch(self, tool: HttpTool, arguments: dict[str, Any]) -> str:
        if self._caller is None:
            from switchboard_runtime.assistants.calling import HttpCaller  # noqa: PLC0415  # needs the extra

            self._caller = HttpCaller(egress=self._egress, secret=self._secret)
        return await self._caller.call(tool, arguments)


class _Later:
    """A responder that loads what it needs when it is asked."""

    def __init__(self, assistants: Assistants, assistant: Assistant, settings: LanguageModel) -> None:
        self._assistants = assistants
        self._assistant = assistant
        self._settings = settings

    async def answer(self, question: Question) -> Answer:
        """The reply."""
        made = await self._assistants.made(self._assistant, self._settings)
        return await made.answer(question)


def _load(providers: set[str]) -> None:
    """Import the vendors' clients: seconds, so in a thread."""
    vendors = importlib.import_module("switchboard_runtime.assistants.vendors")
    vendors.load(sorted(providers))


def _text_of(text: Knowledge, folder: Path) -> str:
    if text.file is None:
        return text.text or ""
    with (folder / text.file).open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError("too large")
    return content.decode()
