"""What Twilio signed for a tenant, and what is done with it whatever it is about.

The tenant is found by the exact Host; the signed address is rebuilt from the tenant's document. Order of the
checks: host, size, form, signature, account; the number is for whoever reads the form.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from switchboard_runtime.channels.twilio_forms import phone_number
from switchboard_runtime.edge.acknowledging import no_twiml
from switchboard_runtime.edge.body import form_pairs, is_form, read_body
from switchboard_runtime.edge.context import CONTEXT, host, refuse
from switchboard_runtime.edge.quarantine import kept
from switchboard_runtime.edge.signature import SETTINGS_HEADER, SIGNATURE_HEADER, signed_form, signed_json
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.config.directory import TenantEntry

__all__ = ["SignedForm", "SignedJson", "ours", "quarantine", "signed_request", "unstored", "verify"]

_LOG = logging.getLogger(__name__)


class SignedForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that Twilio signed for this tenant's account."""

    entry: TenantEntry
    pairs: list[tuple[str, str]]
    fields: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedJson:
    """JSON that Twilio signed for this tenant's account by ``bodySHA256``; nothing here reads any."""

    entry: TenantEntry


async def signed_request(request: web.Request) -> SignedForm | web.StreamResponse:
    """The form if Twilio signed it for the tenant of the host, else the answer: a refusal, or quarantine."""
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


async def quarantine(request: web.Request, entry: TenantEntry, body: bytes, reason: str) -> web.StreamResponse:
    """Keep what was signed and is not understood; 200, since Twilio has done its part."""
    context = request.app[CONTEXT]
    webhooks = kept(
        path=request.raw_path, content_type=request.content_type, body=body, reason=reason, now=context.clock.now()
    )
    try:
        new = [await context.service(entry).quarantine(webhook) for webhook in webhooks]
    except StoreUnavailable as error:
        return unstored(request, entry, error)
    context.metrics.refused.labels(entry.slug, "quarantined").inc(sum(new))
    log_event(_LOG, logging.WARNING, "quarantined", tenant=entry.slug, path=request.path, reason=reason, kept=sum(new))
    return no_twiml(request)


def ours(form: SignedForm, name: str) -> bool:
    """Whether the address in a field is a number of the tenant's."""
    return form.entry.document.number(phone_number(form.fields.get(name, ""))) is not None


def unstored(request: web.Request, entry: TenantEntry, error: StoreUnavailable) -> web.Response:
    """503, so that Twilio tries again or calls the fallback address."""
    request.app[CONTEXT].metrics.unstored.labels(entry.slug).inc()
    log_event(_LOG, logging.ERROR, "not stored", tenant=entry.slug, path=request.path, error=str(error))
    return web.Response(status=503)
