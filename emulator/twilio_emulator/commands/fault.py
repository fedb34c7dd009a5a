"""``twilio-emulator fault``: have calls and webhooks fail.

twilio-emulator fault throttled --account AC… --count 5
twilio-emulator fault add --kind status --status 503 --path '/Messages' --probability 0.1 --seed 7 --count always
twilio-emulator fault list
twilio-emulator fault clear
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING, Any

from twilio_emulator.commands.flags import a_command, seconds
from twilio_emulator.faults import PRESETS

if TYPE_CHECKING:
    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]

_TEXTS = {
    "target": "what fails: api (default) or webhook",
    "kind": "what goes wrong: status, drop, reset, half-body, bad-json, latency, hang, concurrency, list-lag, "
    "not-found-lag; of a webhook duplicate, reorder, delay, lose, latency",
    "method": "only this HTTP method",
    "path": "only paths in which this regular expression is found, such as /Messages",
    "host": "only this product host, such as api or messaging",
    "account": "only this account",
    "credential": "only calls that authenticate with this account or key SID",
    "webhook": "only webhooks of this kind, such as inbound or status",
    "webhook-url": "only webhooks in whose URL this regular expression is found",
    "when": "before the call is done, or after",
}
_WHOLE = {
    "status": "HTTP status of the answer, 400 to 599, or of a redirection",
    "code": "Twilio's error code in it",
    "retry-after": "seconds in the Retry-After of a 429",
    "limit": "calls of one account that may be in progress",
    "copies": "how often a webhook is called",
    "skip": "calls that go unharmed first",
    "seed": "of the sequence that probability and durations come from",
}
_DURATIONS = {
    "seconds": "how long it lasts",
    "min-seconds": "how long it lasts at least",
    "max-seconds": "how long it lasts at most",
    "for-seconds": "how long the order is open, on the emulator's clock",
}


def add(commands: Commands) -> None:
    """Enter the command and its own commands."""
    parser = commands.add_parser("fault", help="have calls and webhooks fail")
    actions = parser.add_subparsers(required=True, metavar="add|list|clear|withdraw|PRESET")
    _add_fields(a_command(actions, "add", _add, help_="order a failure, described by flags"))
    a_command(actions, "list", _list, help_="print the orders and how often each struck")
    a_command(actions, "clear", _clear, help_="withdraw all orders")
    withdraw = a_command(actions, "withdraw", _withdraw, help_="withdraw one order")
    withdraw.add_argument("id", type=int, help="its number, as list prints it")
    for name, fields in PRESETS.items():
        words = " ".join(str(value) for value in fields.values())
        preset = a_command(actions, name, _add, help_=f"order: {words}")
        preset.set_defaults(preset=name)
        _add_fields(preset)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    for name, meaning in _TEXTS.items():
        parser.add_argument(f"--{name}", help=meaning)
    for name, meaning in _WHOLE.items():
        parser.add_argument(f"--{name}", type=int, help=meaning, metavar="N")
    for name, meaning in _DURATIONS.items():
        parser.add_argument(f"--{name}", type=seconds, help=f"{meaning}, such as 5, 90m or 2h", metavar="SECONDS")
    parser.add_argument("--probability", type=float, help="chance of each call, 0 to 1", metavar="P")
    parser.add_argument("--count", type=_count, help="calls struck (1); always for as long as it is open", metavar="N")
    parser.add_argument("--html", action="store_const", const=True, help="answer with a proxy's page, as 502 does")


def _count(text: str) -> int | str:
    if text == "always":
        return text
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 to 1000000, or always")
    return int(text)


def _order(given: argparse.Namespace) -> dict[str, Any]:
    """Return the order in the words of the admin API."""
    order: dict[str, Any] = {}
    for name in (*_TEXTS, *_WHOLE, *_DURATIONS, "probability", "html", "preset"):
        value = getattr(given, name.replace("-", "_"), None)
        if value is not None:
            order[_field(name)] = value
    if given.count is not None:
        order["count"] = None if given.count == "always" else given.count
    return order


def _field(flag: str) -> str:
    """Return the name that the admin API has for a flag; ``--url`` is the emulator's own."""
    if flag == "webhook-url":
        return "url"
    first, *rest = flag.split("-")
    return first + "".join(word.capitalize() for word in rest)


def _add(given: argparse.Namespace) -> int:
    return asyncio.run(_act(given, "add"))


def _list(given: argparse.Namespace) -> int:
    return asyncio.run(_act(given, "list"))


def _clear(given: argparse.Namespace) -> int:
    return asyncio.run(_act(given, "clear"))


def _withdraw(given: argparse.Namespace) -> int:
    return asyncio.run(_act(given, "withdraw"))


async def _act(given: argparse.Namespace, action: str) -> int:
    from twilio_emulator.phone import admin_of  # noqa: PLC0415

    async with admin_of(given.url) as admin:
        if action == "clear":
            await admin.clear_faults()
            _print([], as_json=given.output == "json", key="faults")
        elif action == "list":
            _print(await admin.faults(), as_json=given.output == "json", key="faults")
        elif action == "withdraw":
            _print([await admin.remove_fault(given.id)], as_json=given.output == "json")
        else:
            _print([await admin.add_fault(**_order(given))], as_json=given.output == "json")
    return 0


def _print(orders: list[dict[str, Any]], *, as_json: bool, key: str = "") -> None:
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    if as_json:
        tell(json.dumps({key: orders} if key else orders[0], ensure_ascii=False))
        return
    for order in orders:
        hidden = {"id", "state", "hits", "kind", "target"}
        rest = " ".join(f"{name}={value}" for name, value in order.items() if name not in hidden and value is not None)
        tell(f"{order['id']} {order['state']} hits={order['hits']} {order['target']} {order['kind']} {rest}")
