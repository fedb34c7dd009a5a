"""The Secret with a subaccount's credentials: made once, repaired when it is gone, never another's overwritten.

Keys: ``accountSid``, ``authToken`` (verifies webhooks), ``apiKeySid``, ``apiKeySecret`` (sends messages) and
``apiToken`` (the bearer token of the tenant's own HTTP API).
"""

from __future__ import annotations

import base64
import secrets as random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import marks, names
from switchboard_operator.errors import Stalled, Waiting
from switchboard_operator.ports import Credentials, Ref

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switchboard_operator.api import TwilioSubaccount
    from switchboard_operator.errors import NotReady
    from switchboard_operator.ports import Account, ApiKey, Clock, Cluster, Parent, Twilio

KEYS = ("accountSid", "authToken", "apiKeySid", "apiKeySecret", "apiToken")
_TOKEN_BYTES = 32
_SOON = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept.

    Attributes:
        secret: name of the Secret.
        api_key_sid: the API key in it.
        made_at: when this pass made new credentials, else None.
    """

    secret: str
    api_key_sid: str
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKeeper:
    """Keeps the Secrets of subaccounts.

    Attributes:
        cluster: where they are.
        twilio: where keys are made.
        clock: dates new credentials.
    """

    cluster: Cluster
    twilio: Twilio
    clock: Clock

    async def ensure(
        self, sub: TwilioSubaccount, parent: Parent, account: Account, *, mark: marks.Mark, created: bool
    ) -> Kept:
        """Make the Secret true.

        Args:
            sub: whose Secret.
            parent: the parent account.
            account: the subaccount with its auth token.
            mark: the resource's ownership mark; it names the API key.
            created: the subaccount is new in this pass, so it can hold no key and no Secret of ours.
        """
        name = sub.spec.credentials.secret_name or names.secret_name(sub.name)
        stored = None if created else await self.cluster.get(Ref("Secret", sub.namespace, name))
        if stored is not None:
            return await self._repair(sub, parent, account, mark=mark, stored=stored)
        key = await self._new_key(parent, account, mark=mark, clean=not created)
        values = _values(account, key)
        if await self.cluster.create(_secret(sub, name, values)) is None:
            # The name is taken: by another's Secret, or by ours from a former life whose answer was lost.
            raise _conflict(sub, name, await self.cluster.get(Ref("Secret", sub.namespace, name)))
        return Kept(secret=name, api_key_sid=key.sid, made_at=self.clock.now())

    async def _repair(
        self,
        sub: TwilioSubaccount,
        parent: Parent,
        account: Account,
        *,
        mark: marks.Mark,
        stored: Mapping[str, Any],
    ) -> Kept:
        name = stored["metadata"]["name"]
        owners = stored["metadata"].get("ownerReferences") or []
        if all(owner.get("uid") != sub.uid for owner in owners):
            raise _conflict(sub, name, stored)
        values = _decoded(stored)
        if all(values.get(key) for key in KEYS) and values["accountSid"] == account.sid:
            if account.auth_token in {"", values["authToken"]}:
                return Kept(secret=name, api_key_sid=values["apiKeySid"])
            await self._write(sub, name, {"authToken": account.auth_token})
            return Kept(secret=name, api_key_sid=values["apiKeySid"], made_at=self.clock.now())
        key = await self._new_key(parent, account, mark=mark, clean=True)
        fresh = _values(account, key)
        fresh["apiToken"] = values.get("apiToken") or fresh["apiToken"]
        await self._write(sub, name, fresh)
        return Kept(secret=name, api_key_sid=key.sid, made_at=self.clock.now())

    async def _new_key(self, parent: Parent, account: Account, *, mark: marks.Mark, clean: bool) -> ApiKey:
        """A new API key; former ones of ours and of earlier lives are removed first, since their secrets are lost."""
        own = Credentials(account.sid, account.auth_token)
        name = marks.friendly_name("switchboard", mark)
        if clean:
            for key in await self.twilio.list_keys(parent, own):
                if mark.kinship(key.friendly_name) is not marks.Kinship.FOREIGN:
                    await self.twilio.delete_key(parent, own, key.sid)
        return await self.twilio.create_key(parent, own, friendly_name=name)

    async def _write(self, sub: TwilioSubaccount, name: str, values: Mapping[str, str]) -> None:
        await self.cluster.patch(Ref("Secret", sub.namespace, name), {"data": _encoded(values)})


def _values(account: Account, key: ApiKey) -> dict[str, str]:
    return {
        "accountSid": account.sid,
        "authToken": account.auth_token,
        "apiKeySid": key.sid,
        "apiKeySecret": key.secret,
        "apiToken": random.token_urlsafe(_TOKEN_BYTES),
    }


def _secret(sub: TwilioSubaccount, name: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": sub.namespace,
            "labels": {"app.kubernetes.io/part-of": "switchboard", names.MANAGED_BY: names.MANAGED_BY_VALUE},
            "ownerReferences": [sub.owner().manifest()],
        },
        "data": _encoded(values),
    }


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _decoded(stored: Mapping[str, Any]) -> dict[str, str]:
    data = stored.get("data") or {}
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def _conflict(sub: TwilioSubaccount, name: str, stored: Mapping[str, Any] | None) -> NotReady:
    """Why a Secret of that name is in the way: another's, or an earlier life's that Kubernetes is about to remove."""
    owners = stored["metadata"].get("ownerReferences") or [] if stored else []
    if stored is None or any((owner["kind"], owner["name"]) == (sub.kind, sub.name) for owner in owners):
        return Waiting(reasons.PROGRESSING, f"Secret {name} of an earlier life is being removed", after=_SOON)
    return Stalled(
        reasons.SECRET_CONFLICT,
        f"Secret {sub.namespace}/{name} exists and is not this resource's; delete it, or choose another "
        "spec.credentials.secretName",
        after=60.0,
    )
