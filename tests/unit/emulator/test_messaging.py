"""Messages in the emulator without its sockets: what is told, whom a service writes from, what a phone is taken for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.addresses import Address
from twilio_emulator.clock import VirtualClock
from twilio_emulator.core import Core
from twilio_emulator.messaging.optouts import Keyword, keyword_of
from twilio_emulator.messaging.picking import pick_sender
from twilio_emulator.messaging.pools import add_number
from twilio_emulator.messaging.progress import FINAL, advance
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.messaging.services import DEFAULTS, SERVICE
from twilio_emulator.models import MessageStatus, NumberConfig
from twilio_emulator.settings import Settings
from twilio_emulator.sids import SidFactory
from twilio_emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_emulator.models import Number, Record
    from twilio_emulator.signals import Signal

SID, PHONE, NUMBER = "AC" + "1" * 32, "+5491155550100", "+13055550123"
NOW = 1_800_000_000.0


@contextmanager
def a_core() -> Iterator[Core]:
    """Make an emulator in memory."""
    store = Store(None)
    settings = Settings(account_sid=SID, auth_token="0123456789", whatsapp_senders="implicit")
    made = Core(settings=settings, store=store, clock=VirtualClock(), sids=SidFactory())
    with store.transaction():
        made.seed()
    yield made
    store.close()


@pytest.fixture
def core() -> Iterator[Core]:
    """An emulator in memory."""
    with a_core() as made:
        yield made


def own(core: Core, phone_number: str = NUMBER, kind: str = "local") -> Number:
    """Give a number to the parent account."""
    return core.store.numbers.add(
        sid=core.sids.sid("PN"),
        account_sid=SID,
        phone_number=phone_number,
        country="US",
        kind=kind,
        friendly_name="",
        config=NumberConfig(),
        now=NOW,
    )


def pool(core: Core, *numbers: str, **settings: Any) -> Record:
    """Make a service with numbers."""
    data = {**DEFAULTS, **settings}
    service = core.store.records.add(SERVICE, sid=core.sids.sid("MG"), account_sid=SID, now=NOW, data=data)
    for number in numbers:
        add_number(core, service, own(core, number), now=NOW)
    return service


@pytest.mark.parametrize("channel", ["", "whatsapp:"])
def test_whoever_listens_is_told_of_every_state(core: Core, channel: str) -> None:
    """With what event streams and usage need."""
    told: list[Signal] = []
    core.signals.connect(told.append)
    own(core)
    account = core.store.accounts.require(SID)
    outgoing = Outgoing(sender=f"{channel}{NUMBER}", recipient=f"{channel}{PHONE}", body="hi")
    message = send(core, account, outgoing, now=NOW)
    while message.next_at is not None:
        advance(core, message, now=NOW)
        message = core.store.messages.require(message.sid)

    last = ["read"] if channel else []
    assert [signal.name for signal in told] == [
        f"message.{status}" for status in ["queued", "sending", "sent", "delivered", *last]
    ]
    assert told[-1].data["price"] == message.price
    assert {(signal.resource_sid, signal.account_sid, signal.data["to"]) for signal in told} == {
        (message.sid, SID, f"{channel}{PHONE}")
    }


@given(text=st.text(max_size=20))
def test_an_address_is_one_kind_at_most(text: str) -> None:
    """A number, a sender ID, or neither; and it says what it was."""
    address = Address.parse(text)

    assert not (address.is_valid and address.is_alpha)
    assert not address.is_alpha or (len(address.number) <= 11 and any(char.isalpha() for char in address.number))


@given(text=st.text(max_size=12))
def test_only_a_word_alone_is_a_keyword(text: str) -> None:
    """Whatever surrounds it by blanks."""
    with_core = NumberKind("local")
    found = keyword_of(with_core, text)  # type: ignore[arg-type]  # only its kind is looked at

    assert found is keyword_of(with_core, f" {text.lower()}\n")  # type: ignore[arg-type]
    assert keyword_of(with_core, f"{text} stop") is (None if text.strip() else Keyword.STOP)  # type: ignore[arg-type]


class NumberKind:
    """As much of a number as keywords want to know."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


@given(digits=st.integers(min_value=2_000_000, max_value=9_999_999))
def test_the_choice_among_equals_is_always_the_same(digits: int) -> None:
    """And always one of the pool."""
    numbers = [f"+1305555012{index}" for index in range(5)]
    recipient = Address.parse(f"+1305{digits}")
    with a_core() as core:
        service = pool(core, *numbers)
        chosen = {str(pick_sender(core, service, recipient)) for _ in range(3)}

    assert len(chosen) == 1
    assert chosen <= set(numbers)


def test_every_state_rests_or_moves_on() -> None:
    """None of a message's states is forgotten."""
    moving = {
        MessageStatus.ACCEPTED,
        MessageStatus.SCHEDULED,
        MessageStatus.QUEUED,
        MessageStatus.SENDING,
        MessageStatus.SENT,
    }

    assert moving | FINAL == set(MessageStatus)
    assert not moving & FINAL
