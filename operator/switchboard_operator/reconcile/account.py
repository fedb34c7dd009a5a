"""TwilioAccount: its Secret is read and the credentials are tried, once a change and once an interval."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from switchboard_operator import reasons
from switchboard_operator.desired import unserved
from switchboard_operator.errors import NotReady, Stalled
from switchboard_operator.ports import Credentials, Parent, Ref
from switchboard_operator.reconcile.draft import Draft, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import TwilioAccount
    from switchboard_operator.ports import Clock, Cluster, Twilio
    from switchboard_operator.reconcile.accounts import Accounts
    from switchboard_operator.reconcile.observations import Observations

ACCOUNT_SID = re.compile(r"^AC[0-9a-f]{32}$")
_DEFAULT_CONCURRENCY = 40
_RECHECK = 60.0


class Channels(Protocol):
    """Where calls of a parent account are capped."""

    def open_channel(self, parent: Parent, *, limit: int) -> None:
        """Begin anew: the credentials or the limits changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReconciler:
    """Makes a TwilioAccount usable.

    Attributes:
        cluster: where the Secret is.
        twilio: where the credentials are tried.
        channels: the caps on calls.
        accounts: where usable parents are registered.
        observations: when the credentials are tried again.
        namespace: the operator's namespace, where the Secrets of accounts are.
        clock: stamps conditions.
    """

    cluster: Cluster
    twilio: Twilio
    channels: Channels
    accounts: Accounts
    observations: Observations
    namespace: str
    clock: Clock

    async def reconcile(self, account: TwilioAccount) -> Outcome[Any]:
        """One pass."""
        draft = Draft()
        draft.not_served(unserved.of_account(account))
        if account.deleting:
            self.accounts.drop(account.name)
            return Outcome(status=account.status, finalized=True)
        problem: NotReady | None = None
        after = self.observations.remaining(account)
        try:
            parent = await self._parent(account)
            changed = self._register(account, parent)
            if changed or self.observations.due(account):
                await self._try(parent)
                after = self.observations.observed(account)
            draft.fields["accountSid"] = parent.sid
        except NotReady as error:
            problem = error
        status = summarise(account, draft, problem, now=self.clock.now())
        return Outcome(status=status, problem=problem, after=after)

    async def _parent(self, account: TwilioAccount) -> Parent:
        ref = account.spec.credentials_secret_ref
        where = f"Secret {self.namespace}/{ref.name}"
        secret = await self.cluster.get(Ref("Secret", self.namespace, ref.name))
        if secret is None:
            self.accounts.drop(account.name)
            raise Stalled(
                reasons.SECRET_NOT_FOUND,
                f"spec.credentialsSecretRef: {where} does not exist; create it with accountSid and authToken",
                after=_RECHECK,
            )
        sid = _value(where, secret, "accountSid")
        if not ACCOUNT_SID.match(sid):
            raise Stalled(
                reasons.SECRET_INVALID,
                f"{where}: accountSid must be AC and 32 hexadecimal digits (a key SID does not do)",
                after=_RECHECK,
            )
        token = _value(where, secret, "authToken")
        return Parent(
            name=account.name,
            sid=sid,
            endpoint=account.spec.endpoint,
            credentials=Credentials(sid, token),
            concurrency=account.spec.limits.max_concurrency or _DEFAULT_CONCURRENCY,
        )

    def _register(self, account: TwilioAccount, parent: Parent) -> bool:
        """Register the parent; True when anything of it is new to this process."""
        if self.accounts.get(account.name) == parent:
            return False
        self.channels.open_channel(parent, limit=parent.concurrency)
        self.accounts.set(parent)
        return True

    async def _try(self, parent: Parent) -> None:
        try:
            await self._check(parent)
        except Stalled:
            self.accounts.judge(parent.name, usable=False)
            raise
        self.accounts.judge(parent.name, usable=True)

    async def _check(self, parent: Parent) -> None:
        found = await self.twilio.fetch_account(parent, parent.sid)
        if found is None:
            raise Stalled(reasons.CREDENTIALS_REJECTED, f"Twilio does not know account {parent.sid}", after=_RECHECK)
        if found.owner_sid != parent.sid:
            raise Stalled(
                reasons.SECRET_INVALID,
                f"{parent.sid} is a subaccount of {found.owner_sid}; give the parent's accountSid and authToken",
                after=_RECHECK,
            )
        if found.status != "active":
            raise Stalled(
                reasons.SUSPENDED_BY_TWILIO, f"Twilio: account {parent.sid} is {found.status}", after=_RECHECK
            )


def _value(where: str, secret: dict[str, Any], key: str) -> str:
    encoded = (secret.get("data") or {}).get(key)
    if not encoded:
        raise Stalled(reasons.SECRET_INVALID, f"{where}: the key {key} is missing; add it", after=_RECHECK)
    try:
        return base64.b64decode(encoded).decode().strip()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Stalled(reasons.SECRET_INVALID, f"{where}: {key} is not text", after=_RECHECK) from error
