"""The port of traces: spans of one message, from its webhook to its status callbacks, over processes and restarts.

The id in the logs (``trace``) is the trace's. What belongs to a message is found by it alone: nothing is carried
along but that id, in the store and in the callback's URL. Spans hold ids, counts and codes; no text, no address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from switchboard_runtime.errors import ConfigurationError

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

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def open_tracing(environment: Mapping[str, str]) -> Tracing:
    """Traces to the endpoint that the environment names, in OpenTelemetry's own variables; none without one.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    named = next((name for name in _ENDPOINTS if environment.get(name)), None)
    if named is None or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracing()
    try:
        from switchboard_runtime.telemetry.otel import OtelTracing, otlp_exporter  # noqa: PLC0415  # most have none
    except ImportError:
        raise ConfigurationError(named, "needs the extra otel; install switchboard-runtime[otel]") from None
    return OtelTracing(otlp_exporter())
