"""The port of traces: spans of one message, from its webhook to its status callbacks, over processes and restarts.

The id in the logs (``trace``) is the trace's. What belongs to a message is found by it alone: nothing is carried
along but that id, in the store and in the callback's URL. Spans hold ids, counts and codes; no text, no address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, Protocol

from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.urls import has_host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

__all__ = ["Fact", "Kind", "NoTracing", "Span", "Tracing", "open_tracing"]

Fact = str | int | float | bool
Kind = Literal["server", "client", "producer", "consumer", "internal"]


class Span(Protocol):
    """Something that is being done."""

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        """Add facts by their names; None is left out."""
        ...

    def failed(self, reason: str) -> None:
        """Say that it did not come to what it should have."""
        ...


class Tracing(Protocol):
    """Where spans go."""

    def begin(
        self, name: str, *, trace: str, kind: Kind, facts: Mapping[str, Fact | None], first: bool = False
    ) -> AbstractContextManager[Span]:
        """A step of the message ``trace``; ``first`` is the one that all others lie below."""
        ...

    def within(self, name: str, *, kind: Kind, facts: Mapping[str, Fact | None]) -> AbstractContextManager[Span]:
        """A part of the step that is going on here."""
        ...

    def close(self) -> None:
        """Send what waits."""
        ...


class NoTracing:
    """Implements :class:`Tracing`: nobody wants spans, and they cost nothing."""

    def begin(
        self,
        name: str,  # noqa: ARG002  # the port's
        *,
        trace: str,  # noqa: ARG002
        kind: Kind,  # noqa: ARG002
        facts: Mapping[str, Fact | None],  # noqa: ARG002
        first: bool = False,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        """Nothing."""
        return _NOTHING

    def within(self, name: str, *, kind: Kind, facts: Mapping[str, Fact | None]) -> AbstractContextManager[Span]:  # noqa: ARG002
        """Nothing."""
        return _NOTHING

    def close(self) -> None:
        """Nothing waits."""


class _Nothing:
    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        """Nobody listens."""

    def failed(self, reason: str) -> None:
        """Nobody listens."""


_NOTHING = _Nothing()

_ENDPOINT = "OTEL_EXPORTER_OTLP_{}ENDPOINT"
_PROTOCOL = "OTEL_EXPORTER_OTLP_{}PROTOCOL"
_HEADERS = "OTEL_EXPORTER_OTLP_{}HEADERS"
_SPOKEN = "http/protobuf"
_HEADER = re.compile(r"\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[^,;\"\\]*")


def open_tracing(environment: Mapping[str, str]) -> Tracing:
    """Traces to the endpoint that the environment names, in OpenTelemetry's own variables; none without one.

    Raises:
        ConfigurationError: the extra is not installed, or a variable says what the SDK would pass over or fail at.
    """
    named = _given(environment, _ENDPOINT)
    if named is None or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracing()
    _check(environment, named)
    try:
        from switchboard_runtime.telemetry.otel import OtelTracing, otlp_exporter  # noqa: PLC0415  # most have none

        return OtelTracing(otlp_exporter())
    except ImportError:
        raise ConfigurationError(named, "needs the extra otel; install switchboard-runtime[otel]") from None
    except ValueError as error:
        raise ConfigurationError("OTEL_…", f"the SDK refuses a variable; correct or remove it: {error}") from None


def _given(environment: Mapping[str, str], variable: str) -> str | None:
    """The variable that counts, that of traces before that of all signals; None if neither is set."""
    names = (variable.format("TRACES_"), variable.format(""))
    return next((name for name in names if environment.get(name)), None)


def _check(environment: Mapping[str, str], endpoint: str) -> None:
    """Refuse what the SDK would take without a word, and what it would quote with its secrets."""
    if not has_host(environment[endpoint]):
        cure = "write one with scheme and host, such as http://collector.example.com:4318, and no password in it"
        raise ConfigurationError(endpoint, f"is no http(s) URL; {cure}")
    protocol = _given(environment, _PROTOCOL)
    if protocol and environment[protocol] != _SPOKEN:
        raise ConfigurationError(protocol, f"only {_SPOKEN} is spoken; write it, and the collector's port for HTTP")
    headers = _given(environment, _HEADERS)
    if headers and not all(_HEADER.fullmatch(part) for part in environment[headers].split(",") if part.strip()):
        raise ConfigurationError(headers, "has a part that is no NAME=VALUE; URL-encode values, commas between them")
