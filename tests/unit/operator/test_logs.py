"""Logs: JSON lines without a secret."""

import base64
import json
import logging
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.logs import JsonFormatter, redact

HEX = st.from_regex("[0-9a-f]{32}", fullmatch=True)
BARE = st.from_regex("[0-9A-Za-z]{32}", fullmatch=True)
API_TOKENS = st.binary(min_size=32, max_size=32).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
PLACES = ["{}", "token={}", "'{}'", "x {} y", "{}\n", "Bearer {}", '{{"authToken": "{}"}}', "a\\n{}", "a_{}", "({}),"]
SIDS = st.from_regex("(AC|PN|SK|SM|MG)[0-9a-f]{32}", fullmatch=True)


@given(token=HEX | BARE, place=st.sampled_from(PLACES))
def test_no_token_of_twilios_passes(token: str, place: str) -> None:
    """Auth tokens and key secrets are 32 characters, wherever they stand."""
    assert token not in redact(place.format(token))


@given(token=API_TOKENS, place=st.sampled_from(PLACES))
def test_no_token_of_ours_passes(token: str, place: str) -> None:
    """The bearer token of a tenant's own API does not pass either."""
    assert token not in redact(place.format(token))


@given(token=HEX | BARE | API_TOKENS, sid=SIDS)
def test_no_encoded_credentials_pass(token: str, sid: str) -> None:
    """What a Secret or an Authorization header holds is a secret too."""
    secret, header = (base64.b64encode(text.encode()).decode() for text in (token, f"{sid}:{token}"))

    assert secret not in redact(f'{{"authToken": "{secret}"}}')
    assert header not in redact(f"Authorization: Basic {header}")


def test_no_service_account_token_passes() -> None:
    """A JSON web token is a secret, whatever is in it."""
    token = ".".join(base64.urlsafe_b64encode(secrets.token_bytes(40)).decode().rstrip("=") for _ in range(2))

    assert token not in redact(f"token eyJhbGciOiJSUzI1NiJ9.{token} refused")


@pytest.mark.parametrize(
    "text",
    [
        "created subaccount AC" + "0" * 32,
        "bought +13055550123 as PN" + "a1" * 16,
        "Tenant acme/muebles-sur: uid 5f0c2a9e-6f5b-4d7e-9a53-6f0a3a0f1c11",
        "ConfigMap bot-a-very-long-name-of-a-tenant-that-sells-chairs-65829f7184",
        "POST /api/2010-04-01/Accounts/AC" + "0" * 32 + "/IncomingPhoneNumbers.json: HTTP 400, error 21422",
        "the configuration of 1200000 bytes exceeds 1000000; shorten the catalogue",
        "registry.example.com/runtime@sha256:" + "0" * 64,
        "switchboard_operator.reconcile.subaccount.SubaccountReconciler",
    ],
)
def test_what_helps_is_kept(text: str) -> None:
    """SIDs, names, numbers and paths stay readable."""
    assert redact(text) == text


def line(message: str, *arguments: object, fault: BaseException | None = None) -> str:
    """A formatted record."""
    info = (type(fault), fault, fault.__traceback__) if fault else None
    return JsonFormatter().format(logging.LogRecord("our.logger", logging.INFO, "x.py", 1, message, arguments, info))


def test_a_record_is_one_json_object() -> None:
    """Whatever is in a message, a line is a line."""
    text = line("two\nlines, %s", "ñ")

    assert "\n" not in text
    read = json.loads(text)
    assert (read["level"], read["logger"], read["message"]) == ("info", "our.logger", "two\nlines, ñ")


def test_arguments_and_exceptions_are_redacted() -> None:
    """A token does not pass as an argument, nor in a traceback."""
    token = secrets.token_hex(16)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(f"bad {token}")

    assert token not in line("refused: %s", token, fault=caught.value)
