"""Twilio's webhook signature, checked before anything costly is done with a request.

Semantics are those of twilio's ``RequestValidator`` (its code computes them). What it does not do is done
here: a missing or odd signature is False and not an exception, the comparison is constant in time, several
tokens are accepted during a rotation, and ``bodySHA256`` is checked on the raw bytes.

Assumes: ``url`` is from our own configuration.
Refuses: a signature under a SharedKey (``X-Twilio-Webhooks-Signature-Settings``), which no tenant has yet.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator, add_port, remove_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SETTINGS_HEADER", "SIGNATURE_HEADER", "signed_form", "signed_json"]

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"


class _Form(dict[str, list[str]]):
    """A form with repeated names, as the validator reads one."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def signed_form(*, url: str, pairs: Sequence[tuple[str, str]], signature: str | None, tokens: Iterable[str]) -> bool:
    """Whether ``signature`` is Twilio's over a form, under any of the account's tokens.

    Args:
        url: the public address called, from our configuration, with the query as it came.
        pairs: all the form's fields, decoded, untrimmed.
        signature: the header, or None.
        tokens: the auth tokens in force.
    """
    form = _Form()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return _signed(url, form, signature, tokens)


def signed_json(*, url: str, body: bytes, signature: str | None, tokens: Iterable[str]) -> bool:
    """Whether ``signature`` is Twilio's over a URL whose ``bodySHA256`` is that of the raw body."""
    expected = parse_qs(urlsplit(url).query).get("bodySHA256", [""])
    actual = hashlib.sha256(body).hexdigest()
    whole = hmac.compare_digest(actual.encode(), expected[0].encode())
    return _signed(url, _Form(), signature, tokens) and whole


def _signed(url: str, form: _Form, signature: str | None, tokens: Iterable[str]) -> bool:
    given = (signature or "").encode("utf-8", "surrogateescape")
    parsed = urlsplit(url)
    addresses = (remove_port(parsed), add_port(parsed))
    matches = False
    for token in tokens:
        validator = RequestValidator(token)
        for address in addresses:
            computed = validator.compute_signature(address, form).encode()
            matches |= hmac.compare_digest(computed, given)
    return matches
