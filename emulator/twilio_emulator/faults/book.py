"""The orders that are open, and which of them strike a call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.faults.orders import SPOILING, FaultKind
from twilio_emulator.faults.reading import read_order
from twilio_emulator.faults.veils import Veils

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from twilio_emulator.faults.orders import ApiCall, Order, WebhookCall, When

__all__ = ["Faults", "Strikes"]

_MOST_OPEN = 10_000
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Strikes:
    """The orders that strike one call.

    Attributes:
        spoil: the one that decides the answer.
        others: latencies and lags.
    """

    spoil: Order | None = None
    others: tuple[Order, ...] = ()

    def latency(self, when: When) -> float:
        """Return how many seconds the call waits before or after it is done."""
        return sum(
            order.duration()
            for order in self.others
            if order.effect.kind is FaultKind.LATENCY and order.effect.when is when
        )

    def veil(self, veils: Veils, sid: str, now: float) -> None:
        """Hide what the call made."""
        for order in self.others:
            if order.effect.kind is FaultKind.LIST_LAG:
                veils.unlist(sid, now + order.duration())
            elif order.effect.kind is FaultKind.NOT_FOUND_LAG:
                veils.miss(sid, now + order.duration())

    def __str__(self) -> str:
        """Return what struck, for the log: ``status 3, latency 4``; empty for nothing."""
        orders = (self.spoil, *self.others) if self.spoil else self.others
        return ", ".join(f"{order.effect.kind} {order.number}" for order in orders)


_NONE = Strikes()


class Faults:
    """The orders, oldest first, also of late those that are spent; they are not kept over a restart."""

    def __init__(self) -> None:
        self.veils = Veils()
        self._open: list[Order] = []
        self._done: deque[Order] = deque(maxlen=_REMEMBERED)
        self._numbers = 0

    def __iter__(self) -> Iterator[Order]:
        """Return the orders, those that are done first."""
        return iter((*self._done, *self._open))

    def __bool__(self) -> bool:
        """Say whether a call may be struck at all."""
        return bool(self._open)

    def add(self, body: Mapping[str, Any], *, now: float) -> Order:
        """Take an order.

        Raises:
            AdminError: a field cannot be used.
        """
        if len(self._open) >= _MOST_OPEN:
            raise AdminError(status=409, message=f"there are {_MOST_OPEN} open orders; withdraw some")
        order = read_order(body, number=self._numbers + 1, now=now)
        self._numbers += 1
        self._open.append(order)
        return order

    def withdraw(self, number: int) -> Order:
        """Withdraw one order.

        Raises:
            AdminError: 404, there is no such order.
        """
        for order in self:
            if order.number == number:
                order.withdrawn = True
                self._open = [other for other in self._open if other is not order]
                self._done = deque((other for other in self._done if other is not order), maxlen=_REMEMBERED)
                return order
        raise AdminError(status=404, message=f"id: there is no order {number}; GET /emulator/v1/faults lists them")

    def clear(self) -> None:
        """Withdraw all orders, also those under which a call still hangs, and show what was hidden."""
        for order in self:
            order.withdrawn = True
        self._open.clear()
        self._done.clear()
        self.veils.clear()

    def strike(self, call: ApiCall, now: float) -> Strikes:
        """Return what strikes a call of the API, and count it."""
        spoil: Order | None = None
        others: list[Order] = []
        for order in self._open:
            is_spoiling = order.effect.kind in SPOILING
            if (is_spoiling and spoil) or not order.strikes(call, now):
                continue
            if is_spoiling:
                spoil = order
            else:
                others.append(order)
        self._put_away(now)
        return Strikes(spoil, tuple(others)) if spoil or others else _NONE

    def strike_webhook(self, call: WebhookCall, now: float) -> tuple[Order, ...]:
        """Return what strikes a webhook, and count it."""
        struck = tuple(order for order in self._open if order.strikes(call, now))
        if struck:
            self._put_away(now)
        return struck

    def _put_away(self, now: float) -> None:
        """Move the orders that are done out of the way."""
        if all(order.state(now) == "open" for order in self._open):
            return
        self._done.extend(order for order in self._open if order.state(now) != "open")
        self._open = [order for order in self._open if order.state(now) == "open"]
