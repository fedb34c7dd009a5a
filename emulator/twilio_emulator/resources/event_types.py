"""What can be subscribed to: ``events.twilio.com/v1/Types`` and ``/v1/Schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.eventstreams.catalogue import EVENT_TYPES, SCHEMAS, schema_url
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.store import Slice

if TYPE_CHECKING:
    from twilio_emulator.eventstreams.catalogue import EventType

__all__ = ["ROUTES"]

_HOST = "https://events.twilio.com"
_MADE = "2020-08-13T13:28:20Z"
"""When every type and schema is said to have been made; Twilio's own dates differ and mean nothing here."""


def list_types(call: Call) -> Answer:
    """List the event types, by name."""
    window = window_of(call.params)
    schema = call.params.text("SchemaId")
    found = Slice.of([one for one in EVENT_TYPES.values() if schema in {None, "", one.schema}], window)
    return Answer(body=meta_page(call, "types", found, window, _render_type, filters=("SchemaId",)))


def fetch_type(call: Call) -> Answer:
    """Return one event type."""
    known = EVENT_TYPES.get(call.ids["Type"])
    if known is None:
        raise call.not_found()
    return Answer(body=_render_type(known))


def fetch_schema(call: Call) -> Answer:
    """Return one schema."""
    name = _schema(call)
    url = f"{_HOST}/v1/Schemas/{name}"
    body = {
        "id": name,
        "url": url,
        "links": {"versions": f"{url}/Versions"},
        "latest_version_date_created": _MADE,
        "latest_version": SCHEMAS[name],
    }
    return Answer(body=body)


def list_versions(call: Call) -> Answer:
    """List a schema's versions, oldest first."""
    name = _schema(call)
    window = window_of(call.params)
    found = Slice.of(range(1, SCHEMAS[name] + 1), window)
    body = meta_page(call, "schema_versions", found, window, lambda version: _render_version(name, version))
    return Answer(body=body)


def fetch_version(call: Call) -> Answer:
    """Return one version of a schema."""
    name, text = _schema(call), call.ids["SchemaVersion"]
    versions = {str(version): version for version in range(1, SCHEMAS[name] + 1)}
    if text not in versions:
        raise call.not_found()
    return Answer(body=_render_version(name, versions[text]))


def _schema(call: Call) -> str:
    name = call.ids["Id"]
    if name not in SCHEMAS:
        raise call.not_found()
    return name


def _render_type(known: EventType) -> Json:
    return {
        "type": known.name,
        "schema_id": known.schema,
        "date_created": _MADE,
        "date_updated": _MADE,
        "description": known.description,
        "status": "available",
        "documentation_url": None,
        "url": f"{_HOST}/v1/Types/{known.name}",
        "links": {"schema": f"{_HOST}/v1/Schemas/{known.schema}/Versions"},
    }


def _render_version(name: str, version: int) -> Json:
    return {
        "id": name,
        "schema_version": version,
        "date_created": _MADE,
        "url": f"{_HOST}/v1/Schemas/{name}/Versions/{version}",
        "raw": schema_url(name, version),
    }


ROUTES = (
    Route("GET", "events", "/v1/Types", list_types),
    Route("GET", "events", "/v1/Types/{Type}", fetch_type),
    Route("GET", "events", "/v1/Schemas/{Id}", fetch_schema),
    Route("GET", "events", "/v1/Schemas/{Id}/Versions", list_versions),
    Route("GET", "events", "/v1/Schemas/{Id}/Versions/{SchemaVersion}", fetch_version),
)
