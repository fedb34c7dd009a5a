"""What everything costs, in US dollars: one table for messages, calls, the balance and the Pricing API.

The figures are made up after Twilio's public price list as of November 2026: of its magnitude, and constant, so
that a test can count on them. What Twilio charges is on its own pages only. Numbers cost what the numbering plan says.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.numbering.plan import COUNTRIES, country_of, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AS_OF",
    "CARRIERS",
    "RATES",
    "WHATSAPP_FEE",
    "Carrier",
    "Rates",
    "call_price",
    "message_price",
    "number_price",
    "rates_of",
]

AS_OF = "2026-11-01"
"""The day of the table."""

WHATSAPP_FEE = Decimal("0.005")
"""A WhatsApp message, in or out; what Meta takes for templates is not part of it."""

INTERNET_MINUTE = Decimal("0.0040")
"""A minute with a SIP address or a client of the Voice SDK."""

_INTERNET = ("sip:", "sips:", "client:")
_PLACES = Decimal("0.00001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """A mobile network, by its country and network code."""

    name: str
    mcc: str
    mnc: str


CARRIERS: Mapping[str, tuple[Carrier, ...]] = {
    country: tuple(Carrier(name=name, mcc=mcc, mnc=mnc) for name, mcc, mnc in carriers)
    for country, carriers in {
        "US": (("AT&T", "310", "410"), ("T-Mobile", "310", "260"), ("Verizon", "311", "480")),
        "CA": (("Bell", "302", "610"), ("Rogers", "302", "720")),
        "AR": (("Claro", "722", "310"), ("Movistar", "722", "070"), ("Personal", "722", "341")),
        "BR": (("Claro", "724", "05"), ("TIM", "724", "02"), ("Vivo", "724", "06")),
        "ES": (("Movistar", "214", "07"), ("Orange", "214", "03"), ("Vodafone", "214", "01")),
        "GB": (("EE", "234", "30"), ("O2", "234", "10"), ("Vodafone", "234", "15")),
        "MX": (("AT&T", "334", "050"), ("Movistar", "334", "03"), ("Telcel", "334", "020")),
    }.items()
}
"""Some networks of each country of the plan; all of a country cost the same here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """What messages and calls cost in one country; ``out`` is towards its phones, ``in`` at its numbers.

    Attributes:
        sms_out: one segment sent; likewise ``sms_in``.
        mms_out: one message with media; likewise ``mms_in``.
        call_out: one minute to a fixed line or any phone of the country; ``call_out_mobile`` to a mobile phone.
        call_in: one minute at a number, by the number's kind.
    """

    sms_out: Decimal
    sms_in: Decimal
    mms_out: Decimal
    mms_in: Decimal
    call_out: Decimal
    call_out_mobile: Decimal
    call_in: Mapping[str, Decimal]


def _rates(sms: tuple[str, str], mms: tuple[str, str], calls: tuple[str, str], **call_in: str) -> Rates:
    return Rates(
        sms_out=Decimal(sms[0]),
        sms_in=Decimal(sms[1]),
        mms_out=Decimal(mms[0]),
        mms_in=Decimal(mms[1]),
        call_out=Decimal(calls[0]),
        call_out_mobile=Decimal(calls[1]),
        call_in={kind: Decimal(price) for kind, price in call_in.items()},
    )


RATES: Mapping[str, Rates] = {
    "US": _rates(("0.0079", "0.0079"), ("0.0200", "0.0100"), ("0.0140", "0.0140"), local="0.0085", toll_free="0.0220"),
    "CA": _rates(("0.0079", "0.0079"), ("0.0200", "0.0100"), ("0.0140", "0.0140"), local="0.0085"),
    "AR": _rates(("0.0685", "0.0075"), ("0.0885", "0.0175"), ("0.0270", "0.1600"), local="0.0100", toll_free="0.1800"),
    "BR": _rates(
        ("0.0640", "0.0075"),
        ("0.0840", "0.0175"),
        ("0.0310", "0.1000"),
        local="0.0100",
        mobile="0.0100",
        toll_free="0.1500",
    ),
    "ES": _rates(
        ("0.0815", "0.0075"),
        ("0.1015", "0.0175"),
        ("0.0145", "0.0350"),
        local="0.0100",
        mobile="0.0100",
        toll_free="0.0700",
    ),
    "GB": _rates(
        ("0.0420", "0.0075"),
        ("0.0620", "0.0175"),
        ("0.0158", "0.0300"),
        local="0.0100",
        mobile="0.0100",
        toll_free="0.0700",
    ),
    "MX": _rates(("0.0600", "0.0075"), ("0.0800", "0.0175"), ("0.0100", "0.0150"), local="0.0100", toll_free="0.0900"),
}
"""The countries of the numbering plan, by ISO code."""

_ELSEWHERE = _rates(
    ("0.0800", "0.0075"),
    ("0.1000", "0.0175"),
    ("0.0500", "0.1500"),
    local="0.0100",
    mobile="0.0100",
    toll_free="0.0700",
)
"""Every other country, and phones that show no number."""


def rates_of(phone_number: str) -> Rates:
    """Return what traffic with a phone number costs; those of the rest of the world when its country is not known."""
    return RATES.get(country_of(phone_number), _ELSEWHERE)


def message_price(*, channel: str, direction: str, recipient: str, segments: int, media: int) -> str:
    """Return what a message costs, as messages have it: negative, five decimals, such as ``-0.00790``.

    Args:
        channel: ``whatsapp``, or ``""`` for SMS and MMS.
        direction: a ``Direction``; only ``inbound`` differs.
        recipient: the E.164 number it goes to, its channel left out; of an inbound message the account's own number.
        segments: how many SMS it takes.
        media: how many files it has; one or more make it an MMS.
    """
    if channel == "whatsapp":
        return _charge(WHATSAPP_FEE)
    rates = rates_of(recipient)
    inbound = direction == "inbound"
    if media:
        return _charge(rates.mms_in if inbound else rates.mms_out)
    return _charge((rates.sms_in if inbound else rates.sms_out) * max(1, segments))


def call_price(*, direction: str, number: str, minutes: int) -> str:
    """Return what a call costs, as calls have it: negative, five decimals, such as ``-0.01400``.

    Args:
        direction: ``inbound``, or one of ``outbound-api`` and ``outbound-dial``.
        number: the E.164 number, or the SIP or client address, that was called; of an inbound call the account's own.
        minutes: whole minutes, begun ones counted.
    """
    if number.startswith(_INTERNET):
        return _charge(INTERNET_MINUTE * minutes)
    rates, place = rates_of(number), locate(number)
    kind = place.type.kind if place else "local"
    if direction == "inbound":
        rate = rates.call_in.get(kind, rates.call_in["local"])
    else:
        rate = rates.call_out_mobile if kind == "mobile" else rates.call_out
    return _charge(rate * minutes)


def number_price(country: str, kind: str) -> str:
    """Return what a number costs a month, such as ``1.15``; ``0.00`` for a kind that the plan has not.

    Args:
        country: ISO code.
        kind: ``local``, ``toll_free`` or ``mobile``.
    """
    plan = COUNTRIES.get(country)
    type_ = plan.type_of(kind) if plan else None
    return type_.price if type_ else "0.00"


def _charge(amount: Decimal) -> str:
    return str(-amount.quantize(_PLACES))
