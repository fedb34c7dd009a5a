"""Usage categories: the tree of those the emulator accounts for, and the names of all others, which stay at zero.

What happens is counted in a leaf, such as ``sms-outbound-longcode``; a category is the sum of the leaves below it.
Names and descriptions are those of Twilio's page on usage records.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CATEGORIES", "TOTAL", "Category", "category_of", "is_category", "leaves_of"]

TOTAL = "totalprice"
"""The category of all the money; it has no count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A usage category.

    Attributes:
        name: such as ``sms-outbound``.
        description: for people.
        count_unit: what ``count`` counts, such as ``calls``.
        usage_unit: what ``usage`` is measured in, such as ``minutes``.
        parts: the categories it is the sum of; none for a leaf.
    """

    name: str
    description: str
    count_unit: str
    usage_unit: str
    parts: tuple[str, ...] = ()


def _group(
    count_unit: str, usage_unit: str, *rows: tuple[str, str] | tuple[str, str, tuple[str, ...]]
) -> list[Category]:
    return [
        Category(
            name=row[0],
            description=row[1],
            count_unit=count_unit,
            usage_unit=usage_unit,
            parts=row[2] if len(row) == 3 else (),
        )
        for row in rows
    ]


_ALL = (
    *_group(
        "calls",
        "minutes",
        ("calls", "Voice Minutes", ("calls-inbound", "calls-outbound")),
        (
            "calls-inbound",
            "Inbound Voice Minutes",
            ("calls-inbound-local", "calls-inbound-mobile", "calls-inbound-tollfree"),
        ),
        ("calls-inbound-local", "Inbound Local Calls"),
        ("calls-inbound-mobile", "Inbound Mobile Calls"),
        ("calls-inbound-tollfree", "Inbound Toll Free Calls"),
        ("calls-outbound", "Outbound Voice Minutes"),
        ("calls-client", "Client Calls"),
        ("calls-sip", "SIP Calls", ("calls-sip-inbound", "calls-sip-outbound")),
        ("calls-sip-inbound", "Inbound SIP Calls"),
        ("calls-sip-outbound", "Outbound SIP Calls"),
    ),
    *_group(
        "messages",
        "messages",
        ("channels", "Channels", ("channels-messaging", "channels-whatsapp")),
        ("channels-messaging", "Channels Messaging", ("channels-messaging-inbound", "channels-messaging-outbound")),
        ("channels-messaging-inbound", "Channels Messaging Inbound"),
        ("channels-messaging-outbound", "Channels Messaging Outbound"),
        ("channels-whatsapp", "Channels WhatsApp"),
        ("mms", "MMS", ("mms-inbound", "mms-outbound")),
        ("mms-inbound", "Inbound MMS", ("mms-inbound-longcode", "mms-inbound-shortcode")),
        ("mms-inbound-longcode", "Long Code Inbound MMS"),
        ("mms-inbound-shortcode", "Short Code Inbound MMS"),
        ("mms-outbound", "Outbound MMS", ("mms-outbound-longcode", "mms-outbound-shortcode")),
        ("mms-outbound-longcode", "Long Code Outbound MMS"),
        ("mms-outbound-shortcode", "Short Code Outbound MMS"),
    ),
    *_group(
        "numbers",
        "numbers",
        ("phonenumbers", "Phone Numbers", ("phonenumbers-local", "phonenumbers-mobile", "phonenumbers-tollfree")),
        ("phonenumbers-local", "Local PhoneNumbers"),
        ("phonenumbers-mobile", "Mobile PhoneNumbers"),
        ("phonenumbers-tollfree", "Toll Free PhoneNumbers"),
    ),
    *_group(
        "recordings",
        "minutes",
        ("recordings", "Recordings", ("calls-recordings",)),
        ("calls-recordings", "Call Recordings"),
    ),
    *_group(
        "messages",
        "messages",
        ("sms", "SMS", ("sms-inbound", "sms-outbound")),
        ("sms-inbound", "Inbound SMS", ("sms-inbound-longcode", "sms-inbound-shortcode")),
        ("sms-inbound-longcode", "Long Code Inbound SMS"),
        ("sms-inbound-shortcode", "Short Code Inbound SMS"),
        ("sms-outbound", "Outbound SMS", ("sms-outbound-longcode", "sms-outbound-shortcode")),
        ("sms-outbound-longcode", "Long Code Outbound SMS"),
        ("sms-outbound-shortcode", "Short Code Outbound SMS"),
    ),
    *_group(
        "",
        "usd",
        (
            TOTAL,
            "Total Price",
            ("calls", "calls-client", "calls-sip", "channels", "mms", "phonenumbers", "recordings", "sms"),
        ),
    ),
)

CATEGORIES: Mapping[str, Category] = {found.name: found for found in sorted(_ALL, key=lambda one: one.name)}
"""What a list of records has, by name, in the order of the list."""

_UNUSED = """
    a2p-registration-fees agent-conference amazon-polly answering-machine-detection authy-authentications
    authy-calls-outbound authy-monthly-fees authy-phone-intelligence authy-phone-verifications authy-sms-outbound
    call-progess-events calleridlookups calls-globalconference calls-media-stream-minutes
    calls-pay-verb-transactions carrier-lookups
    channels-whatsapp-conversation-free channels-whatsapp-inbound channels-whatsapp-outbound channels-whatsapp-service
    channels-whatsapp-template-authentication channels-whatsapp-template-marketing channels-whatsapp-template-service
    channels-whatsapp-template-utility conversations lookups mediastorage mms-messages-carrierfees monitor-reads
    monitor-storage monitor-writes number-format-lookups phonenumbers-cps phonenumbers-emergency phonenumbers-setups
    premiumsupport recordingstorage shortcodes shortcodes-customerowned shortcodes-mms-enablement shortcodes-mps
    shortcodes-random shortcodes-uk shortcodes-vanity sms-messages-carrierfees speech-recognition taskrouter-tasks
    transcriptions trunking-cps trunking-emergency-calls trunking-origination trunking-origination-local
    trunking-origination-mobile trunking-origination-tollfree trunking-recordings trunking-secure trunking-termination
    tts-google turnmegabytes voice-insights voice-intelligence
"""
_ALWAYS_ZERO = frozenset(_UNUSED.split())
"""Categories of Twilio's that nothing in the emulator adds to; asked for by name they are one record of zero."""


def is_category(name: str) -> bool:
    """Say whether a usage category has this name."""
    return name in CATEGORIES or name in _ALWAYS_ZERO


def category_of(name: str) -> Category:
    """Return a category that ``is_category`` knows."""
    known = CATEGORIES.get(name)
    return known or Category(name=name, description=name.replace("-", " ").title(), count_unit="", usage_unit="")


@cache
def leaves_of(name: str) -> frozenset[str]:
    """Return the leaves that a category is the sum of."""
    parts = category_of(name).parts
    return frozenset().union(*map(leaves_of, parts)) if parts else frozenset({name})
