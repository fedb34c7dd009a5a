"""What a sink's configuration must be, by its type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.errors import invalid
from twilio_emulator.params import check_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SINK_TYPES", "UNUSABLE", "read_configuration", "read_object"]

UNUSABLE = 91000
"""Twilio's code for a sink that cannot be made as it was described."""
_PARAMETER = "SinkConfiguration"
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "email": ("to",),
    "kinesis": ("arn", "role_arn", "external_id"),
    "segment": ("write_key",),
    "webhook": ("destination", "method"),
}
SINK_TYPES = tuple(_REQUIRED)
_LONGEST = 2048


def read_configuration(text: str, sink_type: str) -> dict[str, object]:
    """Return a sink's configuration, checked.

    Raises:
        ApiError: 400/91000, it names what is wrong.
    """
    configuration = read_object(_PARAMETER, text)
    for name in _REQUIRED[sink_type]:
        value = configuration.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise invalid(f"{_PARAMETER}.{name}", f"a {sink_type} sink needs it, a text", code=UNUSABLE)
    if sink_type == "webhook":
        _check_webhook(configuration)
    return configuration


def read_object(name: str, text: str) -> dict[str, object]:
    """Return the JSON object that a form parameter holds.

    Raises:
        ApiError: 400/91000, the text is none.
    """
    try:
        found = json.loads(text)
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise invalid(name, "it must be a JSON object", code=UNUSABLE) from error
    if not isinstance(found, dict) or not found:
        raise invalid(name, "it must be a JSON object", code=UNUSABLE)
    return found


def _check_webhook(configuration: Mapping[str, object]) -> None:
    check_url(f"{_PARAMETER}.destination", str(configuration["destination"]), code=UNUSABLE)
    if str(configuration["method"]).upper() not in {"GET", "POST"}:
        raise invalid(f"{_PARAMETER}.method", "it must be POST or GET", code=UNUSABLE)
    if not isinstance(configuration.get("batch_events", True), bool):
        raise invalid(f"{_PARAMETER}.batch_events", "it must be true or false", code=UNUSABLE)
