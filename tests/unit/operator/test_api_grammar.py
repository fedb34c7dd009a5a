"""The small languages inside YAML strings."""

import re
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.api import grammar

PATTERNS = {
    name: value
    for name, value in vars(grammar).items()
    if name.isupper() and isinstance(value, str) and "^" in value.replace("[^", "")
}
"""Those of whole texts; others are searched for in them."""


# ---- slugs ---------------------------------------------------------------------------------------------------------


@given(st.from_regex(grammar.SLUG, fullmatch=True))
def test_slug_is_a_label_that_leaves_room(slug: str) -> None:
    """A slug is a DNS-1035 label, and 22 characters more still make one."""
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", slug)
    assert len(slug) <= 63 - 23


@given(st.text(max_size=60))
def test_slug_fault_is_none_exactly_for_fit_slugs(text: str) -> None:
    """The three reasons against a slug are all there are."""
    fit = grammar.fits(grammar.SLUG, text) and text[2:4] != "--" and text not in grammar.RESERVED_SLUGS

    assert (grammar.slug_fault(text) is None) == fit


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("www", "is reserved for the platform"),
        ("xn--acme", "has '--' as its third and fourth character"),
        ("Acme", "is no DNS-1035 label"),
        ("acme\n", "is no DNS-1035 label"),
        ("", "is no DNS-1035 label"),
    ],
)
def test_slug_fault_says_why(text: str, fault: str) -> None:
    """A person learns which of the reasons it is."""
    assert fault in (grammar.slug_fault(text) or "")


def test_reserved_slugs_are_slugs_in_order() -> None:
    """A reserved word that could be no slug would be dead; the order keeps the list readable."""
    assert [slug for slug in grammar.RESERVED_SLUGS if not grammar.fits(grammar.SLUG, slug)] == []
    assert list(grammar.RESERVED_SLUGS) == sorted(set(grammar.RESERVED_SLUGS))


# ---- durations -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 999_999_999_999).map(lambda milliseconds: timedelta(milliseconds=milliseconds)))
def test_duration_reads_back_as_written(value: timedelta) -> None:
    """Writing and reading are each other's inverse."""
    assert grammar.parse_duration(grammar.format_duration(value)) == value


@given(st.from_regex(grammar.DURATION, fullmatch=True).filter(lambda text: len(text) <= 20))
def test_any_duration_of_the_grammar_is_read(text: str) -> None:
    """What the API server lets through, the operator reads, and it never overflows Go's 290 years."""
    assert timedelta(0) <= grammar.parse_duration(text) < timedelta(days=290 * 365)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2160h", 2160), ("1h30m", 1.5), ("1.5h", 1.5), ("3600s", 1), ("360000ms", 0.1), ("0s", 0)],
)
def test_duration_means_what_go_says(text: str, hours: float) -> None:
    """Units add up."""
    assert grammar.parse_duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["90d", "1 h", "", "h", "-1h", "1h\n", "1y", "\u0661h", "9999999h", "1h1h1h1h1h"])
def test_duration_that_is_none_names_the_cure(text: str) -> None:
    """Days are the usual mistake."""
    with pytest.raises(ValueError, match="2160h for 90 days"):
        grammar.parse_duration(text)


# ---- the others ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (grammar.E164, ["+13055550123", "+5491155550100"], ["13055550123", "+0305555", "+1 305", "+1305555012345678"]),
        (grammar.COUNTRY, ["US", "AR"], ["us", "USA", "U"]),
        (grammar.LANGUAGE, ["es", "pt-BR", "zh-Hant-TW", "es-419"], ["ES", "es_AR", "spanish", "es-ar"]),
        (grammar.MONEY, ["0", "5.00", "0.0079", "250"], ["-1", "1,00", ".5", "5.", "007", "1e3", "5.00000"]),
        (grammar.TIME_OF_DAY, ["00:00", "23:59", "24:00"], ["9:00", "24:01", "12:60", "12:00:00"]),
        (grammar.TIME_ZONE, ["UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+3"], ["-03:00", "../etc", "Europe/"]),
        (grammar.DOMAIN, ["bots.localhost", "a.b.example.com"], ["localhost", "a..b", "10.0.0.1", "a.com.", "A.b"]),
        (grammar.EMAIL, ["ops@muebles.example"], ["ops", "ops@localhost", "a b@c.de", "<ops@a.example>", "a@b.cd\n"]),
    ],
)  # fmt: skip
def test_grammar_knows_good_from_bad(pattern: str, good: list[str], bad: list[str]) -> None:
    """The examples that people meet."""
    assert [text for text in good if not grammar.fits(pattern, text)] == []
    assert [text for text in bad if grammar.fits(pattern, text)] == []


EVIL = [
    "http://example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "https://user@example.com",
    "https://user:secret@example.com",
    "https://example.com@evil.example",
    "https://example.com\\@evil.example",
    "https://10.0.0.1",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://localhost/",
    "https://metadata/",
    "https://example.com./",
    "https://EXAMPLE.com/",
    "https://\uff45xample.com/",
    "https://example\u3002com/",
    "https://example.com:80:80/",
    "https://example.com/ x",
    "https://example.com/\r\nHost: evil",
    "https://example.com?x=y",
    "https://example.com/#ct=1",
    "https://example.com/?x#y",
    " https://example.com",
    "https://",
    "https:///path",
    "//example.com",
    "https:example.com",
    "javascript:alert(1)",
    "gopher://example.com",
    "https://exa mple.com",
    "https://-example.com",
    "https://example-.com",
    "https://example.com/{slug}",
    'https://example.com/"',
    "https://example.com/'",
    "https://example.com/`id`",
]


@pytest.mark.parametrize("text", EVIL)
def test_public_url_refuses(text: str) -> None:
    """No way round the host check: user info, addresses in disguise, schemes, control characters (T11)."""
    assert not grammar.fits(grammar.PUBLIC_URL, text)


@pytest.mark.parametrize("text", [text for text in EVIL if "localhost" not in text])
def test_service_and_endpoint_urls_refuse(text: str) -> None:
    """Loopback is all that an endpoint may be besides."""
    assert not grammar.fits(grammar.SERVICE_URL, text)
    assert not grammar.fits(grammar.ENDPOINT_URL, text)


@pytest.mark.parametrize(
    ("text", "public", "service", "endpoint"),
    [
        ("https://api.example.com/v1", True, True, True),
        ("https://api.example.com:8443/a%20b/c", True, True, True),
        ("http://vllm.models.svc:8000/v1", False, True, True),
        ("http://vllm.models.svc.cluster.local", False, True, True),
        ("http://models.svc", False, False, False),
        ("http://a.b.svc.evil.example", False, False, False),
        ("http://localhost:8089", False, False, True),
        ("http://127.0.0.1:8089/base", False, False, True),
        ("https://127.0.0.1:8443", False, False, True),
        ("http://127.0.0.1.evil.example", False, False, False),
    ],
)
def test_url_is_allowed_where_it_should_be(text: str, public: bool, service: bool, endpoint: bool) -> None:
    """Who fetches it decides: Twilio, the bot, or the operator."""
    found = [grammar.fits(pattern, text) for pattern in (grammar.PUBLIC_URL, grammar.SERVICE_URL, grammar.ENDPOINT_URL)]

    assert found == [public, service, endpoint]


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_reads_the_same_in_re2(name: str) -> None:
    """No look-around, no back-references, no quotes, no classes that RE2 and Python draw differently."""
    pattern = PATTERNS[name]

    assert re.search(r"\(\?|\\[1-9dDwWsSbBZAz]|'", pattern) is None
    assert pattern.startswith("^")


@pytest.mark.parametrize("name", PATTERNS)
def test_no_input_makes_a_pattern_slow(name: str) -> None:
    """Long inputs that nearly fit are answered at once (T25)."""
    inputs = [
        head + part * 2_000 + tail
        for head in ("", "https://", "+1")
        for part in ("a", "a.", "1", "a-", "/")
        for tail in ("!", "\n")
    ]
    begin = time.perf_counter()
    for text in inputs:
        grammar.fits(PATTERNS[name], text)

    assert time.perf_counter() - begin < 1.0
