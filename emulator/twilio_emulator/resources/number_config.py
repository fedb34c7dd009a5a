"""What can be set on a number, by purchase and by update alike.

Setting an application clears the URLs it stands for and setting a URL clears the application. A fallback
URL needs its primary URL. A field that is not given stays as it is; one given empty is cleared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.models import NumberConfig
    from twilio_emulator.params import Params

__all__ = ["METHODS", "URLS", "apply_config", "check_version", "given_callbacks", "refuse_lone_fallback"]

URLS: Mapping[str, tuple[str, int]] = {
    "sms_url": ("SmsUrl", 21402),
    "sms_fallback_url": ("SmsFallbackUrl", 21402),
    "voice_url": ("VoiceUrl", 21402),
    "voice_fallback_url": ("VoiceFallbackUrl", 21402),
    "status_callback": ("StatusCallback", 21502),
}
"""Parameter of each URL, and the code of its refusal; applications have them too."""

METHODS: Mapping[str, str] = {
    "sms_method": "SmsMethod",
    "sms_fallback_method": "SmsFallbackMethod",
    "voice_method": "VoiceMethod",
    "voice_fallback_method": "VoiceFallbackMethod",
    "status_callback_method": "StatusCallbackMethod",
}
_SIDS = {
    "sms_application_sid": ("SmsApplicationSid", "AP"),
    "voice_application_sid": ("VoiceApplicationSid", "AP"),
    "trunk_sid": ("TrunkSid", "TK"),
    "address_sid": ("AddressSid", "AD"),
    "identity_sid": ("IdentitySid", "RI"),
    "bundle_sid": ("BundleSid", "BU"),
    "emergency_address_sid": ("EmergencyAddressSid", "AD"),
}


def apply_config(config: NumberConfig, params: Params) -> NumberConfig:
    """Return the configuration after a call.

    Raises:
        ApiError: a field cannot be used, or a fallback has no primary (21405, 21406).
    """
    given = _given(params)
    changed = replace(config, **given)  # type: ignore[arg-type]  # each field was read with its own type
    changed = _exclude(changed, given)
    refuse_lone_fallback(
        voice=(changed.voice_url, changed.voice_fallback_url), sms=(changed.sms_url, changed.sms_fallback_url)
    )
    return changed


def given_callbacks(
    params: Params, urls: Mapping[str, tuple[str, int]], methods: Mapping[str, str]
) -> dict[str, object]:
    """Return the URLs and methods a call names, checked, by the names of their properties."""
    values: dict[str, object | None] = {field: params.url(name, code=code) for field, (name, code) in urls.items()}
    values |= {field: params.method(name) for field, name in methods.items()}
    return {field: value for field, value in values.items() if value is not None}


def check_version(params: Params) -> None:
    """Refuse an ``ApiVersion`` other than the one there is."""
    if params.text("ApiVersion") not in {None, "2010-04-01"}:
        raise invalid("ApiVersion", "the emulator has 2010-04-01 only")


def refuse_lone_fallback(*, voice: tuple[str, str], sms: tuple[str, str]) -> None:
    """Refuse a fallback URL without its primary; each pair is the primary and the fallback."""
    if voice[1] and not voice[0]:
        raise _without_primary("VoiceFallbackUrl", "VoiceUrl", code=21405)
    if sms[1] and not sms[0]:
        raise _without_primary("SmsFallbackUrl", "SmsUrl", code=21406)


def _given(params: Params) -> dict[str, object]:
    """Return the fields a call names, checked."""
    check_version(params)
    if params.text("EmergencyStatus") is not None and params.text("EmergencyAddressSid") is not None:
        why = "it cannot be modified in the same request as EmergencyStatus"
        raise invalid("EmergencyAddressSid", why)
    values: dict[str, object | None] = dict(given_callbacks(params, URLS, METHODS))
    values["voice_caller_id_lookup"] = params.boolean("VoiceCallerIdLookup")
    values["voice_receive_mode"] = params.choice("VoiceReceiveMode", ["voice", "fax"])
    values["emergency_status"] = params.choice("EmergencyStatus", ["Active", "Inactive"])
    given = {field: value for field, value in values.items() if value is not None}
    for field, (name, prefix) in _SIDS.items():
        sid = params.sid(name, prefix)
        if sid is not None:
            given[field] = sid or None
    return given


def _exclude(config: NumberConfig, given: dict[str, object]) -> NumberConfig:
    """Let what was set last win: an application, a trunk or URLs."""
    if given.get("sms_application_sid"):
        config = replace(config, sms_url="", sms_fallback_url="")
    elif given.get("sms_url"):
        config = replace(config, sms_application_sid=None)
    if given.get("trunk_sid"):
        return replace(config, voice_application_sid=None, voice_url="", voice_fallback_url="")
    if given.get("voice_application_sid"):
        return replace(config, voice_url="", voice_fallback_url="", trunk_sid=None)
    if given.get("voice_url"):
        return replace(config, voice_application_sid=None, trunk_sid=None)
    return config


def _without_primary(fallback: str, primary: str, *, code: int) -> ApiError:
    return ApiError(status=400, code=code, message=f"Cannot set {fallback} without setting {primary}")
