"""The end of a TwilioSubaccount: suspended, kept as it is, or closed after its retention; then let go.

Never a permanent failure here: the finalizer stays until Twilio was seen to be as the policy wants it, because
a dropped finalizer is a bill that nobody watches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import marks, names
from switchboard_operator.errors import NotReady, Stalled, Waiting
from switchboard_operator.reconcile.decide import marked
from switchboard_operator.reconcile.draft import Draft, Finding, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import TwilioSubaccount
    from switchboard_operator.ports import Account, Clock, Parent, Twilio
    from switchboard_operator.reconcile.accounts import Accounts
    from switchboard_operator.reconcile.intents import Intents
    from switchboard_operator.reconcile.observations import Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class SubaccountDeletion:
    """Ends subaccounts as their policy says.

    Attributes:
        twilio: where they are.
        accounts: the parents.
        intents: holds the finalizer.
        observations: forgets what is gone.
        clock: measures the retention.
    """

    twilio: Twilio
    accounts: Accounts
    intents: Intents
    observations: Observations
    clock: Clock

    async def reconcile(self, sub: TwilioSubaccount, *, mark: marks.Mark) -> Outcome[Any]:
        """One pass over a resource that is being deleted."""
        if names.FINALIZER not in sub.metadata.finalizers:
            self.observations.forget(sub)
            return Outcome(status=sub.status, finalized=True)
        draft = Draft(ready=Finding("False", reasons.DELETING, "being deleted"))
        problem: NotReady | None = None
        try:
            await self._end(sub, mark, draft)
        except NotReady as error:
            problem = error
        if problem is None:
            await self.intents.release(sub)
            self.observations.forget(sub)
            return Outcome(status=sub.status, notices=tuple(draft.notices), finalized=True)
        status = summarise(sub, draft, problem, now=self.clock.now())
        return Outcome(status=status, problem=problem, notices=tuple(draft.notices))

    async def _end(self, sub: TwilioSubaccount, mark: marks.Mark, draft: Draft) -> None:
        policy = sub.spec.deletion_policy
        if policy == "Retain" or sub.spec.management_policy == "Observe":
            return
        parent = self.accounts.get(sub.spec.account_ref.name)
        if parent is None:
            raise Waiting(
                reasons.ACCOUNT_NOT_READY,
                f"TwilioAccount {sub.spec.account_ref.name} is needed to {policy.lower()} the subaccount; "
                "bring it back, or set spec.deletionPolicy to Retain to let go",
                after=60.0,
            )
        account = await self._find(sub, parent, mark)
        if account is None or account.status == "closed":
            return
        if account.status != "suspended":
            account = await self.twilio.update_account(parent, account.sid, status="suspended")
            draft.note("SubaccountSuspended", f"suspended {account.sid}; its numbers stay billed")
        if policy == "Close":
            await self._close(sub, parent, account, draft)

    async def _find(self, sub: TwilioSubaccount, parent: Parent, mark: marks.Mark) -> Account | None:
        """The subaccount to end: the recorded one if it is ours, or what an unfinished create left."""
        if sub.status.sid:
            account = await self.twilio.fetch_account(parent, sub.status.sid)
            if account is None or self._ours(sub, account, parent, mark):
                return account
            raise Stalled(
                reasons.MARK_CONFLICT,
                f"{account.sid} does not carry this resource's mark and is left alone; set spec.deletionPolicy to "
                "Retain to let go",
                after=300.0,
            )
        intent = self.intents.read(sub)
        if intent is None or intent.fresh:
            return None
        return await self._unrecorded(parent, mark, grace_left=self.intents.grace_left(intent))

    async def _unrecorded(self, parent: Parent, mark: marks.Mark, *, grace_left: float) -> Account | None:
        """What a create of unknown outcome left; waited for while it may not be listed yet."""
        found = marked(await self.twilio.list_accounts(parent), mark, marks.Kinship.OURS)
        if len(found) > 1:
            sids = ", ".join(account.sid for account in found)
            raise Stalled(reasons.MARK_CONFLICT, f"several subaccounts carry the mark of this resource: {sids}")
        if not found and grace_left > 0:
            raise Waiting(
                reasons.TWILIO_UNAVAILABLE,
                "a create of unknown outcome is looked up again before this is let go",
                after=grace_left,
            )
        return found[0] if found else None

    def _ours(self, sub: TwilioSubaccount, account: Account, parent: Parent, mark: marks.Mark) -> bool:
        adopted = account.sid == sub.spec.external_name and sub.status.secret_name is not None
        kin = mark.kinship(account.friendly_name) is not marks.Kinship.FOREIGN
        return account.owner_sid == parent.sid and (kin or adopted)

    async def _close(self, sub: TwilioSubaccount, parent: Parent, account: Account, draft: Draft) -> None:
        if not sub.spec.confirm_close or sub.metadata.deletion_timestamp is None:
            return
        due = sub.metadata.deletion_timestamp + sub.spec.retention
        left = (due - self.clock.now()).total_seconds()
        if left > 0:
            draft.fields["closeTime"] = due
            raise Waiting(
                reasons.RETENTION,
                f"{account.sid} is suspended and will be closed at {due.isoformat()}; that is final",
                after=left,
            )
        await self.twilio.update_account(parent, account.sid, status="closed")
        draft.note("SubaccountClosed", f"closed {account.sid} for good", warning=True)
