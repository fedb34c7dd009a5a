"""Twilio's webhooks: messages, their fallback, status callbacks; calls are handed on.

Order of the checks: those of :mod:`.signed`, then the number; only then is anything stored.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.channels.twilio_forms import read_message, read_status
from switchboard_runtime.channels.voice_forms import is_call
from switchboard_runtime.edge import voice_webhooks
from switchboard_runtime.edge.acknowledging import no_twiml
from switchboard_runtime.edge.context import CONTEXT, refuse
from switchboard_runtime.edge.signed import SignedForm, ours, quarantine, signed_request, unstored
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.telemetry.tracing import Fact

__all__ = ["accept_form", "fallback", "message", "status", "unknown", "voice"]

_LOG = logging.getLogger(__name__)


async def message(request: web.Request) -> web.StreamResponse:
    """``POST /bot/twilio/webhook``: a contact wrote."""
    form = await signed_request(request)
    if isinstance(form, web.StreamResponse):
        return form
    return await accept_form(request, form)


async def fallback(request: web.Request) -> web.StreamResponse:
    """``POST /bot/twilio/fallback``: a contact wrote or calls, and the first address failed."""
    form = await signed_request(request)
    if isinstance(form, web.StreamResponse):
        return form
    code, url = form.fields.get("ErrorCode"), form.fields.get("ErrorUrl")
    log_event(_LOG, logging.WARNING, "fallback called", tenant=form.entry.slug, error_code=code, error_url=url)
    if is_call(form.fields):
        return await voice_webhooks.fallback(request, form)
    return await accept_form(request, form)


async def status(request: web.Request) -> web.StreamResponse:
    """``POST /bot/twilio/status``: what became of a message we sent, or of a call."""
    form = await signed_request(request)
    if isinstance(form, web.StreamResponse):
        return form
    if is_call(form.fields):
        return await voice_webhooks.ended(request, form)
    context = request.app[CONTEXT]
    update = read_status(form.fields, outbox_id=request.query.get("m"), now=context.clock.now())
    if update is None or not update.sender:
        return await quarantine(request, form.entry, form.body, "no message or status")
    if not ours(form, "From"):
        return refuse(request, 403, "another's number", form.entry)
    trace = request.query.get("t")
    facts: dict[str, Fact | None] = {
        "switchboard.tenant": form.entry.slug,
        "switchboard.reply": update.outbox_id,
        "switchboard.status": update.status,
        "switchboard.error_code": update.error_code,
        "messaging.system": "twilio",
        "messaging.message.id": update.sid,
    }
    try:
        with context.tracing.begin("status", trace=trace or update.sid, kind="server", facts=facts):
            known = await context.service(form.entry).record_status(update)
    except StoreUnavailable as error:
        return unstored(request, form.entry, error)
    log_event(
        _LOG,
        logging.INFO,
        "status",
        tenant=form.entry.slug,
        trace=trace,
        reply=update.outbox_id,
        sid=update.sid,
        status=update.status,
        code=update.error_code,
        known=known,
    )
    return web.Response(status=204)


async def voice(request: web.Request) -> web.StreamResponse:
    """``POST /bot/twilio/voice`` and below: a contact calls, says or presses something, was passed on, hung up."""
    form = await signed_request(request)
    return form if isinstance(form, web.StreamResponse) else await voice_webhooks.handle(request, form)


async def unknown(request: web.Request) -> web.StreamResponse:
    """``POST /bot/twilio/…``: a product of Twilio's that no handler is for."""
    form = await signed_request(request)
    if isinstance(form, web.StreamResponse):
        return form
    return await quarantine(request, form.entry, form.body, "unknown path")


async def accept_form(request: web.Request, form: SignedForm) -> web.StreamResponse:
    """Store a signed message once; the answer follows by REST."""
    context = request.app[CONTEXT]
    trace, tenant = context.new_id(), form.entry.slug
    inbound = read_message(form.fields, form.pairs, trace=trace, now=context.clock.now())
    if inbound is None:
        return await quarantine(request, form.entry, form.body, "no MessageSid, From or To")
    if not ours(form, "To"):
        return refuse(request, 403, "another's number", form.entry)
    facts: dict[str, Fact | None] = {
        "switchboard.tenant": tenant,
        "switchboard.channel": inbound.channel,
        "messaging.system": "twilio",
        "messaging.message.id": inbound.sid,
        "http.request.method": request.method,
        "http.route": request.raw_path.partition("?")[0],
    }
    try:
        with context.tracing.begin("webhook", trace=trace, kind="server", facts=facts, first=True) as span:
            accepted = await context.service(form.entry).accept(inbound)
            span.note({"switchboard.duplicate": accepted.duplicate})
    except StoreUnavailable as error:
        return unstored(request, form.entry, error)
    log_event(
        _LOG,
        logging.INFO,
        "duplicate" if accepted.duplicate else "stored",
        tenant=tenant,
        trace=None if accepted.duplicate else trace,
        work=accepted.work_id,
        sid=inbound.sid,
        channel=inbound.channel,
        kind=inbound.kind,
    )
    return no_twiml(request)
