"""Twilio's webhook signature, checked before anything costly is done with a request.

Semantics are those of twilio's ``RequestValidator``, to whose signatures a property of the tests holds this; its code
takes three times as long. What it does not do is done here: a missing or odd signature is False and not an exception,
the comparison is constant in time, several tokens are accepted during a rotation, and ``bodySHA256`` is checked on the
raw bytes.

Assumes: ``url`` is from our own configuration.
Refuses: a signature under a SharedKey (``X-Twilio-Webhooks-Signature-Settings``), which no tenant has yet.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import add_port, remove_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SETTINGS_HEADER", "SIGNATURE_HEADER", "signed_form", "signed_json"]

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
_LONGEST_KEPT = 256


def signed_form(*, url: str, pairs: Sequence[tuple[str, str]], signature: str | None, tokens: Iterable[str]) -> bool:
    """Whether ``signature`` is Twilio's over a form, under any of the account's tokens.

    Args:
        url: the public address called, from our configuration, with the query as it came.
        pairs: all the form's fields, decoded, untrimmed.
        signature: the header, or None.
        tokens: the auth tokens in force.
    """
    return _signed(url, "".join([name + value for name, value in sorted(set(pairs))]), signature, tokens)


def signed_json(*, url: str, body: bytes, signature: str | None, tokens: Iterable[str]) -> bool:
    """Whether ``signature`` is Twilio's over a URL whose ``bodySHA256`` is that of the raw body."""
    expected = parse_qs(urlsplit(url).query).get("bodySHA256", [""])
    actual = hashlib.sha256(body).hexdigest()
    whole = hmac.compare_digest(actual.encode(), expected[0].encode())
    return _signed(url, "", signature, tokens) and whole


def _signed(url: str, form: str, signature: str | None, tokens: Iterable[str]) -> bool:
    """Whether it is that of one of the tokens over one of the address's forms; a right one ends the search."""
    given = (signature or "").encode("utf-8", "surrogateescape")
    addresses = _addresses(url) if len(url) <= _LONGEST_KEPT else _addresses.__wrapped__(url)
    for token in tokens:
        for address in addresses:
            right = _signature(token, (address + form).encode("utf-8", "surrogateescape"))
            if hmac.compare_digest(right, given):
                return True
    return False


def _signature(token: str, text: bytes) -> bytes:
    """Twilio's signature.

    Not by ``hmac.digest``: that lets the store's thread have the interpreter meanwhile, and then waits for it.
    """
    signing = _begun(token).copy()
    signing.update(text)
    return b2a_base64(signing.digest(), newline=False)


@lru_cache(maxsize=256)
def _begun(token: str) -> hmac.HMAC:
    """A signature by this token to be gone on with: what every one of them begins with is done once."""
    return hmac.new(token.encode(), digestmod="sha1")


@lru_cache(maxsize=1024)
def _addresses(url: str) -> tuple[str, str]:
    """The address without and with its port: Twilio signs either."""
    parsed = urlsplit(url)
    return remove_port(parsed), add_port(parsed)
