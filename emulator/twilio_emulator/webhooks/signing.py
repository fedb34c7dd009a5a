"""A webhook as it goes over the wire, signed as Twilio signs it.

The signature covers the configured URL without its fragment, and every form field. A GET has no form: its
parameters are part of the URL. A JSON body is signed by its SHA-256 in the query. It is the primary auth token of the
account that owns the number, with HMAC-SHA1; or a shared key of the customer's, with HMAC-SHA256, and then a header
names both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlencode

from multidict import MultiDict
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, SIGNATURE_SETTINGS_HEADER, RequestValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["IDEMPOTENCY_HEADER", "SIGNATURE_HEADER", "SharedKey", "SignedRequest", "sign"]

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

    def logged(self) -> SignedRequest:
        """Return it as logs and alerts may show it: without the customer's password."""
        if "Authorization" not in self.headers:
            return self
        return replace(self, headers={**self.headers, "Authorization": "***"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedKey:
    """A signing key of the customer's own."""

    id: str
    secret: str = field(repr=False)


def sign(
    *,
    url: str,
    method: str,
    params: Sequence[tuple[str, str]],
    auth_token: str,
    idempotency_token: str | None = None,
    body: str = "",
    shared_key: SharedKey | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> SignedRequest:
    """Return the request for a webhook.

    Args:
        url: as configured; a fragment, which holds connection overrides, is not sent.
        method: ``GET`` or ``POST``.
        params: form fields in order.
        auth_token: the owner's primary token.
        idempotency_token: names the webhook; given when it is called again.
        body: a JSON document sent instead of the form; its SHA-256 goes into the query and is so signed.
        shared_key: signs instead of ``auth_token``.
        extra_headers: added to it, such as ``Authorization``.
    """
    target = urldefrag(url).url
    headers = {"User-Agent": _USER_AGENT, "Accept": "*/*", **(extra_headers or {})}
    if idempotency_token:
        headers[IDEMPOTENCY_HEADER] = idempotency_token
    if body:
        joint = "&" if "?" in target else "?"
        target += f"{joint}bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        headers["Content-Type"] = "application/json"
        headers |= _signature(target, MultiDict(), auth_token, shared_key)
        return SignedRequest(method="POST", url=target, headers=headers, body=body)
    if method == "GET":
        joint = "&" if "?" in target else "?"
        target += f"{joint}{urlencode(params)}" if params else ""
        headers |= _signature(target, MultiDict(), auth_token, shared_key)
        return SignedRequest(method=method, url=target, headers=headers, body="")
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    headers |= _signature(target, MultiDict(params), auth_token, shared_key)
    return SignedRequest(method=method, url=target, headers=headers, body=urlencode(params))


def _signature(url: str, form: MultiDict[str], auth_token: str, shared_key: SharedKey | None) -> dict[str, str]:
    """Return the headers that sign a URL and its form."""
    if shared_key is None:
        return {SIGNATURE_HEADER: RequestValidator(auth_token).compute_signature(url, form, HMAC_SHA1)}
    return {
        SIGNATURE_HEADER: RequestValidator(shared_key.secret).compute_signature(url, form, HMAC_SHA256),
        SIGNATURE_SETTINGS_HEADER: f"key={shared_key.id},algorithm={HMAC_SHA256}",
    }
