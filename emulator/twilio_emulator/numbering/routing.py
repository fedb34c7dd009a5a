"""Where a number's messages and calls go: to its own URLs, to those of its TwiML application, or to a trunk.

With an application set, the number's own URLs count for nothing; with a trunk set, nobody is asked what to do
with a call. Messaging Services and WhatsApp senders are decided before this, by whoever receives the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Number

__all__ = ["APPLICATION", "Target", "message_target", "voice_target"]

APPLICATION = "application"
"""The kind of record that a TwiML application is; its data is named as Twilio's properties."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What is called when a message or a call comes in; URLs are ``""`` when there is none.

    Attributes:
        url: asked for TwiML; ``method`` is GET or POST.
        fallback_url: asked when ``url`` failed, with ``fallback_method``.
        status_callback: told of states, with ``status_callback_method``; for messages an application's only.
        trunk_sid: the SIP trunk that takes the calls instead of any URL, None for none.
    """

    url: str = ""
    method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    trunk_sid: str | None = None


def message_target(core: Core, number: Number) -> Target:
    """Return where an SMS or MMS to the number goes."""
    config = number.config
    if config.sms_application_sid:
        settings = _application(core, number, config.sms_application_sid)
        return Target(
            url=_text(settings, "sms_url"),
            method=_text(settings, "sms_method", "POST"),
            fallback_url=_text(settings, "sms_fallback_url"),
            fallback_method=_text(settings, "sms_fallback_method", "POST"),
            status_callback=_text(settings, "message_status_callback") or _text(settings, "sms_status_callback"),
        )
    return Target(
        url=config.sms_url,
        method=config.sms_method,
        fallback_url=config.sms_fallback_url,
        fallback_method=config.sms_fallback_method,
    )


def voice_target(core: Core, number: Number) -> Target:
    """Return where a call to the number goes."""
    config = number.config
    if config.trunk_sid:
        return Target(trunk_sid=config.trunk_sid)
    if config.voice_application_sid:
        settings = _application(core, number, config.voice_application_sid)
        return Target(
            url=_text(settings, "voice_url"),
            method=_text(settings, "voice_method", "POST"),
            fallback_url=_text(settings, "voice_fallback_url"),
            fallback_method=_text(settings, "voice_fallback_method", "POST"),
            status_callback=_text(settings, "status_callback"),
            status_callback_method=_text(settings, "status_callback_method", "POST"),
        )
    return Target(
        url=config.voice_url,
        method=config.voice_method,
        fallback_url=config.voice_fallback_url,
        fallback_method=config.voice_fallback_method,
        status_callback=config.status_callback,
        status_callback_method=config.status_callback_method,
    )


def _application(core: Core, number: Number, sid: str) -> Mapping[str, object]:
    """Return an application's settings; none when the number's account has no such application."""
    record = core.store.records.find(APPLICATION, sid)
    return record.data if record and record.account_sid == number.account_sid else {}


def _text(settings: Mapping[str, object], name: str, default: str = "") -> str:
    return str(settings.get(name) or default)
