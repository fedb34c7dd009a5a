"""Traces by OpenTelemetry's SDK, sent as OTLP over HTTP; set by its own ``OTEL_…`` variables.

Imported only where an endpoint is named. A span below the first of its message has it as its parent though another
process made it, since that one's id follows from the trace's; whether a trace is sampled follows from its id too,
so that all who add to it decide alike.
"""

from __future__ import annotations

import hashlib
import string
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import trace as api
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

    from switchboard_runtime.telemetry.tracing import Fact, Kind, Span

__all__ = ["OtelTracing", "otlp_exporter", "trace_id_of"]

_SERVICE = "switchboard-runtime"
_HEX = frozenset(string.hexdigits)
_KINDS = {
    "server": api.SpanKind.SERVER,
    "client": api.SpanKind.CLIENT,
    "producer": api.SpanKind.PRODUCER,
    "consumer": api.SpanKind.CONSUMER,
    "internal": api.SpanKind.INTERNAL,
}
_FIRST: ContextVar[tuple[int, int] | None] = ContextVar("first span", default=None)


def otlp_exporter() -> SpanExporter:
    """What sends spans to ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # brings requests

    return OTLPSpanExporter()


def trace_id_of(trace: str) -> int:
    """The 128 bits of a message's trace: the id itself where it is 32 hexadecimal digits, else what follows from it."""
    plain = len(trace) == 32 and _HEX.issuperset(trace)
    number = int(trace, 16) if plain else 0
    return number or int.from_bytes(hashlib.sha256(trace.encode()).digest()[:16])


def _first_span_of(trace_id: int) -> int:
    return int.from_bytes(hashlib.sha256(trace_id.to_bytes(16)).digest()[:8]) or 1


class OtelTracing:
    """Implements :class:`~switchboard_runtime.telemetry.tracing.Tracing`.

    Args:
        exporter: where finished spans go; in batches, from a thread.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        named = Resource.create()  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
        unnamed = str(named.attributes.get("service.name", "")).startswith("unknown_service")
        resource = named.merge(Resource({"service.name": _SERVICE})) if unnamed else named
        self._provider = TracerProvider(resource=resource, id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(_SERVICE)

    @contextmanager
    def begin(
        self, name: str, *, trace: str, kind: Kind, facts: Mapping[str, Fact | None], first: bool = False
    ) -> Iterator[Span]:
        """See :class:`Tracing`."""
        trace_id = trace_id_of(trace)
        if not first:
            with self._span(name, kind, facts, self._below(trace_id)) as span:
                yield span
            return
        token = _FIRST.set((trace_id, _first_span_of(trace_id)))
        try:
            with self._span(name, kind, facts, api.set_span_in_context(api.INVALID_SPAN)) as span:
                _FIRST.set(None)
                yield span
        finally:
            _FIRST.reset(token)

    @contextmanager
    def within(self, name: str, *, kind: Kind, facts: Mapping[str, Fact | None]) -> Iterator[Span]:
        """See :class:`Tracing`."""
        with self._span(name, kind, facts, None) as span:
            yield span

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()

    @contextmanager
    def _span(self, name: str, kind: Kind, facts: Mapping[str, Fact | None], context: Context | None) -> Iterator[Span]:
        given = {key: value for key, value in facts.items() if value is not None}
        with self._tracer.start_as_current_span(
            name, context=context, kind=_KINDS[kind], attributes=given, record_exception=False
        ) as span:
            yield _Step(span)

    def _below(self, trace_id: int) -> Context:
        """The context of a trace's first span, which somebody else made."""
        drawn = self._provider.sampler.should_sample(None, trace_id, "").decision
        sampled = drawn is Decision.RECORD_AND_SAMPLE
        flags = api.TraceFlags(api.TraceFlags.SAMPLED if sampled else api.TraceFlags.DEFAULT)
        first = api.SpanContext(trace_id, _first_span_of(trace_id), is_remote=True, trace_flags=flags)
        return api.set_span_in_context(api.NonRecordingSpan(first))


class _Step:
    def __init__(self, span: api.Span) -> None:
        self._span = span

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        """See :class:`Span`."""
        self._span.set_attributes({key: value for key, value in facts.items() if value is not None})

    def failed(self, reason: str) -> None:
        """See :class:`Span`."""
        self._span.set_status(api.StatusCode.ERROR, reason)


class _Ids(RandomIdGenerator):
    """Random ids, but for the first span of a message."""

    def generate_trace_id(self) -> int:
        """The message's own."""
        first = _FIRST.get()
        return first[0] if first else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """What follows from the trace."""
        first = _FIRST.get()
        return first[1] if first else super().generate_span_id()
