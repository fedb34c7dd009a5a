"""A template with its variables filled in, for one channel.

The richest kind of content that the channel can show is taken. A variable that the message leaves out has the
template's own sample value, as Twilio documents (error page 21656).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.content.templates import CONTENT, PLACEHOLDER, is_approved
from twilio_emulator.content.types import BY_CHANNEL
from twilio_emulator.errors import ApiError

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Record

__all__ = ["Rendered", "render"]

_LONGEST_VALUE = 1600
_UNFIT_FOR_WHATSAPP = re.compile(r"[\n\r\t]| {5}")
_BRACES = re.compile(r"\{\{|\}\}")
_LINES = ("header_text", "title", "body", "subtitle", "footer", "label", "address")
"""The fields that are read as text, in the order in which a phone shows them."""
_AUTHENTICATION = "{{1}} is your verification code."
"""What WhatsApp itself writes in an authentication template."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What a template says.

    Attributes:
        body: the text.
        media: URLs.
        is_approved: whether WhatsApp takes it outside of the 24-hour window.
        extra: for ``message.extra``: ``content_sid``, ``content_type``, and ``content`` with the filled-in fields, such
            as the buttons that a phone can answer with.
    """

    body: str
    media: tuple[str, ...]
    is_approved: bool
    extra: Mapping[str, object] = field(default_factory=dict)


def render(core: Core, account: Account, content_sid: str, variables: str, *, channel: str) -> Rendered:
    """Return a template of the account with its variables.

    Args:
        core: the emulator.
        account: who sends.
        content_sid: the template.
        variables: a JSON object of texts by name, ``""`` for none.
        channel: ``whatsapp``, or ``""`` for SMS.

    Raises:
        ApiError: no such template for this account and channel (21655), variables that do not fit it (21656), a value
            that is too long (21658).
    """
    content = core.store.records.find(CONTENT, content_sid)
    if content is None or content.account_sid != account.sid:
        raise _refused(21655, f"The ContentSid {content_sid} is invalid: the account has no such template")
    kind, fields = _for_channel(content, channel)
    filled = _filled(fields, _values(content, variables, channel))
    media = filled.get("media", [])
    return Rendered(
        body="\n".join(str(filled[name]) for name in _LINES if filled.get(name)),
        media=tuple(map(str, media)) if isinstance(media, list) else (str(media),),
        is_approved=is_approved(content),
        extra={"content_sid": content.sid, "content_type": kind, "content": filled},
    )


def _for_channel(content: Record, channel: str) -> tuple[str, dict[str, object]]:
    types = content.data["types"]
    for kind in BY_CHANNEL.get(channel, ()):
        if isinstance(types, dict) and kind in types:
            fields = dict(types[kind])
            return kind, {"body": _AUTHENTICATION, **fields} if kind == "whatsapp/authentication" else fields
    raise _refused(21655, f"The ContentSid {content.sid} is invalid: it has no type for {channel or 'SMS'}")


def _values(content: Record, text: str, channel: str) -> dict[str, str]:
    """Return the value of each variable: the template's samples, and over them what the message gives."""
    declared = content.data.get("variables")
    samples = declared if isinstance(declared, dict) else {}
    given = _object(text) if text else {}
    for name, value in given.items():
        _check(name, value, samples, channel)
    return {**samples, **{name: str(value) for name, value in given.items()}}


def _object(text: str) -> dict[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise _invalid("it must be a JSON object of texts")
    return values


def _check(name: str, value: object, samples: Mapping[str, object], channel: str) -> None:
    shown = name[:40].encode("utf-8", "replace").decode()
    if name not in samples:
        raise _invalid(f"the template has no variable {shown}")
    if not isinstance(value, str) or not value:
        raise _invalid(f"variable {shown} must be a text that is not empty")
    if value.encode("utf-8", "replace").decode() != value:
        raise _invalid(f"variable {shown} has half a surrogate pair")
    if len(value) > _LONGEST_VALUE:
        raise _refused(21658, f"ContentVariables: variable {shown} exceeds {_LONGEST_VALUE} characters")
    if channel and _UNFIT_FOR_WHATSAPP.search(value):
        raise _invalid(f"variable {shown} has a newline, a tab or more than four spaces together")


def _filled(value: Mapping[str, object], values: Mapping[str, str]) -> dict[str, object]:
    return {name: _fill(item, values) for name, item in value.items()}


def _fill(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _filled_text(value, values)
    if isinstance(value, Mapping):
        return _filled(value, values)
    return [_fill(item, values) for item in value] if isinstance(value, list) else value


def _filled_text(text: str, values: Mapping[str, str]) -> str:
    if _BRACES.search(PLACEHOLDER.sub("", text)):
        raise _invalid("a placeholder of the template is malformed")

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if not value:
            raise _invalid(f"variable {match[1]} has neither a value nor a default")
        return value

    return PLACEHOLDER.sub(value_of, text)


def _invalid(why: str) -> ApiError:
    return _refused(21656, f"The ContentVariables Parameter is invalid: {why}")


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)
