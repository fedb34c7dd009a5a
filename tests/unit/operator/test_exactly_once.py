"""Exactly once: whatever is lost, late or killed, one subaccount is made and one number is bought.

Hypothesis plays the world's malice over the real engine and reconcilers: processes die at any point, answers of
Twilio and of the API server get lost before or after they took effect, lists lag, calls are slow, people edit.
"""

import asyncio
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.intents import GRACE_SECONDS
from tests.support.memory import Fault
from tests.support.ports import Lost
from tests.support.smallworld import (
    NAMESPACE,
    SmallWorld,
    account_manifest,
    manifest,
    number_manifest,
    subaccount_manifest,
    tenant_manifest,
)

EXAMPLES = 60
DEADLINE = 15.0  # of one call of Twilio; see Settings.twilio_deadline
FAULTS = st.sampled_from(["before", "after"])
OFFERS = ["+13055550101", "+13055550102", "+13055550103"]


class Malice(RuleBasedStateMachine):
    """What goes wrong around the operator; what it works on is a subclass's matter."""

    target: ClassVar[Ref]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.world = SmallWorld()

    @rule()
    def work(self) -> None:
        """Every key that is ready gets its pass."""
        self.loop.run(self.world.run())

    @rule()
    def one_pass(self) -> None:
        """One pass over the resource, called for or not."""
        self.loop.run(self.world.controller.step(self.target))

    @rule()
    def watch(self) -> None:
        """The watch catches up."""
        self.world.watch()

    @rule()
    def crash(self) -> None:
        """The process dies and another one starts, sees everything and learns the credentials."""
        self.loop.run(self.world.restart())

    @rule(when=FAULTS)
    def lose_the_next_create(self, when: Lost) -> None:
        """Twilio's next answer to a create gets lost."""
        self.world.twilio.losing.append(when)

    @rule(subresource=st.sampled_from(["", "status"]), fault=st.sampled_from(["before", "after", "conflict"]))
    def lose_the_next_write(self, subresource: str, fault: Fault) -> None:
        """The API server's next answer to a write gets lost, or somebody else wrote first."""
        self.world.cluster.faults[subresource].append(fault)

    @rule(lag=st.floats(0, GRACE_SECONDS - 1), slow=st.floats(0, DEADLINE))
    def be_slow(self, lag: float, slow: float) -> None:
        """Twilio lists new things late, and takes long to make them."""
        self.world.twilio.lag = lag
        self.world.twilio.slow = slow

    @rule(seconds=st.floats(0, 30))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.advance(seconds)

    @rule(text=st.sampled_from(["a", "b"]))
    def annotate(self, text: str) -> None:
        """Somebody edits the resource."""
        self.world.cluster.touch(self.target, {"metadata": {"annotations": {"note": text}}})

    def heal(self) -> None:
        """Nothing fails any more, and the operator has all the time it wants."""
        world = self.world
        world.twilio.losing.clear()
        for faults in world.cluster.faults.values():
            faults.clear()
        world.twilio.lag = world.twilio.slow = 0.0
        self.loop.run(world.settle(2000.0))

    def stored(self) -> Any:
        """The resource as it is stored."""
        return self.world.live(self.target.kind, self.target.name)

    def teardown(self) -> None:
        """The loop goes with the example."""
        self.loop.close()


class OneSubaccount(Malice):
    """A TwilioSubaccount of its own."""

    target = Ref("TwilioSubaccount", NAMESPACE, "acme")

    @initialize()
    def begin(self) -> None:
        """Credentials are known; the resource is new."""
        self.world.apply(account_manifest(), subaccount_manifest())
        self.loop.run(self.world.controller.step(Ref("TwilioAccount", "", "main")))

    @rule(label=st.sampled_from(["Muebles", "Flores"]))
    def rename(self, label: str) -> None:
        """Somebody changes the friendly name in the manifest."""
        self.world.cluster.touch(self.target, {"spec": {"friendlyName": label}})

    @invariant()
    def at_most_one(self) -> None:
        """Never two subaccounts."""
        assert len(self.world.twilio.subaccounts) <= 1

    def teardown(self) -> None:
        """In the end there is exactly one, recorded, with one key and its Secret."""
        try:
            self.heal()
            (account,) = self.world.twilio.subaccounts
            sub = self.stored()
            (key,) = self.world.twilio.keys.values()
            assert sub.status.sid == account.sid
            assert sub.status.holds("Ready")
            assert sub.status.api_key_sid == key.key.sid
            assert Ref("Secret", NAMESPACE, sub.status.secret_name) in self.world.cluster.objects
        finally:
            super().teardown()


class OneNumber(Malice):
    """A BotNumber that looks for any number, under a tenant that is there."""

    target = Ref("BotNumber", NAMESPACE, "line")

    @initialize()
    def begin(self) -> None:
        """The tenant has its subaccount; the number is new."""
        self.world.twilio.offers[:] = OFFERS
        self.world.apply(account_manifest(), manifest("Plan", "basic"), tenant_manifest())
        self.loop.run(self.world.settle())
        self.world.apply(number_manifest(search={"country": "US"}))

    @rule(order=st.permutations(OFFERS))
    def restock(self, order: list[str]) -> None:
        """Twilio's offers change from one search to the next."""
        self.world.twilio.offers[:] = order

    @invariant()
    def at_most_one(self) -> None:
        """Never two purchases."""
        assert len(self.world.twilio.purchases) <= 1

    def teardown(self) -> None:
        """In the end exactly one is held, recorded and configured."""
        try:
            self.heal()
            (held,) = self.world.twilio.numbers.values()
            number = self.stored()
            assert number.status.sid == held.sid
            assert number.status.holds("Ready")
            assert number.status.webhook_url == held.webhooks.sms_url
        finally:
            super().teardown()


TestOneSubaccount = OneSubaccount.TestCase
TestOneNumber = OneNumber.TestCase
TestOneSubaccount.settings = TestOneNumber.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=20, deadline=None
)
