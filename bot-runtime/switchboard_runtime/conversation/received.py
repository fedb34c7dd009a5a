"""What a message holds besides its words, read from the fields that Twilio sent and the store kept.

For: media, places, pressed buttons, chosen list lines, advertisements, senders without a phone number. Read when it
is needed, so that a later release understands more of what was stored before.
Refuses: nothing for being unknown; nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Advertisement", "Media", "MediaKind", "Place", "Received", "kind_of", "notes_of", "received", "words_of"]

MediaKind = Literal["image", "audio", "video", "document", "sticker", "contacts"]

_MOST_MEDIA = 20
_VCARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


@dataclass(frozen=True, slots=True)
class Media:
    """Something that came with a message; ``url`` answers to the account's credentials only."""

    url: str
    content_type: str
    kind: MediaKind


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the map, in degrees as they came, and what it is called."""

    latitude: str
    longitude: str
    address: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Advertisement:
    """The advertisement or post from which a contact began to write."""

    headline: str | None = None
    body: str | None = None
    url: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message's parts.

    Attributes:
        choice: what stands behind a pressed button or a chosen line: our id of it.
        media: in the order they came.
        place: a shared location.
        reply_to: the SID of the message that is answered.
        profile_name: what the contact calls itself.
        user_id: the contact's id at WhatsApp, for one that may have no phone number.
        advertisement: where the contact came from.
        forwarded: it was not written by the contact.
    """

    choice: str | None = None
    media: tuple[Media, ...] = ()
    place: Place | None = None
    reply_to: str | None = None
    profile_name: str | None = None
    user_id: str | None = None
    advertisement: Advertisement | None = None
    forwarded: bool = False


def received(fields: Mapping[str, str]) -> Received:
    """The parts of a message, from its fields by name."""
    return Received(
        choice=_filled(fields, "ButtonPayload") or _filled(fields, "ListId"),
        media=_media(fields),
        place=_place(fields),
        reply_to=_filled(fields, "OriginalRepliedMessageSid"),
        profile_name=_filled(fields, "ProfileName"),
        user_id=_filled(fields, "ExternalUserId"),
        advertisement=_advertisement(fields),
        forwarded="true" in (fields.get("Forwarded"), fields.get("FrequentlyForwarded")),
    )


def words_of(fields: Mapping[str, str]) -> str:
    """A message in words: its text, else what was pressed or chosen, else the place; empty for media alone."""
    body = fields.get("Body", "")
    if body.strip():
        return body
    chosen = _filled(fields, "ButtonText") or _filled(fields, "ListTitle") or _filled(fields, "ButtonPayload")
    if chosen:
        return chosen
    place = _place(fields)
    if place is None:
        return body
    named = ", ".join(part for part in (place.label, place.address) if part)
    return f"location: {f'{named} ' if named else ''}({place.latitude}, {place.longitude})"


def kind_of(fields: Mapping[str, str]) -> str:
    """The message's type: as WhatsApp says, else by its first medium."""
    given = _filled(fields, "MessageType")
    if given:
        return given
    if _place(fields) is not None:
        return "location"
    media = _media(fields)
    return media[0].kind if media else "text"


def notes_of(parts: Received) -> tuple[str, ...]:
    """What an assistant should know of a message besides its words, a line each, in English."""
    notes = [f"attached: {one.kind} ({one.content_type or 'unknown type'})" for one in parts.media]
    ad = parts.advertisement
    if ad is not None:
        about = " - ".join(part for part in (ad.headline, ad.body) if part)
        notes.append(f"wrote from this advertisement: {about}" if about else "wrote from an advertisement")
    if parts.forwarded:
        notes.append("forwarded from somebody else")
    return tuple(notes)


def _media(fields: Mapping[str, str]) -> tuple[Media, ...]:
    count = fields.get("NumMedia", "0")
    if count == "0":
        return ()
    most = min(int(count), _MOST_MEDIA) if count.isascii() and count.isdigit() else 0
    sticker = fields.get("MessageType") == "sticker"
    found = []
    for index in range(most):
        url = _filled(fields, f"MediaUrl{index}")
        if url is not None:
            content_type = fields.get(f"MediaContentType{index}", "").partition(";")[0].strip().lower()
            found.append(Media(url, content_type, "sticker" if sticker else _media_kind(content_type)))
    return tuple(found)


def _media_kind(content_type: str) -> MediaKind:
    if content_type in _VCARDS:
        return "contacts"
    main = content_type.partition("/")[0]
    return "image" if main == "image" else "audio" if main == "audio" else "video" if main == "video" else "document"


def _place(fields: Mapping[str, str]) -> Place | None:
    if "Latitude" not in fields:
        return None
    latitude, longitude = _filled(fields, "Latitude"), _filled(fields, "Longitude")
    if latitude is None or longitude is None:
        return None
    return Place(latitude, longitude, _filled(fields, "Address"), _filled(fields, "Label"))


def _advertisement(fields: Mapping[str, str]) -> Advertisement | None:
    names = ("ReferralHeadline", "ReferralBody", "ReferralSourceUrl", "ReferralSourceId")
    given = tuple(_filled(fields, name) for name in names)
    return Advertisement(*given) if any(given) else None


def _filled(fields: Mapping[str, str], name: str) -> str | None:
    return fields.get(name, "").strip() or None
