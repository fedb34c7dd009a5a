"""BotNumber: exactly one phone number in the tenant's subaccount, and its webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import marks, names, unserved
from switchboard_operator.desired.document import place_of
from switchboard_operator.desired.webhooks import webhooks_of
from switchboard_operator.errors import Again, NotReady, Stalled, Waiting
from switchboard_operator.ports import NumberOrder, Ref
from switchboard_operator.reconcile.decide import Seen, Step, decide
from switchboard_operator.reconcile.draft import Draft, Finding, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import BotNumber, Tenant, TwilioAccount, TwilioSubaccount
    from switchboard_operator.desired.document import Place
    from switchboard_operator.ports import Clock, Number, Parent, Twilio, Webhooks
    from switchboard_operator.reconcile.accounts import Accounts, Reader
    from switchboard_operator.reconcile.intents import Intent, Intents
    from switchboard_operator.reconcile.observations import Observations
    from switchboard_operator.reconcile.shop import Shop

_SOON = 2.0
_CAPABILITIES = {"sms": "SMS", "mms": "MMS", "voice": "Voice", "fax": "Fax"}


@dataclass(frozen=True, slots=True)
class Home:
    """Where a number lives: everything that must be there before it can be bought."""

    tenant: Tenant
    sub: TwilioSubaccount
    owner: TwilioAccount
    parent: Parent
    place: Place
    account_sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberReconciler:
    """Makes the number that a BotNumber describes.

    Attributes:
        twilio: where it is bought.
        accounts: the parents.
        intents: exactly once.
        reader: tenants, subaccounts and rival claims.
        shop: chooses a number and guards the money.
        observations: when a settled one is compared with Twilio.
        installation: the installation id of the ownership mark.
        domain: the operator's default domain, or None.
        clock: stamps conditions.
        refused: numbers that turned out to be somebody else's.
    """

    twilio: Twilio
    accounts: Accounts
    intents: Intents
    reader: Reader
    shop: Shop
    observations: Observations
    installation: str
    domain: str | None
    clock: Clock
    refused: set[str] = field(default_factory=set)

    async def reconcile(self, number: BotNumber) -> Outcome[Any]:
        """One pass.

        Raises:
            Again: the intent is written; the next pass creates.
            Conflict: the resource changed meanwhile; begin again with the new version.
        """
        if number.deleting:
            return await self._delete(number)
        draft = Draft()
        draft.not_served(unserved.of_number(number))
        if names.PAUSED in number.metadata.annotations:
            draft.ready = Finding("Unknown", reasons.PAUSED, f"annotation {names.PAUSED} is set")
            return Outcome(status=summarise(number, draft, None, now=self.clock.now()))
        problem: NotReady | None = None
        after: float | None = None
        try:
            home = await self._home(number)
            webhooks = webhooks_of(number, base_url=home.place.url)
            if number.status.webhook_url == webhooks.sms_url and not self.observations.due(number):
                return Outcome(status=number.status, after=self.observations.remaining(number))
            await self._make_true(number, home, webhooks, draft)
            after = self.observations.observed(number)
        except NotReady as error:
            problem = error
        status = summarise(number, draft, problem, now=self.clock.now())
        return Outcome(status=status, problem=problem, notices=tuple(draft.notices), after=after)

    def mark(self, number: BotNumber) -> marks.Mark:
        """The ownership mark of a BotNumber."""
        return marks.mark_of(
            installation=self.installation,
            kind=number.kind,
            namespace=number.namespace,
            name=number.name,
            uid=number.uid,
        )

    def friendly_name(self, number: BotNumber) -> str:
        """Its FriendlyName at Twilio."""
        return marks.friendly_name(f"{number.namespace}/{number.name}", self.mark(number))

    async def _home(self, number: BotNumber) -> Home:
        tenant: Tenant | None = self.reader.get(Ref("Tenant", number.namespace, number.spec.tenant_ref.name))
        if tenant is None:
            raise Waiting(
                reasons.TENANT_NOT_FOUND,
                f"spec.tenantRef.name: no Tenant {number.spec.tenant_ref.name!r} in namespace {number.namespace}; "
                "create it or correct the name",
            )
        sub: TwilioSubaccount | None = self.reader.get(
            Ref("TwilioSubaccount", number.namespace, tenant.subaccount_name)
        )
        if sub is None or not sub.status.sid or not sub.status.holds("Ready"):
            raise Waiting(reasons.SUBACCOUNT_NOT_READY, f"the subaccount of Tenant {tenant.name} is not ready")
        owner, parent = await self.accounts.resolve(namespace=number.namespace, name=sub.spec.account_ref.name)
        place = place_of(tenant, owner.spec.domain or self.domain)
        return Home(tenant, sub, owner, parent, place, sub.status.sid)

    async def _make_true(self, number: BotNumber, home: Home, webhooks: Webhooks, draft: Draft) -> None:
        with draft.step("Synced"):
            held = await self._ensure_number(number, home, webhooks, draft)
            self._check_claim(number, held)
            _record(held, draft)
        with draft.step("WebhookReady"):
            wanted = self.friendly_name(number)
            if held.webhooks != webhooks or held.friendly_name != wanted:
                held = await self.twilio.configure_number(
                    home.parent, home.account_sid, held.sid, webhooks=webhooks, friendly_name=wanted
                )
                drifted = number.status.webhook_url == webhooks.sms_url
                draft.note(
                    "DriftCorrected" if drifted else "NumberConfigured",
                    f"set the webhooks of {held.phone_number}",
                )
            draft.fields["webhookURL"] = held.webhooks.sms_url
        if number.spec.channels.whatsapp is not None:
            text = f"register {held.phone_number} as a WhatsApp sender with the webhook {webhooks.sms_url}"
            draft.findings["SenderReady"] = Finding("Unknown", reasons.SENDER_NOT_MANAGED, text)

    async def _ensure_number(self, number: BotNumber, home: Home, webhooks: Webhooks, draft: Draft) -> Number:
        sid = number.status.sid or number.spec.external_name
        observed = await self.twilio.fetch_number(home.parent, home.account_sid, sid) if sid else None
        if sid and observed is None and number.spec.external_name == sid and not number.status.sid:
            observed = await self._adopt_from_parent(number, home, draft)
        intent = None if sid else self.intents.read(number)
        if intent and intent.fresh and intent.subject in self.refused:
            intent = None
        seen: Seen[Number] = Seen(
            sid=sid,
            observed=observed,
            intent=intent,
            grace_left=self.intents.grace_left(intent) if intent else 0.0,
        )
        step = decide(seen)
        if step is Step.LOOK_UP and intent is not None:
            found = await self.twilio.find_numbers(home.parent, home.account_sid, phone_number=intent.subject)
            seen = replace(seen, matches=found)
            step = decide(seen)
        match step:
            case Step.KEEP if observed is not None:
                self._check_ownership(number, home, observed)
                return observed
            case Step.ADOPT if seen.matches:
                draft.note("NumberAdopted", f"found {seen.matches[0].phone_number} after an unfinished purchase")
                return seen.matches[0]
            case Step.CREATE if intent is not None:
                return await self._buy(number, home, webhooks, intent.subject, draft)
            case Step.INTEND:
                left = await self._earlier_life(number, home)
                chosen = left or await self._choose(number, home, intent)
                await self.intents.write(number, subject=chosen, fresh=left is None)
                raise Again
            case Step.WAIT:
                raise Waiting(
                    reasons.TWILIO_UNAVAILABLE,
                    "a purchase of unknown outcome is looked up again before it is repeated",
                    after=max(_SOON, seen.grace_left),
                )
            case _:
                raise Stalled(reasons.NUMBER_MISSING, f"{sid} is not in subaccount {home.account_sid}", after=300.0)

    async def _choose(self, number: BotNumber, home: Home, intent: Intent | None) -> str:
        """The number to buy; after a purchase of unknown outcome the same again, which can cost nothing twice."""
        again = intent.subject if intent and intent.generation == number.generation else None
        if again in self.refused:
            again = None
        return await self.shop.choose(
            number, home.owner, home.parent, home.tenant, account_sid=home.account_sid, again=again
        )

    async def _earlier_life(self, number: BotNumber, home: Home) -> str | None:
        """The number that an earlier life of this resource left in the subaccount, where the admin admits it."""
        if home.owner.spec.readopt != "SameName":
            return None
        mark, wanted = self.mark(number), number.spec.phone_number
        for held in await self.twilio.find_numbers(home.parent, home.account_sid):
            if mark.kinship(held.friendly_name) is not marks.Kinship.FOREIGN and wanted in {None, held.phone_number}:
                return held.phone_number
        return None

    async def _buy(self, number: BotNumber, home: Home, webhooks: Webhooks, phone_number: str, draft: Draft) -> Number:
        order = NumberOrder(
            phone_number=phone_number,
            friendly_name=self.friendly_name(number),
            webhooks=webhooks,
            address_sid=number.spec.address_sid,
            bundle_sid=number.spec.bundle_sid,
        )
        try:
            with self.intents.used(number):
                bought = await self.twilio.buy_number(home.parent, home.account_sid, order)
        except Stalled as problem:
            if problem.reason == reasons.NUMBER_UNAVAILABLE and number.spec.search:
                self.refused.add(phone_number)
                # Somebody else was quicker. The next pass chooses another.
                raise Waiting(problem.reason, problem.message, after=_SOON) from problem
            raise
        draft.note("NumberPurchased", f"bought {bought.phone_number} as {bought.sid}")
        return bought

    async def _adopt_from_parent(self, number: BotNumber, home: Home, draft: Draft) -> Number | None:
        """A number of the parent account that the admin grants this namespace is moved to the subaccount."""
        sid = number.spec.external_name or ""
        found = await self.twilio.fetch_number(home.parent, home.parent.sid, sid)
        if found is None:
            return None
        if not self._granted(number, home):
            raise self._adoption_refused(number, home, sid)
        moved = await self.twilio.transfer_number(home.parent, home.parent.sid, sid, to_account=home.account_sid)
        draft.note("NumberAdopted", f"moved {moved.phone_number} from the parent account")
        return moved

    def _check_ownership(self, number: BotNumber, home: Home, held: Number) -> None:
        kinship = self.mark(number).kinship(held.friendly_name)
        readopted = kinship is marks.Kinship.EARLIER_LIFE and home.owner.spec.readopt == "SameName"
        if kinship is marks.Kinship.OURS or readopted or self._granted(number, home):
            return
        if number.spec.external_name:
            raise self._adoption_refused(number, home, held.sid)
        raise Stalled(
            reasons.MARK_CONFLICT,
            f"{held.phone_number} does not carry the mark of this resource; name it "
            f"{self.friendly_name(number)!r} again if it is its own",
            after=300.0,
        )

    def _granted(self, number: BotNumber, home: Home) -> bool:
        sid = number.spec.external_name
        return sid is not None and any(
            grant.namespace == number.namespace and sid in grant.sids for grant in home.owner.spec.adoption
        )

    def _adoption_refused(self, number: BotNumber, home: Home, sid: str) -> Stalled:
        return Stalled(
            reasons.ADOPTION_REFUSED,
            f"spec.externalName: TwilioAccount {home.owner.name} grants {sid} not to namespace {number.namespace}; "
            "its admin must add it to spec.adoption",
            after=300.0,
        )

    def _check_claim(self, number: BotNumber, held: Number) -> None:
        rivals = self.reader.find("BotNumber", "sid", held.sid)
        oldest = rivals[0] if rivals else number
        if oldest.uid != number.uid:
            raise Stalled(
                reasons.NUMBER_CONFLICT,
                f"{held.phone_number} is claimed by the older BotNumber {oldest.namespace}/{oldest.name}",
                after=300.0,
            )

    async def _delete(self, number: BotNumber) -> Outcome[Any]:
        if names.FINALIZER not in number.metadata.finalizers:
            self.observations.forget(number)
            return Outcome(status=number.status, finalized=True)
        draft = Draft()
        try:
            await self._let_go(number, draft)
        except NotReady as problem:
            status = summarise(number, draft, problem, now=self.clock.now())
            return Outcome(status=status, problem=problem)
        await self.intents.release(number)
        self.observations.forget(number)
        return Outcome(status=number.status, notices=tuple(draft.notices), finalized=True)

    async def _let_go(self, number: BotNumber, draft: Draft) -> None:
        """Retain does nothing at Twilio; the other policies move the number to the parent, where it rests."""
        if number.spec.release_policy == "Retain":
            return
        left = await self._recorded(number) if number.status.sid else await self._unrecorded(number)
        if left is None:
            return
        parent, held = left
        if self.mark(number).kinship(held.friendly_name) is marks.Kinship.FOREIGN:
            return
        await self.twilio.transfer_number(parent, held.account_sid, held.sid, to_account=parent.sid)
        draft.note("NumberReturned", f"moved {held.phone_number} to the parent account; it stays billed")

    async def _recorded(self, number: BotNumber) -> tuple[Parent, Number] | None:
        account_sid, sid = number.status.account_sid or "", number.status.sid or ""
        parent = self._parent_of(account_sid)
        held = await self.twilio.fetch_number(parent, account_sid, sid)
        return (parent, held) if held else None

    async def _unrecorded(self, number: BotNumber) -> tuple[Parent, Number] | None:
        """What a purchase of unknown outcome left; waited for while it may not be listed yet."""
        intent = self.intents.read(number)
        tenant = self.reader.get(Ref("Tenant", number.namespace, number.spec.tenant_ref.name))
        name = tenant.subaccount_name if tenant else number.spec.tenant_ref.name
        sub = self.reader.get(Ref("TwilioSubaccount", number.namespace, name))
        if intent is None or intent.fresh or sub is None or not sub.status.sid:
            return None
        parent = self._parent_of(sub.status.sid)
        found = await self.twilio.find_numbers(parent, sub.status.sid, phone_number=intent.subject)
        if not found and self.intents.grace_left(intent) > 0:
            raise Waiting(
                reasons.TWILIO_UNAVAILABLE,
                "a purchase of unknown outcome is looked up again before this is let go",
                after=self.intents.grace_left(intent),
            )
        return (parent, found[0]) if found else None

    def _parent_of(self, account_sid: str) -> Parent:
        """The parent of a subaccount; the number's tenant may be gone already."""
        for account in self.reader.all("TwilioAccount"):
            parent = self.accounts.get(account.name)
            subs = self.reader.find("TwilioSubaccount", "account", account.name)
            if parent and any(sub.status.sid == account_sid for sub in subs):
                return parent
        raise Waiting(
            reasons.ACCOUNT_NOT_READY,
            "the TwilioAccount is needed to give the number back; bring it back, or set spec.releasePolicy to "
            "Retain to let go",
            after=60.0,
        )


def _record(held: Number, draft: Draft) -> None:
    able = [_CAPABILITIES[name] for name in held.capabilities if name in _CAPABILITIES]
    draft.fields.update(
        sid=held.sid, phoneNumber=held.phone_number, accountSid=held.account_sid, capabilities=sorted(able)
    )
