"""The small parts of an assistant: breaker, accounting, history, retrieval."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from switchboard_runtime.assistants import Said
from switchboard_runtime.assistants.accounting import Ledger, Spent, cost_of, estimate_tokens, price_at
from switchboard_runtime.assistants.breaker import Breaker
from switchboard_runtime.assistants.history import recent
from switchboard_runtime.assistants.knowledge import Library, stem
from switchboard_runtime.assistants.replies import Spoken, Told
from switchboard_runtime.config.documents import ModelChoice, ModelPrice

DAY = 86_400.0


class BreakerMachine(RuleBasedStateMachine):
    """Failures, successes, pauses and time in any order, against what the page says of a breaker."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(threshold=3, rest=30.0, longest_rest=100.0)
        self.now = 1000.0
        self.in_a_row = 0
        self.closed_until = 0.0
        self.probing_until = 0.0

    @rule(seconds=st.floats(0.1, 120.0))
    def time_passes(self, seconds: float) -> None:
        """The clock turns."""
        self.now += seconds

    @rule(outcome=st.sampled_from(["works", "fails", "is spared", "is never heard of again"]))
    def somebody_asks(self, outcome: str) -> None:
        """Admitted or not as the model says; then what came of it."""
        resting = self.now < self.closed_until
        probing = self.in_a_row >= 3 and self.now < self.probing_until
        admitted = self.breaker.admit(self.now, patience=10.0)
        assert admitted == (not resting and not probing)
        if not admitted:
            return
        if self.in_a_row >= 3:
            self.probing_until = self.now + 10.0
        if outcome == "works":
            self.breaker.succeeded()
            self.in_a_row, self.closed_until, self.probing_until = 0, 0.0, 0.0
        elif outcome == "fails":
            self.breaker.failed(self.now)
            self.in_a_row += 1
            self.probing_until = 0.0
            self.closed_until = self.now + 30.0 if self.in_a_row >= 3 else self.closed_until
        elif outcome == "is spared":
            self.breaker.spared()
            self.probing_until = 0.0

    @rule(seconds=st.floats(1.0, 1000.0))
    def the_vendor_asks_for_a_pause(self, seconds: float) -> None:
        """It gets it, but not for ever."""
        self.breaker.failed(self.now, retry_after=seconds)
        self.in_a_row += 1
        self.probing_until = 0.0
        wanted = [self.now + min(seconds, 100.0), self.now + 30.0 if self.in_a_row >= 3 else 0.0]
        self.closed_until = max(self.closed_until, *wanted)

    @invariant()
    def it_never_rests_for_ever(self) -> None:
        """A hundred seconds at most."""
        assert self.breaker.open_until <= self.now + 100.0


TestBreaker = BreakerMachine.TestCase


def choice(*rows: tuple[str, str, str]) -> ModelChoice:
    """A model whose price changed on these days."""
    prices = tuple(
        ModelPrice(valid_from=date.fromisoformat(day), input=Decimal(given), output=Decimal(out))
        for day, given, out in rows
    )
    return ModelChoice(provider="openai", model="m", prices=prices)


@pytest.mark.parametrize(
    ("now", "price"), [(0.0, None), (10 * DAY - 1, None), (10 * DAY, 1), (20 * DAY - 1, 1), (20 * DAY, 2), (9e8, 2)]
)
def test_the_price_of_the_day_counts(now: float, price: int | None) -> None:
    """By the day in UTC, whatever the order of the rows."""
    row = price_at(choice(("1970-01-21", "2", "2"), ("1970-01-11", "1", "1")), now)

    assert (row.input if row else None) == price


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans()), max_size=6)
)
def test_money_adds_up_or_is_unknown(requests: list[tuple[int, int, int, bool]]) -> None:
    """One request of unknown price makes the whole unknown, wherever it stands."""
    priced, unpriced = choice(("1970-01-01", "3", "15")), choice()
    ledger = Ledger()
    expected = Decimal(0)
    for given_tokens, cached, out, known in requests:
        spent = Spent(input_tokens=given_tokens + cached, cached_tokens=cached, output_tokens=out)
        ledger.spent(spent, priced if known else unpriced, now=0.0)
        expected += cost_of(spent, priced.prices[0])

    all_known = bool(requests) and all(known for *_, known in requests)
    assert ledger.usage.cost == (expected if all_known else None)
    assert ledger.usage.output_tokens == sum(out for _, _, out, _ in requests)


histories = st.lists(
    st.builds(Said, who=st.sampled_from(["contact", "bot", "human"]), text=st.text(max_size=80)), max_size=20
).map(tuple)


@given(histories, st.integers(0, 400), st.sampled_from(["openai", "anthropic", "google"]))
def test_history_is_the_newest_that_fits_and_begins_with_the_contact(
    history: tuple[Said, ...], budget: int, provider: str
) -> None:
    """In its order, within its budget."""
    kept = recent(history, budget=budget, provider=provider)

    texts = [message.text for message in kept if isinstance(message, Told | Spoken)]
    assert sum(estimate_tokens(text, provider=provider) for text in texts) <= budget
    spoken = [said.text for said in history if said.text.strip()]
    assert texts == spoken[len(spoken) - len(texts) :]
    assert not kept or isinstance(kept[0], Told)


@pytest.mark.parametrize(
    ("one", "other"),
    [("envios", "enviamos"), ("entrega", "entregas"), ("devolucion", "devoluciones"), ("delivery", "deliveries"),
     ("pagamento", "pagamentos"), ("garantia", "garantias"), ("returns", "return")],
)  # fmt: skip
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    """In Spanish, English and Portuguese."""
    assert stem(one) == stem(other)


TEXTS = {
    "envios": "# Envíos\n\nEnviamos a todo el país en 5 días.\n\nEn la capital entregamos en 24 horas.",
    "devoluciones": "Las devoluciones se aceptan por 30 días con el ticket.",
    "hours": "We open Monday to Friday.\n\nSaturdays we close at noon.",
    "pagamento": "Aceitamos cartão e pix. O pagamento é feito na entrega.",
}


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("¿HACEN ENVÍOS al interior del país?", "envios#1"),
        ("cuanto tarda la entrega en capital", "envios#2"),
        ("puedo devolver?", None),
        ("quiero hacer una devolución", "devoluciones#1"),
        ("when do you close on saturday", "hours#2"),
        ("posso pagar com cartao?", "pagamento#1"),
        ("zzz", None),
        ("", None),
        ("de la que en", None),
    ],
)
def test_the_passage_that_answers_is_found(query: str, source: str | None) -> None:
    """Folded, in three languages; nothing when there is no word in common."""
    found = Library(TEXTS).search(query)

    assert (found[0].source if found else None) == source


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=300), max_size=3), st.text(max_size=60))
def test_any_text_can_be_searched(texts: dict[str, str], query: str) -> None:
    """The same result each time, and nothing that is not in the texts."""
    found = Library(texts).search(query)

    assert found == Library(texts).search(query)
    assert {passage.source.partition("#")[0] for passage in found} <= set(texts)
    assert len(found) <= 3
