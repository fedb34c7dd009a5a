"""TwilioSubaccount: exactly one subaccount at Twilio, its state, and its credentials as a Secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import marks, names, unserved
from switchboard_operator.errors import Again, NotReady, Stalled, Waiting
from switchboard_operator.reconcile.decide import Seen, Step, decide, marked
from switchboard_operator.reconcile.draft import Draft, Finding, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import TwilioAccount, TwilioSubaccount
    from switchboard_operator.ports import Account, Clock, Parent, Twilio
    from switchboard_operator.reconcile.accounts import Accounts, Reader
    from switchboard_operator.reconcile.deletion import SubaccountDeletion
    from switchboard_operator.reconcile.intents import Intents
    from switchboard_operator.reconcile.observations import Observations
    from switchboard_operator.reconcile.secrets import SecretKeeper

_STATES = {"active": "Active", "suspended": "Suspended", "closed": "Closed"}
_STATUS_OF = {"Active": "active", "Suspended": "suspended"}
_SOON = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubaccountReconciler:
    """Makes the subaccount that a TwilioSubaccount describes.

    Attributes:
        twilio: where it is made.
        accounts: the parents.
        intents: exactly once.
        secrets: keeps the credentials.
        deletion: what happens at the end.
        reader: counts subaccounts for the limit.
        observations: when a settled one is compared with Twilio.
        installation: the installation id of the ownership mark.
        clock: stamps conditions.
    """

    twilio: Twilio
    accounts: Accounts
    intents: Intents
    secrets: SecretKeeper
    deletion: SubaccountDeletion
    reader: Reader
    observations: Observations
    installation: str
    clock: Clock

    async def reconcile(self, sub: TwilioSubaccount) -> Outcome[Any]:
        """One pass.

        Raises:
            Again: the intent is written; the next pass creates.
            Conflict: the resource changed meanwhile; begin again with the new version.
        """
        if sub.deleting:
            return await self.deletion.reconcile(sub, mark=self.mark(sub))
        draft = Draft()
        draft.not_served(unserved.of_subaccount(sub))
        if names.PAUSED in sub.metadata.annotations:
            draft.ready = Finding("Unknown", reasons.PAUSED, f"annotation {names.PAUSED} is set")
            return Outcome(status=summarise(sub, draft, None, now=self.clock.now()))
        if not self.observations.due(sub):
            return Outcome(status=sub.status, after=self.observations.remaining(sub))
        problem: NotReady | None = None
        after: float | None = None
        try:
            await self._make_true(sub, draft)
            after = self.observations.observed(sub)
        except NotReady as error:
            problem = error
        status = summarise(sub, draft, problem, now=self.clock.now())
        return Outcome(status=status, problem=problem, notices=tuple(draft.notices), after=after)

    def mark(self, sub: TwilioSubaccount) -> marks.Mark:
        """The ownership mark of a TwilioSubaccount."""
        return marks.mark_of(
            installation=self.installation, kind=sub.kind, namespace=sub.namespace, name=sub.name, uid=sub.uid
        )

    def friendly_name(self, sub: TwilioSubaccount) -> str:
        """Its FriendlyName at Twilio."""
        return marks.friendly_name(sub.spec.friendly_name or f"{sub.namespace}/{sub.name}", self.mark(sub))

    async def _make_true(self, sub: TwilioSubaccount, draft: Draft) -> None:
        with draft.step("Synced"):
            owner, parent = await self.accounts.resolve(namespace=sub.namespace, name=sub.spec.account_ref.name)
            account, created = await self._ensure_account(sub, owner, parent, draft)
            _record(account, draft)
            account = await self._ensure_state(sub, parent, account, draft)
        if sub.spec.management_policy == "Observe":
            return
        with draft.step("CredentialsReady"):
            kept = await self.secrets.ensure(sub, parent, account, mark=self.mark(sub), created=created)
            draft.fields["secretName"] = kept.secret
            draft.fields["apiKeySid"] = kept.api_key_sid
            if kept.made_at is not None:
                draft.fields["lastCredentialsRotationTime"] = kept.made_at
                draft.note("CredentialsCreated", f"wrote Secret {kept.secret} with API key {kept.api_key_sid}")

    async def _ensure_account(
        self, sub: TwilioSubaccount, owner: TwilioAccount, parent: Parent, draft: Draft
    ) -> tuple[Account, bool]:
        """The subaccount, and whether this pass created it."""
        sid = sub.status.sid or sub.spec.external_name
        observed = await self.twilio.fetch_account(parent, sid) if sid else None
        intent = None if sid else self.intents.read(sub)
        seen: Seen[Account] = Seen(
            sid=sid,
            observed=observed,
            intent=intent,
            grace_left=self.intents.grace_left(intent) if intent else 0.0,
        )
        step = decide(seen)
        if step is Step.LOOK_UP or (step in {Step.INTEND, Step.CREATE} and owner.spec.readopt == "SameName"):
            seen = replace(seen, matches=await self._look_up(sub, owner, parent))
            step = decide(seen)
        match step:
            case Step.KEEP if observed is not None:
                self._check_ownership(sub, owner, parent, observed)
                return observed, False
            case Step.ADOPT if seen.matches:
                draft.note("SubaccountAdopted", f"found {seen.matches[0].sid} by its ownership mark")
                return await self._marked(sub, parent, seen.matches[0]), False
            case Step.CREATE:
                return await self._create(sub, parent, draft), True
            case Step.INTEND:
                self._check_quota(owner)
                await self.intents.write(sub)
                raise Again
            case _:
                raise _problem(step, seen)

    async def _look_up(self, sub: TwilioSubaccount, owner: TwilioAccount, parent: Parent) -> list[Account]:
        """What carries our mark, whatever its label; or an earlier life's where the admin admits it."""
        mark = self.mark(sub)
        found = await self.twilio.list_accounts(parent)
        ours = marked(found, mark, marks.Kinship.OURS)
        if ours or owner.spec.readopt != "SameName":
            return ours
        return marked(found, mark, marks.Kinship.EARLIER_LIFE)

    async def _marked(self, sub: TwilioSubaccount, parent: Parent, account: Account) -> Account:
        """What an earlier life left gets this life's mark, so that it stays ours whatever `readopt` says later."""
        if self.mark(sub).kinship(account.friendly_name) is marks.Kinship.OURS:
            return account
        changed = await self.twilio.update_account(parent, account.sid, friendly_name=self.friendly_name(sub))
        return replace(changed, auth_token=changed.auth_token or account.auth_token)

    async def _create(self, sub: TwilioSubaccount, parent: Parent, draft: Draft) -> Account:
        with self.intents.used(sub):
            account = await self.twilio.create_account(parent, friendly_name=self.friendly_name(sub))
        draft.note("SubaccountCreated", f"created subaccount {account.sid}")
        return account

    def _check_quota(self, owner: TwilioAccount) -> None:
        limit = owner.spec.limits.max_subaccounts
        if limit is None:
            return
        held = [
            other
            for other in self.reader.find("TwilioSubaccount", "account", owner.name)
            if other.status.sid or names.PENDING in other.metadata.annotations
        ]
        if len(held) >= limit:
            raise Stalled(
                reasons.QUOTA_EXCEEDED,
                f"TwilioAccount {owner.name} has its limit of {limit} subaccounts; raise spec.limits.maxSubaccounts",
                after=300.0,
            )

    def _check_ownership(self, sub: TwilioSubaccount, owner: TwilioAccount, parent: Parent, account: Account) -> None:
        """A SID in a manifest or a status proves nothing; the mark, or the admin's grant, does."""
        if account.owner_sid != parent.sid:
            raise Stalled(
                reasons.ADOPTION_REFUSED,
                f"{account.sid} belongs to another parent than TwilioAccount {owner.name}",
            )
        kinship = self.mark(sub).kinship(account.friendly_name)
        readopted = kinship is marks.Kinship.EARLIER_LIFE and owner.spec.readopt == "SameName"
        if kinship is marks.Kinship.OURS or readopted or self._granted(sub, owner, account.sid):
            return
        if sub.spec.external_name:
            raise Stalled(
                reasons.ADOPTION_REFUSED,
                f"spec.externalName: TwilioAccount {owner.name} grants {account.sid} not to namespace "
                f"{sub.namespace}; its admin must add it to spec.adoption",
            )
        raise Stalled(
            reasons.MARK_CONFLICT,
            f"{account.sid} does not carry the mark of this resource; name it {self.friendly_name(sub)!r} again "
            "if it is its own",
        )

    def _granted(self, sub: TwilioSubaccount, owner: TwilioAccount, sid: str) -> bool:
        return sid == sub.spec.external_name and any(
            grant.namespace == sub.namespace and sid in grant.sids for grant in owner.spec.adoption
        )

    async def _ensure_state(self, sub: TwilioSubaccount, parent: Parent, account: Account, draft: Draft) -> Account:
        if account.status == "closed":
            raise Stalled(reasons.SUBACCOUNT_CLOSED, f"{account.sid} is closed at Twilio; that is final")
        wanted = _STATUS_OF[sub.spec.state]
        if account.status == wanted or sub.spec.management_policy == "Observe":
            return account
        changed = await self.twilio.update_account(parent, account.sid, status=wanted)
        drifted = sub.status.observed_generation == sub.generation and sub.status.holds("Ready")
        draft.note("DriftCorrected" if drifted else f"Subaccount{sub.spec.state}", f"set {account.sid} to {wanted}")
        _record(changed, draft)
        return replace(changed, auth_token=changed.auth_token or account.auth_token)


def _record(account: Account, draft: Draft) -> None:
    draft.fields.update(
        sid=account.sid,
        ownerAccountSid=account.owner_sid,
        friendlyName=account.friendly_name,
        state=_STATES.get(account.status, "Active"),
    )


def _problem(step: Step, seen: Seen[Account]) -> NotReady:
    if step is Step.AMBIGUOUS:
        sids = ", ".join(account.sid for account in seen.matches or ())
        return Stalled(reasons.MARK_CONFLICT, f"several subaccounts carry the mark of this resource: {sids}")
    if step is Step.WAIT:
        return Waiting(
            reasons.TWILIO_UNAVAILABLE,
            "a create of unknown outcome is looked up again before it is repeated",
            after=max(_SOON, seen.grace_left),
        )
    return Stalled(reasons.SUBACCOUNT_MISSING, f"subaccount {seen.sid} is not found at Twilio", after=300.0)
