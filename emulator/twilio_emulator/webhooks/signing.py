"""A webhook as it goes over the wire, signed as Twilio signs it.

The signature covers the configured URL without its fragment, and every form field. A GET has no form: its
parameters are part of the URL. A JSON body is signed by its SHA-256 in the query. It is always the primary auth
token of the account that owns the number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlencode

from multidict import MultiDict
from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["IDEMPOTENCY_HEADER", "SIGNATURE_HEADER", "SignedRequest", "sign"]

SIGNATURE_HEADER = "X-Twilio-Signature"
IDEMPOTENCY_HEADER = "I-Twilio-Idempotency-Token"
_USER_AGENT = "TwilioProxy/1.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """An HTTP request ready to be sent; ``body`` is empty for a GET."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


def sign(
    *,
    url: str,
    method: str,
    params: Sequence[tuple[str, str]],
    auth_token: str,
    idempotency_token: str | None = None,
    body: str = "",
) -> SignedRequest:
    """Return the request for a webhook.

    Args:
        url: as configured; a fragment, which holds connection overrides, is not sent.
        method: ``GET`` or ``POST``.
        params: form fields in order.
        auth_token: the owner's primary token.
        idempotency_token: names the webhook; given when it is called again.
        body: a JSON document sent instead of the form; its SHA-256 goes into the query and is so signed.
    """
    target = urldefrag(url).url
    validator = RequestValidator(auth_token)
    headers = {"User-Agent": _USER_AGENT, "Accept": "*/*"}
    if idempotency_token:
        headers[IDEMPOTENCY_HEADER] = idempotency_token
    if body:
        joint = "&" if "?" in target else "?"
        target += f"{joint}bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        headers["Content-Type"] = "application/json"
        headers[SIGNATURE_HEADER] = validator.compute_signature(target, {})
        return SignedRequest(method="POST", url=target, headers=headers, body=body)
    if method == "GET":
        joint = "&" if "?" in target else "?"
        target += f"{joint}{urlencode(params)}" if params else ""
        headers[SIGNATURE_HEADER] = validator.compute_signature(target, {})
        return SignedRequest(method=method, url=target, headers=headers, body="")
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    headers[SIGNATURE_HEADER] = validator.compute_signature(target, MultiDict(params))
    return SignedRequest(method=method, url=target, headers=headers, body=urlencode(params))
