"""One message, one trace: from its webhook over its turn, the model and the send to the callbacks, in real OTLP."""

from __future__ import annotations

import gzip
import json
import re
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.telemetry.otel import trace_id_of
from switchboard_runtime.telemetry.tracing import NoTracing, open_tracing
from tests.contract.runtime_kit import PHONE, World, a_world, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TEXT = "¿cuánto sale la mesa del abuelo?"


class Collector:
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self.raw = b""
        self.endpoint = ""

    async def take(self, request: web.Request) -> web.Response:
        """``POST /v1/traces``."""
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    def names(self, trace: str) -> dict[str, Any]:
        """A trace's spans by name."""
        wanted = trace_id_of(trace).to_bytes(16)
        return {span.name: span for span in self.spans if span.trace_id == wanted}


@asynccontextmanager
async def a_collector() -> AsyncIterator[Collector]:
    """A collector on a loopback socket."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def trace_of(world: World, event: str) -> str | None:
    """The id that the log of the runtime gives with an event."""
    return next(
        (str(line["trace"]) for line in world.runtime.log() if line["event"] == event and "trace" in line), None
    )


async def test_a_message_is_one_trace_over_two_processes_and_has_its_id_in_every_log_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process stores it and dies before it sends; the second sends and hears of it: still one trace."""
    async with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        async with a_world(tmp_path) as world:
            world.gate.hold = "before"
            await world.say(TEXT)
            await world.gate.held.wait()
            await eventually(lambda: _has(collector, world, {"webhook", "turn"}))
            await world.runtime.end(signal.SIGKILL)
            await world.runtime.start()
            await eventually(world.answers)
            await world.emulator.admin.deliveries(wait=5, count=4)
            await eventually(lambda: _has(collector, world, {"webhook", "turn", "send", "status"}))
            log = world.runtime.log()
            trace = trace_of(world, "stored")
            assert trace is not None
            spans = collector.names(trace)

    assert collector.services == {"switchboard-runtime"}
    first = spans["webhook"]
    assert first.parent_span_id == b""
    assert {span.parent_span_id for name, span in spans.items() if name != "webhook"} == {first.span_id}
    assert {line["trace"] for line in log if line["event"] in {"stored", "turn kept", "reply sent"}} == {trace}
    assert {line.get("trace") for line in log if line["event"] == "status"} == {trace}
    assert TEXT.encode() not in collector.raw
    assert TEXT not in json.dumps(log, ensure_ascii=False)
    assert PHONE.removeprefix("whatsapp:").encode() not in collector.raw


async def _has(collector: Collector, world: World, names: set[str]) -> bool:
    trace = trace_of(world, "stored")
    return trace is not None and names <= collector.names(trace).keys()


def test_without_an_endpoint_nothing_is_traced_and_nothing_is_loaded() -> None:
    """Nor when OpenTelemetry is switched off by its own variable."""
    assert isinstance(open_tracing({}), NoTracing)
    assert isinstance(open_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}), NoTracing)


COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example.com:4318"}
SECRET = "authorization Bearer hunter2"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}, "OTEL_EXPORTER_OTLP_ENDPOINT: is no http(s) URL; write one with"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://"}, "OTEL_EXPORTER_OTLP_ENDPOINT: is no http(s) URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: is no http(s) URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:99999"}, "OTEL_EXPORTER_OTLP_ENDPOINT: is no http(s) URL"),
        (
            COLLECTOR | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://x:4317"},
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: is no http(s) URL",
        ),
        (
            COLLECTOR | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken; write it",
        ),
        (COLLECTOR | {"OTEL_EXPORTER_OTLP_HEADERS": SECRET}, "OTEL_EXPORTER_OTLP_HEADERS: has a part that is no NAME="),
    ],
)
def test_spans_that_could_never_arrive_are_told_at_the_start(environment: dict[str, str], told: str) -> None:
    """The SDK would take them without a word, or quote a secret."""
    with pytest.raises(ConfigurationError, match=re.escape(told)) as refusal:
        open_tracing(environment)

    assert "hunter2" not in str(refusal.value)


async def test_a_variable_that_the_sdk_fails_at_ends_the_start_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "0")

    with pytest.raises(ConfigurationError, match="the SDK refuses a variable; correct or remove it: schedule_delay"):
        open_tracing(COLLECTOR)


async def test_spans_go_where_the_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """With headers, and with what is usual named too."""
    environment = COLLECTOR | {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x, x-tenant=a,",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tracing = open_tracing(environment)
    tracing.close()

    assert not isinstance(tracing, NoTracing)
