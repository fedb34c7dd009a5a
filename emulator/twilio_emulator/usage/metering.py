"""What costs something: messages sent and received, calls that ended, recordings made, numbers owned.

Charges are entered when it happens and stay: a deleted message was sent nevertheless.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.numbering.plan import locate
from twilio_emulator.usage.ledger import charge
from twilio_emulator.usage.periods import month_after
from twilio_emulator.usage.prices import call_price, message_price, number_price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Number, Record
    from twilio_emulator.signals import Signal

__all__ = ["NUMBER", "meter", "rent"]

NUMBER = "rented-number"
"""Records whose timer charges a number once more every month."""
_PURCHASE = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers"
_WHATSAPP = "whatsapp:"


def meter(core: Core, signal: Signal) -> None:
    """Enter what a thing that happened costs, if it does."""
    if enter := _CHARGES.get(signal.name):
        enter(core, signal)


def rent(core: Core, rented: Record, now: float) -> None:
    """Charge a number for every month that has begun; a number that was released costs no more."""
    number = core.store.numbers.find(rented.sid)
    if number is None:
        core.store.records.delete(rented)
        return
    months = int(str(rented.data["months"]))
    while (due := month_after(rented.created, months)) <= now:
        _charge_number(core, number, now=due)
        months += 1
    core.store.records.change(rented, data={"months": months}, next_at=due)


def _written(core: Core, signal: Signal) -> None:
    """Charge a number that was bought, and again every month."""
    data = signal.data
    template = str(data.get("template"))
    if data.get("method") != "POST" or not template.startswith(_PURCHASE) or "{Sid}" in template:
        return
    number = core.store.numbers.find(signal.resource_sid)
    if number is None:
        return
    _charge_number(core, number, now=signal.now)
    core.store.records.add(
        NUMBER,
        sid=number.sid,
        account_sid=number.account_sid,
        now=signal.now,
        data={"months": 1},
        next_at=month_after(signal.now, 1),
    )


def _charge_number(core: Core, number: Number, *, now: float) -> None:
    category = f"phonenumbers-{number.kind.replace('_', '')}"
    price = Decimal(number_price(number.country, number.kind))
    charge(core, number.account_sid, category, price=price, now=now)


def _message(core: Core, signal: Signal) -> None:
    data = signal.data
    sender, recipient = str(data.get("from", "")), str(data.get("to", ""))
    inbound = signal.name == "message.received"
    media, channel = _whole(data, "num_media"), "whatsapp" if _WHATSAPP in {sender[:9], recipient[:9]} else ""
    computed = message_price(
        channel=channel,
        direction="inbound" if inbound else "outbound-api",
        recipient=recipient.removeprefix(_WHATSAPP),
        segments=_whole(data, "num_segments"),
        media=media,
    )
    way = "inbound" if inbound else "outbound"
    kind = "mms" if media else "sms"
    category = f"channels-messaging-{way}" if channel else f"{kind}-{way}-longcode"
    charge(core, signal.account_sid, category, price=_price(data, computed), now=signal.now)


def _call(core: Core, signal: Signal) -> None:
    data = signal.data
    called = str(data.get("to", ""))
    direction = str(data.get("direction", "outbound-api"))
    minutes = math.ceil(_whole(data, "duration") / 60)
    category = _call_category(direction, str(data.get("from", "")), called)
    computed = call_price(direction=direction, number=called, minutes=minutes)
    charge(core, signal.account_sid, category, price=_price(data, computed), amount=minutes, now=signal.now)


def _call_category(direction: str, caller: str, called: str) -> str:
    way = "inbound" if direction == "inbound" else "outbound"
    far = caller if direction == "inbound" else called
    if far.startswith("client:"):
        return "calls-client"
    if far.startswith(("sip:", "sips:")):
        return f"calls-sip-{way}"
    place = locate(called)
    kind = place.type.kind.replace("_", "") if place else "local"
    return f"calls-inbound-{kind}" if way == "inbound" else "calls-outbound"


def _recording(core: Core, signal: Signal) -> None:
    minutes = math.ceil(_whole(signal.data, "duration") / 60)
    price = _price(signal.data, "0")
    charge(core, signal.account_sid, "calls-recordings", price=price, amount=minutes, now=signal.now)


def _price(data: Mapping[str, object], computed: str) -> Decimal:
    """Return what was said of the price, else what the table says; charges are not negative. None is: no price."""
    said = data.get("price", computed)
    return abs(Decimal(str(said or 0)))


def _whole(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


_CHARGES: Mapping[str, Callable[[Core, Signal], None]] = {
    "api.write": _written,
    "call.completed": _call,
    "message.received": _message,
    "message.sent": _message,
    "recording.completed": _recording,
}
