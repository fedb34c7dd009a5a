"""The signature check accepts what Twilio's library signs, and nothing that was changed since."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from switchboard_runtime.edge.signature import signed_form, signed_json

TOKEN = "12345"
URL = "https://acme.bots.example.com/bot/twilio/webhook"

names = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8)
values = st.text(st.characters(codec="utf-8"), max_size=20)
forms = st.lists(st.tuples(names, values), min_size=1, max_size=8)


class _Multi(dict[str, list[str]]):
    """A form as the library reads one with repeated names."""

    def getall(self, name: str) -> list[str]:
        """All values of a name."""
        return self[name]


def sign(url: str, pairs: list[tuple[str, str]], token: str = TOKEN) -> str:
    """Twilio's own signature."""
    multi = _Multi()
    for name, value in pairs:
        multi.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(url, multi))


def test_the_example_in_twilios_documentation_is_accepted() -> None:
    """The vector of twilio.com/docs/usage/security, which every Twilio library tests."""
    pairs = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    url, signature = "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    assert signed_form(url=url, pairs=pairs, signature=signature, tokens=["12345"])


@given(forms, st.sampled_from(["", ":443"]))
def test_what_twilio_signs_is_accepted_with_and_without_the_port(pairs: list[tuple[str, str]], port: str) -> None:
    """Repeated names, blank values, any order, any letters."""
    called = URL.replace(".com/", f".com{port}/")

    assert signed_form(url=URL, pairs=pairs[::-1], signature=sign(called, pairs), tokens=["other", TOKEN])


@given(forms, st.data())
def test_any_single_change_is_refused(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    """A character of the signature, a value, a further field, the address or the token."""
    signature = sign(URL, pairs)
    index = data.draw(st.integers(0, len(signature) - 2))  # the last is padding
    other = "A" if signature[index] != "A" else "B"
    position = data.draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[position]
    changed = [*pairs[:position], (name, value + "x"), *pairs[position + 1 :]]
    extra = [*pairs, ("zzzzzzzzz", "1")]

    def check(**change: object) -> bool:
        request: dict[str, object] = {"url": URL, "pairs": pairs, "signature": signature, "tokens": [TOKEN]}
        return signed_form(**{**request, **change})  # type: ignore[arg-type]

    assert check()
    assert not check(signature=signature[:index] + other + signature[index + 1 :])
    assert not check(pairs=changed)
    assert not check(pairs=extra)
    assert not check(url=URL + "/")
    assert not check(url=URL.replace("acme", "evil"))
    assert not check(tokens=[TOKEN + "6"])
    assert not check(tokens=[])


@given(st.none() | st.text())
def test_a_signature_that_is_none_is_refused_without_an_error(signature: str | None) -> None:
    """Missing, empty, or no base64 at all."""
    assert not signed_form(url=URL, pairs=[("a", "b")], signature=signature, tokens=[TOKEN])


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_signed_json_is_bound_to_its_raw_bytes(body: bytes, other: bytes) -> None:
    """The library checks the body's hash only for text; here any other bytes are refused."""
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = sign(url, [])

    assert signed_json(url=url, body=body, signature=signature, tokens=[TOKEN])
    assert signed_json(url=url, body=other, signature=signature, tokens=[TOKEN]) == (other == body)
    assert not signed_json(url=URL, body=body, signature=sign(URL, []), tokens=[TOKEN])
