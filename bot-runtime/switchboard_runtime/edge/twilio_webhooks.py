"""Twilio's webhooks: messages, their fallback, status callbacks and calls.

The tenant is found by the exact Host; the signed address is rebuilt from the tenant's document. Order of the
checks: host, size, form, signature, account and number; only then is anything stored.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.channels.twilio_forms import phone_number, read_message, read_status
from switchboard_runtime.edge.body import form_pairs, is_form, read_body
from switchboard_runtime.edge.context import CONTEXT, host, refuse
from switchboard_runtime.edge.quarantine import kept
from switchboard_runtime.edge.signature import SETTINGS_HEADER, SIGNATURE_HEADER, signed_form, signed_json
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.config.directory import TenantEntry

__all__ = [
    "SignedForm",
    "SignedJson",
    "accept_form",
    "fallback",
    "message",
    "quarantine",
    "status",
    "unknown",
    "verify",
    "voice",
]

_LOG = logging.getLogger(__name__)
_NO_TWIML = b"<?xml version='1.0' encoding='UTF-8'?><Response/>"
_XML = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """A form that Twilio signed for this tenant's account."""

    entry: TenantEntry
    pairs: list[tuple[str, str]]
    fields: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedJson:
    """JSON that Twilio signed for this tenant's account by ``bodySHA256``; nothing here reads any."""

    entry: TenantEntry


async def message(request: web.Request) -> web.Response:
    """``POST /bot/twilio/webhook``: a contact wrote."""
    form = await _signed_request(request)
    if isinstance(form, web.Response):
        return form
    return await accept_form(request, form)


async def fallback(request: web.Request) -> web.Response:
    """``POST /bot/twilio/fallback``: a contact wrote, and the first address failed."""
    form = await _signed_request(request)
    if isinstance(form, web.Response):
        return form
    code, url = form.fields.get("ErrorCode"), form.fields.get("ErrorUrl")
    log_event(_LOG, logging.WARNING, "fallback called", tenant=form.entry.slug, error_code=code, error_url=url)
    return await accept_form(request, form)


async def status(request: web.Request) -> web.Response:
    """``POST /bot/twilio/status``: what became of a message we sent."""
    form = await _signed_request(request)
    if isinstance(form, web.Response):
        return form
    context = request.app[CONTEXT]
    update = read_status(form.fields, outbox_id=request.query.get("m"), now=context.clock.now())
    if update is None or not update.sender:
        return await quarantine(request, form.entry, form.body, "no message or status")
    if not _ours(form, "From"):
        return refuse(request, 403, "another's number", form.entry)
    try:
        known = await context.service(form.entry).record_status(update)
    except StoreUnavailable as error:
        return _unstored(request, form.entry, error)
    log_event(
        _LOG,
        logging.INFO,
        "status",
        tenant=form.entry.slug,
        reply=update.outbox_id,
        sid=update.sid,
        status=update.status,
        code=update.error_code,
        known=known,
    )
    return web.Response(status=204)


async def voice(request: web.Request) -> web.Response:
    """``POST /bot/twilio/voice``: a contact calls."""
    form = await _signed_request(request)
    if isinstance(form, web.Response):
        return form
    if "To" not in form.fields:
        return await quarantine(request, form.entry, form.body, "a call to nobody")
    if not _ours(form, "To"):
        return refuse(request, 403, "another's number", form.entry)
    from switchboard_runtime.channels.voice import answer_call  # noqa: PLC0415  # few tenants are ever called

    log_event(_LOG, logging.INFO, "call", tenant=form.entry.slug, sid=form.fields.get("CallSid"))
    return web.Response(text=answer_call(form.entry.document), content_type="text/xml")


async def unknown(request: web.Request) -> web.Response:
    """``POST /bot/twilio/…``: a product of Twilio's that no handler is for."""
    form = await _signed_request(request)
    if isinstance(form, web.Response):
        return form
    return await quarantine(request, form.entry, form.body, "unknown path")


async def accept_form(request: web.Request, form: SignedForm) -> web.Response:
    """Store a signed message once; the answer follows by REST."""
    context = request.app[CONTEXT]
    trace = context.new_id()
    inbound = read_message(form.fields, form.pairs, trace=trace, now=context.clock.now())
    if inbound is None:
        return await quarantine(request, form.entry, form.body, "no MessageSid, From or To")
    if not _ours(form, "To"):
        return refuse(request, 403, "another's number", form.entry)
    try:
        accepted = await context.service(form.entry).accept(inbound)
    except StoreUnavailable as error:
        return _unstored(request, form.entry, error)
    log_event(
        _LOG,
        logging.INFO,
        "duplicate" if accepted.duplicate else "stored",
        tenant=form.entry.slug,
        trace=None if accepted.duplicate else trace,
        work=accepted.work_id,
        sid=inbound.sid,
        channel=inbound.channel,
        kind=inbound.kind,
    )
    return web.Response(body=_NO_TWIML, headers=_XML)


async def _signed_request(request: web.Request) -> SignedForm | web.Response:
    entry = request.app[CONTEXT].directory.by_host(host(request))
    if entry is None:
        return refuse(request, 404, "unknown host")
    body = await read_body(request, refuse=lambda code, reason: refuse(request, code, reason, entry))
    if isinstance(body, web.Response):
        return body
    form = verify(request, body, entry)
    if isinstance(form, SignedJson):
        return await quarantine(request, entry, body, "JSON")
    return form


def verify(request: web.Request, body: bytes, entry: TenantEntry) -> SignedForm | SignedJson | web.Response:
    """What is in ``body`` if Twilio signed it for this tenant's account, else the refusal."""
    signature, tokens = request.headers.get(SIGNATURE_HEADER), entry.credentials.current().auth_tokens
    url = entry.document.url + request.raw_path
    if SETTINGS_HEADER in request.headers:
        return refuse(request, 403, "unknown signing key", entry)
    if not is_form(request):
        signed = signed_json(url=url, body=body, signature=signature, tokens=tokens)
        return SignedJson(entry=entry) if signed else _no_form(request, entry)
    pairs = form_pairs(body)
    if pairs is None:
        return refuse(request, 400, "no form", entry)
    if not signed_form(url=url, pairs=pairs, signature=signature, tokens=tokens):
        return refuse(request, 403, "bad signature" if signature else "no signature", entry)
    fields = dict(pairs)
    if fields.get("AccountSid") != entry.document.twilio.account_sid:
        return refuse(request, 403, "another's account", entry)
    return SignedForm(entry=entry, pairs=pairs, fields=fields, body=body)


def _no_form(request: web.Request, entry: TenantEntry) -> web.Response:
    """The refusal of a body that is neither a form nor signed JSON."""
    odd = "bodySHA256" in request.query
    return refuse(request, 403 if odd else 400, "bad signature" if odd else "no form", entry)


async def quarantine(request: web.Request, entry: TenantEntry, body: bytes, reason: str) -> web.Response:
    """Keep what was signed and is not understood; 200, since Twilio has done its part."""
    context = request.app[CONTEXT]
    webhooks = kept(
        path=request.raw_path, content_type=request.content_type, body=body, reason=reason, now=context.clock.now()
    )
    try:
        new = [await context.service(entry).quarantine(webhook) for webhook in webhooks]
    except StoreUnavailable as error:
        return _unstored(request, entry, error)
    context.metrics.refused.labels(entry.slug, "quarantined").inc(sum(new))
    log_event(_LOG, logging.WARNING, "quarantined", tenant=entry.slug, path=request.path, reason=reason, kept=sum(new))
    return web.Response(body=_NO_TWIML, headers=_XML)


def _ours(form: SignedForm, name: str) -> bool:
    return form.entry.document.number(phone_number(form.fields.get(name, ""))) is not None


def _unstored(request: web.Request, entry: TenantEntry, error: StoreUnavailable) -> web.Response:
    request.app[CONTEXT].metrics.unstored.labels(entry.slug).inc()
    log_event(_LOG, logging.ERROR, "not stored", tenant=entry.slug, path=request.path, error=str(error))
    return web.Response(status=503)
