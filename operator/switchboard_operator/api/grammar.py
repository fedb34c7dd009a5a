"""The small languages people write inside YAML strings: slugs, numbers, durations, money, URLs, SIDs.

Each is one RE2 pattern. The CRDs hold it in a CEL rule (with a message that says the cure), the operator
holds it here, and tests prove that both read alike. Patterns stay in the part of the syntax that RE2 and
Python's `re` share, are anchored at both ends, and need no look-around, so that no input makes them slow.
"""

import re
from datetime import timedelta
from typing import Final

SLUG: Final = r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$"
"""DNS-1035 label, at most 40 characters: what is derived from it (`{slug}-…`) still fits the 63 of a
label."""

SLUG_IDNA: Final = r"^..--"
"""`xn--` and its likes: labels that browsers show as something else (RFC 5890 reserves them)."""

OBJECT_NAME: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$"
"""Name of a Kubernetes object: DNS-1123 subdomain."""

LABEL_NAME: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
"""DNS-1123 label: a namespace."""

E164: Final = r"^\+[1-9][0-9]{6,14}$"
COUNTRY: Final = r"^[A-Z]{2}$"
CURRENCY: Final = r"^[A-Z]{3}$"
LANGUAGE: Final = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
"""BCP 47: language, script, region; no variants."""

DURATION: Final = r"^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h)){1,4}$"
"""Go's durations without the units nobody needs here; the digits are capped so that no sum overflows."""

MONEY: Final = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?$"
TIME_OF_DAY: Final = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
TIME_ZONE: Final = r"^[A-Z][A-Za-z0-9_+-]{0,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){0,2}$"
EMAIL: Final = r"^[^@\x00-\x20\x7f]{1,64}@[A-Za-z0-9]([-A-Za-z0-9.]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}$"
CONTROL_CHARACTER: Final = r"[\x00-\x1f\x7f]"
"""Searched, not matched: a string where it is found is not one line of plain text."""
FILLED: Final = r"[^ \t\r\n]"
"""Searched: a string where it is not found is blank."""
BRACES: Final = r"\{[^{}]*\}"
"""Searched: what looks as if it were filled in."""

AREA_CODE: Final = r"^[2-9][0-9]{2}$"
NUMBER_PATTERN: Final = r"^[+0-9A-Za-z*%]{2,16}$"
IMAGE: Final = r"^[a-z0-9][-a-z0-9._/:]{0,200}(@sha256:[0-9a-f]{64})?$"
SIP_ADDRESS: Final = r"^sips?:[A-Za-z0-9._~+%-]{1,128}@[A-Za-z0-9.-]{1,128}(:[0-9]{1,5})?(;transport=(tcp|udp|tls))?$"
VOICE_NAME: Final = r"^(man|woman|alice|(Polly|Google|Amazon|ElevenLabs)\.[A-Za-z0-9._-]{1,64})$"
USAGE_CATEGORY: Final = r"^[a-z][a-z0-9-]{1,79}$"
FIELD_NAME: Final = r"^[A-Za-z][A-Za-z0-9_]{0,47}$"
STAGE: Final = r"^[a-z][a-z0-9_-]{0,31}$"
KEY_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
"""What people name a part of a manifest by: a template, a line to choose."""

LATITUDE: Final = r"^-?([0-8]?[0-9](\.[0-9]{1,8})?|90(\.0{1,8})?)$"
LONGITUDE: Final = r"^-?((1[0-7][0-9]|[0-9]{1,2})(\.[0-9]{1,8})?|180(\.0{1,8})?)$"
PERMISSION: Final = r"^/twilio/[a-z0-9/_.-]{1,120}$"
TOOL_NAME: Final = r"^[a-z][a-z0-9_]{0,47}$"
PRICE: Final = r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$"
TEMPERATURE: Final = r"^([01](\.[0-9]{1,2})?|2(\.0{1,2})?)$"
_DAY_OF_YEAR = (
    r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
DAY: Final = rf"^20([0-9]{{2}}-{_DAY_OF_YEAR}|([02468][048]|[13579][26])-02-29)$"
"""ISO 8601, of this century, in which each fourth year has a leap day."""

PROVIDER: Final = r"^[a-z][a-z0-9-]{0,31}$"

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_PORT_AND_PATH = rf"(:{_PORT})?(/[-A-Za-z0-9._~%!$&()*+,;=:@/]*)?"
_PUBLIC_HOST = rf"({_LABEL}\.){{1,10}}[a-z]([-a-z0-9]{{0,61}}[a-z0-9])?"
_SERVICE_HOST = rf"{_LABEL}\.{_LABEL}\.svc(\.cluster\.local)?"
_LOOPBACK = r"(localhost|127\.0\.0\.1)"

HOST_AND_PORT: Final = rf"^({_LABEL}\.){{0,10}}{_LABEL}(:{_PORT})?$"
DOMAIN: Final = rf"^{_PUBLIC_HOST}$"
PUBLIC_URL: Final = rf"^https://{_PUBLIC_HOST}{_PORT_AND_PATH}$"
"""https and a DNS name: no address, no single label, no user info, no query, no fragment."""
MEDIA_URL: Final = rf"^https://{_PUBLIC_HOST}(/[-A-Za-z0-9._~%!$&()*+,;=:@/?]*)?$"
"""As PUBLIC_URL without a port, and perhaps with a query; short, since a script may have a thousand of them."""
SERVICE_URL: Final = rf"^(https://{_PUBLIC_HOST}|http://{_SERVICE_HOST}){_PORT_AND_PATH}$"
"""As PUBLIC_URL; plain http only to a Service of this cluster."""
ENDPOINT_URL: Final = rf"^(https://({_PUBLIC_HOST}|{_LOOPBACK})|http://({_SERVICE_HOST}|{_LOOPBACK})){_PORT_AND_PATH}$"
"""As SERVICE_URL, and loopback, for an emulator on the developer's machine."""

RESERVED_SLUGS: Final = (
    "account", "accounts", "admin", "api", "app", "apps", "assets", "auth", "autoconfig", "autodiscover",
    "billing", "cdn", "console", "dashboard", "docs", "emulator", "ftp", "grafana", "help", "hooks", "imap",
    "ingress", "internal", "kubernetes", "localhost", "login", "logout", "mail", "metrics", "mx", "ns", "ns1",
    "ns2", "oauth", "operator", "pay", "pop", "portal", "prometheus", "register", "root", "security",
    "signup", "smtp", "sso", "static", "status", "support", "switchboard", "system", "twilio", "vpn",
    "webhook", "webhooks", "wpad", "ws", "www",
)  # fmt: skip
"""Hosts that belong to the platform, or that a phisher would like to have."""

_DURATION_PART = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1.0, "s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0}


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of `text` is of the grammar `pattern` (one of this module)."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def slug_fault(text: str) -> str | None:
    """What makes `text` unfit as a slug, as a clause ("is reserved …"); None when it is fit."""
    if not fits(SLUG, text):
        return "is no DNS-1035 label of at most 40 characters"
    if re.match(SLUG_IDNA, text):
        return "has '--' as its third and fourth character, which browsers may show as another name"
    if text in RESERVED_SLUGS:
        return "is reserved for the platform"
    return None


def parse_duration(text: str) -> timedelta:
    """Reads a Go duration such as `2160h` or `1h30m`.

    Raises:
        ValueError: It is none; the message names the cure for the usual mistake, days.
    """
    if len(text) > 20 or not fits(DURATION, text):
        raise ValueError(f"{text!r} is no duration: write hours, minutes or seconds, as in 2160h for 90 days")
    total = sum(float(count) * _MILLISECONDS[unit] for count, unit in _DURATION_PART.findall(text))
    return timedelta(milliseconds=total)


def format_duration(value: timedelta) -> str:
    """Writes a duration, not negative, as Go would: `90m` is `1h30m`; what is finer than a millisecond is cut off."""
    rest, parts = value // timedelta(milliseconds=1), []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"
