"""Signatures are those that Twilio's own validator accepts."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm

from twilio_emulator.webhooks.signing import SIGNATURE_HEADER, SharedKey, sign

NAMES = st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
VALUES = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=20).map(lambda pairs: list(pairs.items()))
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "tenant.bots.localhost", "127.0.0.1"]),
    st.sampled_from(["", ":8443", ":443", ":80"]),
    st.sampled_from(["/", "/sms", "/sms?tenant=1", "/a%20b?x=%C3%B1&y="]),
    st.sampled_from(["", "#rc=2&rp=all", "#ct=100"]),
)
TOKENS = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)


@given(url=URLS, params=PARAMS, token=TOKENS)
def test_a_signed_form_validates_where_it_arrives(url: str, params: list[tuple[str, str]], token: str) -> None:
    """Decoded from its body, whatever the texts; the fragment is not part of it."""
    request = sign(url=url, method="POST", params=params, auth_token=token)
    arrived = dict(parse_qsl(request.body, keep_blank_values=True))

    assert request.url == url.split("#", maxsplit=1)[0]
    assert arrived == dict(params)
    assert RequestValidator(token).validate(request.url, arrived, request.headers[SIGNATURE_HEADER])


@given(url=URLS, params=PARAMS, token=TOKENS)
def test_a_signed_get_validates_by_its_url(url: str, params: list[tuple[str, str]], token: str) -> None:
    """There is no form; the parameters follow those the URL had."""
    request = sign(url=url, method="GET", params=params, auth_token=token)

    assert request.body == ""
    assert "#" not in request.url
    assert RequestValidator(token).validate(request.url, {}, request.headers[SIGNATURE_HEADER])


@given(params=PARAMS, token=TOKENS, other=TOKENS)
def test_another_token_does_not_validate(params: list[tuple[str, str]], token: str, other: str) -> None:
    """A tenant cannot pass for another."""
    request = sign(url="https://a.example/", method="POST", params=params, auth_token=token)

    valid = RequestValidator(other).validate(request.url, dict(params), request.headers[SIGNATURE_HEADER])
    assert valid == (token == other)


@given(url=URLS, params=PARAMS, token=TOKENS, secret=TOKENS)
def test_a_shared_key_signs_with_sha256_and_the_header_names_it(
    url: str, params: list[tuple[str, str]], token: str, secret: str
) -> None:
    """The SDK finds the algorithm in the header; the auth token plays no part."""
    key = SharedKey(id="webhooks_sharedkey_0", secret=secret)
    request = sign(url=url, method="POST", params=params, auth_token=token, shared_key=key)
    algorithm = get_signature_algorithm(request.headers[SIGNATURE_SETTINGS_HEADER])
    signature = request.headers[SIGNATURE_HEADER]

    assert request.headers[SIGNATURE_SETTINGS_HEADER] == "key=webhooks_sharedkey_0,algorithm=HMAC_SHA256"
    assert RequestValidator(secret).validate(request.url, dict(params), signature, algorithm)
    assert not RequestValidator(secret).validate(request.url, dict(params), signature)
    assert secret not in repr(key)


def test_a_password_goes_over_the_wire_and_into_no_log() -> None:
    """What is logged has the header, without what it says."""
    headers = {"Authorization": "Basic dTpw"}
    request = sign(url="https://a.example/", method="POST", params=[], auth_token="t" * 32, extra_headers=headers)

    assert request.headers["Authorization"] == "Basic dTpw"
    assert request.logged().headers["Authorization"] == "***"
    assert request.logged().headers[SIGNATURE_HEADER] == request.headers[SIGNATURE_HEADER]
