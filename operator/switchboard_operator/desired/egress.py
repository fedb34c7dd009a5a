"""Where assistants and webhooks may call: the public Internet by https, and what the platform's admin allows besides.

The runtime decides by address when it calls; what is certain to be refused there is refused here, where its author
sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from switchboard_operator import reasons
from switchboard_operator.errors import Stalled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_operator.api import Assistant

_RECHECK = 60.0


@dataclass(frozen=True, slots=True)
class Egress:
    """The admin's list.

    Attributes:
        allowed: ``host`` or ``host:port``, in lower case.
    """

    allowed: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are named, but for that of https."""
        named = (int(port) for _, _, port in (one.rpartition(":") for one in self.allowed) if port.isdigit())
        return tuple(sorted({port for port in named if port != 443}))

    def admits(self, url: str) -> bool:
        """Whether a call may go there, as far as its text tells."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return parts.scheme == "https" or host in self.allowed or f"{host}:{port}" in self.allowed

    def check(self, assistant: Assistant) -> None:
        """See that an assistant calls what it may.

        Raises:
            Stalled: EgressNotAllowed, with the field and the host.
        """
        for field, url in _called(assistant):
            self.check_url(f"Assistant {assistant.name}, {field}", url)

    def check_url(self, where: str, url: str) -> None:
        """See that one address may be called.

        Raises:
            Stalled: EgressNotAllowed, with ``where`` and the host.
        """
        if not self.admits(url):
            raise Stalled(
                reasons.EGRESS_NOT_ALLOWED,
                f"{where}: {urlsplit(url).netloc} is not in the platform's list of hosts; its admin adds it to "
                "runtime.egressAllow",
                after=_RECHECK,
            )


def _called(assistant: Assistant) -> Iterator[tuple[str, str]]:
    spec = assistant.spec
    models = [
        ("spec.model", spec.model),
        *((f"spec.fallbackModels[{n}]", m) for n, m in enumerate(spec.fallback_models or [])),
    ]
    for field, model in models:
        if model is not None and model.base_url is not None:
            yield f"{field}.baseURL", model.base_url
    for tool in spec.http_tools or []:
        yield f"spec.httpTools {tool.name}", tool.url
