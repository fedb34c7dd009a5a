"""The table of tenants that a process serves: found by host, by slug or by number.

Read once, whole, at the start: one bad document stops all, so that a bad revision never takes traffic.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from switchboard_runtime.config.credentials import CredentialsFolder
from switchboard_runtime.config.documents import TenantDocument
from switchboard_runtime.config.fields import SHAPES
from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["Directory", "SlugMatch", "TenantEntry", "find_slug", "load_directory"]

_SIMILAR = 0.8
_CURES = {
    "extra_forbidden": "unknown field; remove it or correct its spelling",
    "missing": "missing; add it",
}


@dataclass(frozen=True, slots=True)
class TenantEntry:
    """A tenant and its credentials."""

    document: TenantDocument
    credentials: CredentialsFolder

    @property
    def slug(self) -> str:
        """The tenant's slug."""
        return self.document.tenant.slug


@dataclass(frozen=True, slots=True)
class SlugMatch:
    """What a slug from outside means: one slug, or the candidates it could have been (for the log only)."""

    slug: str | None
    candidates: tuple[str, ...] = ()


class Directory:
    """Tenants by exact host, by slug and by phone number.

    Raises:
        ConfigurationError: two tenants claim one host, slug or number.
    """

    def __init__(self, entries: Iterable[TenantEntry]) -> None:
        self.entries = tuple(entries)
        self._by_host = _index(self.entries, "url", lambda entry: [entry.document.host])
        self._by_slug = _index(self.entries, "tenant.slug", lambda entry: [entry.slug])
        self._by_number = _index(
            self.entries, "numbers", lambda entry: [number.phone_number for number in entry.document.numbers]
        )

    def by_host(self, host: str) -> TenantEntry | None:
        """The tenant of a Host header, whatever its port; the name must be exactly the tenant's."""
        return self._by_host.get(_hostname(host))

    def by_slug(self, slug: str) -> tuple[TenantEntry | None, SlugMatch]:
        """The tenant that a slug means, by :func:`find_slug`."""
        match = find_slug(slug, tuple(self._by_slug))
        return (self._by_slug[match.slug] if match.slug else None), match

    def by_number(self, phone_number: str) -> TenantEntry | None:
        """The tenant that owns an E.164 number."""
        return self._by_number.get(phone_number)

    def single(self) -> TenantEntry | None:
        """The only tenant, when there is one only."""
        return self.entries[0] if len(self.entries) == 1 else None


def find_slug(wanted: str, slugs: tuple[str, ...]) -> SlugMatch:
    """Decide which of ``slugs`` is meant: the exact one, else ``{wanted}-{year}``, else the one similar name.

    More than one candidate at the first step that has any is no match.
    """
    name = _plain(wanted)
    if name in slugs:
        return SlugMatch(name)
    yearly = tuple(slug for slug in slugs if re.fullmatch(re.escape(name) + r"-[0-9]{4}", slug))
    similar = tuple(slug for slug in slugs if name and _alike(name, slug))
    candidates = yearly or similar
    return SlugMatch(candidates[0] if len(candidates) == 1 else None, candidates)


def load_directory(tenants: Path, credentials: Path, *, now: Callable[[], float]) -> Directory:
    """Read every ``*.json`` in ``tenants`` and its credentials.

    Raises:
        ConfigurationError: no document, or one that is wrong; names file, field and cure.
    """
    files = sorted(tenants.glob("*.json"))
    if not files:
        raise ConfigurationError(tenants, "no tenant document; put a {slug}.json there")
    return Directory([_entry(file, credentials, now) for file in files])


def _entry(file: Path, credentials: Path, now: Callable[[], float]) -> TenantEntry:
    try:
        content = file.read_bytes()
        document = TenantDocument.model_validate_json(content)
    except OSError as error:
        raise ConfigurationError(file, f"cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigurationError(file, *(_problem(detail) for detail in _causes(error.errors()))) from None
    json.loads(content, object_pairs_hook=lambda fields: _once(file, fields))
    slug = document.tenant.slug
    if file.stem != slug:
        raise ConfigurationError(file, f"tenant.slug: is {slug!r}; name the file {slug}.json")
    entry = TenantEntry(document, CredentialsFolder(credentials / slug, now=now))
    if entry.credentials.current().account_sid != document.twilio.account_sid:
        raise ConfigurationError(
            credentials / slug / "accountSid",
            f"differs from twilio.accountSid in {file}; make both the tenant's",
        )
    return entry


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those of lists that are too short only because an item of theirs is wrong."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(place != detail["loc"] and place[: len(detail["loc"])] == detail["loc"] for place in places)
    ]


def _once(file: Path, fields: list[tuple[str, object]]) -> None:
    """Refuse a field that is there twice, of which JSON would take the last without a word."""
    names = [name for name, _ in fields]
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ConfigurationError(file, f"{twice[0]}: is there twice in one object; remove one")


def _problem(detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"]) or "document"
    shape = SHAPES.get(str(detail.get("ctx", {}).get("pattern")))
    cure = shape or _CURES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{place}: {cure}"


def _index(
    entries: tuple[TenantEntry, ...], field: str, keys: Callable[[TenantEntry], list[str]]
) -> dict[str, TenantEntry]:
    index: dict[str, TenantEntry] = {}
    for entry in entries:
        for key in keys(entry):
            if key in index:
                raise ConfigurationError(
                    f"{entry.slug}.json",
                    f"{field}: {key} belongs to tenant {index[key].slug!r} already; change one",
                )
            index[key] = entry
    return index


def _hostname(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]").lower()


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", "-", letters.encode("ascii", "ignore").decode()).strip("-")


def _alike(name: str, slug: str) -> bool:
    squeezed, other = name.replace("-", ""), slug.replace("-", "")
    return slug.startswith(f"{name}-") or difflib.SequenceMatcher(None, squeezed, other).ratio() >= _SIMILAR
