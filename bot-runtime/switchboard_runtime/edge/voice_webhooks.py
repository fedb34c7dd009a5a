"""Twilio's webhooks of a call: the answer, each turn, what became of a transfer, recordings, the end.

Each turn is stored once, under the call's SID and the turn's number in the address, and answered from what is
stored: a webhook that comes again, also by the fallback address, asks no assistant again and gets the same. Where
nothing can be stored the fallback still has something to say.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from switchboard_runtime.channels.twilio_forms import phone_number
from switchboard_runtime.channels.voice_forms import CALLS, TALKED, first_sid, read_call, read_recording
from switchboard_runtime.edge.context import CONTEXT, refuse
from switchboard_runtime.edge.signed import quarantine, unstored
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.channels.voice import VoiceAnswers
    from switchboard_runtime.channels.voice_forms import CallTurn
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.edge.signed import SignedForm
    from switchboard_runtime.store import Inbound

__all__ = ["PATHS", "ended", "fallback", "handle"]

_LOG = logging.getLogger(__name__)
_ANSWER, _TURN, _DIALLED, _RECORDING, _STATUS = (
    CALLS + path for path in ("", "/turn", "/dialled", "/recording", "/status")
)
PATHS = (_ANSWER, _TURN, _DIALLED, _RECORDING, _STATUS)
_OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})


async def handle(request: web.Request, form: SignedForm) -> web.StreamResponse:
    """One webhook of a call, by the path that it came to."""
    return await _handle(request, form, request.path, request.query)


async def fallback(request: web.Request, form: SignedForm) -> web.StreamResponse:
    """A webhook of a call that failed at its own address: done here as there, and never in silence."""
    parts = urlsplit(form.fields.get("ErrorUrl", ""))
    known = parts.path in PATHS and f"{parts.scheme}://{parts.netloc}" == form.entry.document.url
    path, query = (parts.path, dict(parse_qsl(parts.query))) if known else (_ANSWER, {})
    response = await _handle(request, form, path, query)
    call = _read(form, query)
    if response.status != 503 or call is None:
        return response
    recording = form.fields.get("RecordingSid")  # Twilio keeps it, whatever becomes of the message
    log_event(_LOG, logging.ERROR, "call goes on unstored", tenant=form.entry.slug, sid=call.sid, recording=recording)
    answers = _answers(form.entry.document, call)
    if path == _DIALLED:
        return _twiml(answers.dialled(form.fields.get("DialCallStatus", "")))
    return _twiml(answers.recorded() if path == _RECORDING else answers.give_up())


async def ended(request: web.Request, form: SignedForm) -> web.StreamResponse:
    """The status callback of a call."""
    return await _handle(request, form, _STATUS, {})


async def _handle(request: web.Request, form: SignedForm, path: str, query: Mapping[str, str]) -> web.StreamResponse:
    try:
        call = _read(form, query) or await _known(request, form, query)
        if call is None:
            return await quarantine(request, form.entry, form.body, "a call that nobody knows")
        if form.entry.document.number(phone_number(call.own)) is None:
            return refuse(request, 403, "another's number", form.entry)
        return await _HANDLERS[path](request, form, call, query)
    except StoreUnavailable as error:
        return unstored(request, form.entry, error)


async def _known(request: web.Request, form: SignedForm, query: Mapping[str, str]) -> CallTurn | None:
    """The call of a recording's callback, which names no numbers: that of the same SID."""
    account, sid = form.fields["AccountSid"], first_sid(form.fields.get("CallSid", ""))
    found = await request.app[CONTEXT].service(form.entry).call_parties(account=account, sid=sid)
    return _read(form, query, To=found[0], From=found[1]) if found else None


async def _answer(
    request: web.Request, form: SignedForm, call: CallTurn, _query: Mapping[str, str]
) -> web.StreamResponse:
    """A contact calls: nothing of a call that gets the polite text alone is stored."""
    document = form.entry.document
    log_event(_LOG, logging.INFO, "call", tenant=form.entry.slug, sid=call.sid)
    if document.tenant.status == "Suspended" or not _talks(document):
        from switchboard_runtime.channels.voice import answer_call  # noqa: PLC0415  # few tenants are ever called

        return _twiml(answer_call(document))
    return await _converse(request, form, call)


async def _turn(request: web.Request, form: SignedForm, call: CallTurn, query: Mapping[str, str]) -> web.StreamResponse:
    """A contact said or pressed something, or nothing; or comes back for an answer that took long."""
    if not _talks(form.entry.document):
        return await _answer(request, form, call, query)
    heard = call.speech or call.keys or call.waits or "ErrorCode" in form.fields
    if call.turn and not heard:
        return _twiml(_answers(form.entry.document, call).silence())
    return await _converse(request, form, call)


async def _converse(request: web.Request, form: SignedForm, call: CallTurn) -> web.StreamResponse:
    """Have the turn worked on and say what comes of it; ask for patience while there is any."""
    context, document = request.app[CONTEXT], form.entry.document
    service = context.service(form.entry)
    inbound = call.to_inbound(trace=context.new_id(), now=context.clock.now())
    spoken = await service.converse(inbound)
    log_event(
        _LOG,
        logging.INFO,
        "call turn",
        tenant=form.entry.slug,
        sid=call.sid,
        turn=call.turn,
        kind=call.kind,
        waits=call.waits,
        outcome=spoken.outcome if spoken else None,
    )
    if spoken:
        return _twiml(_answers(document, call, spoken.language).after(spoken))
    seconds = document.voice.answer_seconds if document.voice else 0
    if call.waits < math.ceil(seconds / service.call_patience):
        return _twiml(_answers(document, call).wait())
    log_event(_LOG, logging.ERROR, "call given up", tenant=form.entry.slug, sid=call.sid, turn=call.turn)
    return _twiml(_answers(document, call).give_up())


async def _dialled(
    request: web.Request, form: SignedForm, call: CallTurn, _query: Mapping[str, str]
) -> web.StreamResponse:
    """A transfer is over."""
    status = form.fields.get("DialCallStatus", "")
    await _note(request, form, call, "transfer" if status in TALKED else "missed", f"{call.sid}:{call.turn}:dialled")
    return _twiml(_answers(form.entry.document, call).dialled(status))


async def _recording(
    request: web.Request, form: SignedForm, call: CallTurn, query: Mapping[str, str]
) -> web.StreamResponse:
    """A message is on the tape, told by the verb's action, by a callback or by both; or its transcript is there."""
    context = request.app[CONTEXT]
    record = read_recording(
        call, form.fields, what=query.get("what", ""), trace=context.new_id(), now=context.clock.now()
    )
    if record is not None:
        await _store(request, form, record)
    if form.fields.keys() & {"RecordingStatus", "TranscriptionSid"}:
        return web.Response(status=204)
    return _twiml(_answers(form.entry.document, call).recorded())


async def _status(
    request: web.Request, form: SignedForm, call: CallTurn, _query: Mapping[str, str]
) -> web.StreamResponse:
    """What became of a call; its end is kept where its turns are."""
    status = form.fields.get("CallStatus", "")
    log_event(_LOG, logging.INFO, "call status", tenant=form.entry.slug, sid=call.sid, status=status)
    if status in _OVER and _talks(form.entry.document) and form.entry.document.tenant.status == "Active":
        await _note(request, form, call, "ended", f"{call.sid}:ended")
    return web.Response(status=204)


async def _note(request: web.Request, form: SignedForm, call: CallTurn, kind: str, sid: str) -> None:
    """Keep that something happened; it has no words, since nobody said any."""
    context = request.app[CONTEXT]
    await _store(request, form, call.note(kind, sid, trace=context.new_id(), now=context.clock.now()))


async def _store(request: web.Request, form: SignedForm, record: Inbound) -> None:
    accepted = await request.app[CONTEXT].service(form.entry).accept(record)
    log_event(
        _LOG,
        logging.INFO,
        "duplicate" if accepted.duplicate else "stored",
        tenant=form.entry.slug,
        work=accepted.work_id,
        sid=record.sid,
        channel=record.channel,
        kind=record.kind,
    )


def _read(form: SignedForm, query: Mapping[str, str], **more: str) -> CallTurn | None:
    return read_call({**form.fields, **more}, form.pairs, query, languages=form.entry.document.languages)


def _talks(document: TenantDocument) -> bool:
    return document.voice is not None and document.voice.mode != "Message"


def _answers(document: TenantDocument, call: CallTurn, language: str | None = None) -> VoiceAnswers:
    from switchboard_runtime.channels.voice import VoiceAnswers  # noqa: PLC0415  # 5 MiB that few tenants need

    return VoiceAnswers(document, call, language=language)


def _twiml(text: str) -> web.StreamResponse:
    return web.Response(text=text, content_type="text/xml")


_HANDLERS = {_ANSWER: _answer, _TURN: _turn, _DIALLED: _dialled, _RECORDING: _recording, _STATUS: _status}
