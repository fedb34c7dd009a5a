"""Alerts: ``monitor.twilio.com/v1/Alerts``, what went wrong with an account's webhooks, messages and calls."""

from __future__ import annotations

from http import HTTPMethod
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import more_info
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.resources.monitor_dates import between
from twilio_emulator.webhooks.payloads import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.models import Alert

__all__ = ["ROUTES"]

_LIST = "/v1/Alerts"
_FILTERS = ("LogLevel", "StartDate", "EndDate")
_LEVELS = ("error", "warning", "notice", "debug")


def list_(call: Call) -> Answer:
    """List the account's alerts, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    if level := call.params.choice("LogLevel", ("", *_LEVELS)):
        conditions.append(("log_level = ?", level))
    found = call.core.store.alerts.page([*conditions, *between(call.params)], window)
    return Answer(body=meta_page(call, "alerts", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one alert, with the request and the answer that went wrong."""
    alert = call.core.store.alerts.find(call.ids["Sid"])
    if alert is None or alert.account_sid != call.account.sid:
        raise call.not_found()
    exchange = {
        "request_headers": _lines(alert.request_headers),
        "request_variables": alert.request_variables or None,
        "response_headers": _lines(alert.response_headers),
        "response_body": alert.response_body or None,
    }
    return Answer(body={**_render(alert), **exchange})


def _render(alert: Alert) -> Json:
    moment = iso8601(alert.created)
    return {
        "account_sid": alert.account_sid,
        "alert_text": _text(alert),
        "api_version": API_VERSION,
        "date_created": moment,
        "date_generated": moment,
        "date_updated": moment,
        "error_code": str(alert.error_code),
        "log_level": alert.log_level,
        "more_info": more_info(alert.error_code),
        "request_method": alert.request_method if alert.request_method in {HTTPMethod.GET, HTTPMethod.POST} else None,
        "request_url": alert.request_url or None,
        "resource_sid": alert.resource_sid or None,
        "service_sid": None,
        "sid": alert.sid,
        "url": f"https://monitor.twilio.com{_LIST}/{alert.sid}",
    }


def _text(alert: Alert) -> str:
    """Return what Twilio packs into the text: a query string with the message in it."""
    fields = {"Msg": alert.text, "ErrorCode": alert.error_code, "LogLevel": alert.log_level.upper()}
    return urlencode({**fields, "url": alert.request_url} if alert.request_url else fields)


def _lines(headers: Mapping[str, str]) -> str | None:
    return urlencode(headers) or None


ROUTES = (
    Route("GET", "monitor", _LIST, list_),
    Route("GET", "monitor", f"{_LIST}/{{Sid}}", fetch),
)
