"""The tenant's own HTTP API: ``POST /webhook/{slug}``, the legacy ``POST /webhook`` and ``GET /tenants``.

Callers show the tenant's bearer token. Whoever has no token learns nothing, not even which tenants there are.
"""

from __future__ import annotations

import hmac
import json
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.channels.json_api import JsonMessage, read_json, to_inbound
from switchboard_runtime.channels.twilio_forms import phone_number
from switchboard_runtime.edge.body import form_pairs, is_form, read_body
from switchboard_runtime.edge.context import CONTEXT, host, refuse
from switchboard_runtime.edge.signed import SignedJson, quarantine, verify
from switchboard_runtime.edge.twilio_webhooks import accept_form
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.config.directory import TenantEntry

__all__ = ["by_slug", "legacy", "tenants"]

_LOG = logging.getLogger(__name__)
_ANSWER_SECONDS = 10.0
_KEY_HEADER = "Idempotency-Key"
_OUR_FIELDS = frozenset({"telefono", "mensaje"})


async def by_slug(request: web.Request) -> web.StreamResponse:
    """``POST /webhook/{slug}``: a JSON message, answered in the same response."""
    entry, match = request.app[CONTEXT].directory.by_slug(request.match_info["slug"])
    if entry is None:
        return refuse(request, 404, "unknown slug", candidates=match.candidates or None)
    if not _authorized(request, entry):
        return _unauthorized(request, entry)
    body = await read_body(request, refuse=lambda code, reason: refuse(request, code, reason, entry))
    if isinstance(body, web.StreamResponse):
        return body
    content = read_json(body)
    if isinstance(content, str):
        return await _foreign(request, entry, body) or _bad_request(request, entry, content)
    return await _answer(request, entry, content)


async def legacy(request: web.Request) -> web.StreamResponse:
    """``POST /webhook``: Twilio's form or our JSON; of the number's tenant, the host's, or the only."""
    body = await read_body(request, refuse=lambda code, reason: refuse(request, code, reason))
    if isinstance(body, web.StreamResponse):
        return body
    if is_form(request):
        return await _legacy_form(request, body)
    content = read_json(body)
    to = content.to if isinstance(content, JsonMessage) else None
    entry = _tenant(request, to or "")
    if entry is None:
        return refuse(request, 404, "no tenant for this number or host")
    if not _authorized(request, entry):
        return _unauthorized(request, entry)
    if isinstance(content, str):
        return _bad_request(request, entry, content)
    return await _answer(request, entry, content)


async def tenants(request: web.Request) -> web.StreamResponse:
    """``GET /tenants``: the tenants that the bearer token belongs to."""
    entries = [entry for entry in request.app[CONTEXT].directory.entries if _authorized(request, entry)]
    if not entries:
        return _unauthorized(request, None)
    return web.json_response({"tenants": [_summary(entry) for entry in entries]})


async def _legacy_form(request: web.Request, body: bytes) -> web.StreamResponse:
    to = next((value for name, value in form_pairs(body) or () if name == "To"), "")
    entry = _tenant(request, to)
    if entry is None:
        return refuse(request, 404, "no tenant for this number or host")
    form = verify(request, body, entry)
    if isinstance(form, SignedJson):
        return await quarantine(request, entry, body, "JSON")
    return form if isinstance(form, web.StreamResponse) else await accept_form(request, form)


def _tenant(request: web.Request, to: str) -> TenantEntry | None:
    directory = request.app[CONTEXT].directory
    return directory.by_number(phone_number(to)) or directory.by_host(host(request)) or directory.single()


async def _answer(request: web.Request, entry: TenantEntry, content: JsonMessage) -> web.StreamResponse:
    """Store the message, wait a little for its answer, and say where it stands."""
    context = request.app[CONTEXT]
    trace = context.new_id()
    inbound = to_inbound(
        content,
        tenant=entry.document.tenant.id,
        own=_own_number(entry, content.to),
        sid=content.id or request.headers.get(_KEY_HEADER, "")[:128] or trace,
        trace=trace,
        now=context.clock.now(),
    )
    try:
        accepted, replies = await context.service(entry).ask(inbound, within=_ANSWER_SECONDS)
    except StoreUnavailable as error:
        context.metrics.unstored.labels(entry.slug).inc()
        log_event(_LOG, logging.ERROR, "not stored", tenant=entry.slug, path=request.path, error=str(error))
        return web.json_response({"error": "not stored, try again"}, status=503)
    log_event(_LOG, logging.INFO, "json message", tenant=entry.slug, trace=trace, work=accepted.work_id)
    if replies is None:
        return web.json_response({"id": inbound.sid, "respuesta": None, "pendiente": True}, status=202)
    return web.json_response({"id": inbound.sid, "respuesta": "\n\n".join(replies) or None})


async def _foreign(request: web.Request, entry: TenantEntry, body: bytes) -> web.StreamResponse | None:
    """Keep another platform's JSON, which has none of our fields; None when it means to be ours."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not content or _OUR_FIELDS & content.keys():
        return None
    response = await quarantine(request, entry, body, "JSON of another platform")
    if response.status != 200:  # 503: not stored
        return response
    return web.json_response({"id": None, "respuesta": None, "pendiente": True}, status=202)


def _own_number(entry: TenantEntry, to: str | None) -> str:
    """The number that is written to: the one named if it is ours, else the primary, else the first."""
    document = entry.document
    named = document.number(phone_number(to)) if to else None
    primary = next((number for number in document.numbers if number.primary), None)
    chosen = named or primary or next(iter(document.numbers), None)
    return chosen.phone_number if chosen else entry.slug


def _authorized(request: web.Request, entry: TenantEntry) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = entry.credentials.current().api_token.encode()
    given = token.strip().encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, expected) and scheme.lower() == "bearer"


def _unauthorized(request: web.Request, entry: TenantEntry | None) -> web.StreamResponse:
    response = refuse(request, 401, "bad token", entry)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _bad_request(request: web.Request, entry: TenantEntry, problem: str) -> web.StreamResponse:
    refuse(request, 400, "bad JSON message", entry)
    return web.json_response({"error": problem}, status=400)


def _summary(entry: TenantEntry) -> dict[str, str]:
    tenant = entry.document.tenant
    path = f"/webhook/{tenant.slug}"
    return {
        "id": tenant.id,
        "name": tenant.display_name,
        "slug": tenant.slug,
        "webhook_url": path,
        "full_webhook_url": entry.document.url + path,
        "status": tenant.status,
    }
