"""A tenant's role at PostgreSQL, exactly one, and the Secret with its URL.

The Secret is the intent: role and password are chosen and written down before the server hears of them, so that
whatever was lost can be done again and ends in the same role. A role is right when one can log in as it and sees this
tenant alone. A lost Secret makes a new role, and the former one ends when pods have had time to follow; so does
deleting the Secret, to change a password.
"""

from __future__ import annotations

import base64
import secrets as random
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.desired.database import (
    TENANT_AUTHORITY_KEY,
    TENANT_URL_KEY,
    login_of,
    new_login,
)
from switchboard_operator.desired.runtime import CREDENTIALS_DIR
from switchboard_operator.errors import Conflict, Stalled, Waiting
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.draft import Finding
from switchboard_operator.reconcile.intents import ref_to
from switchboard_operator.reconcile.observations import requested, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchboard_operator.api import Tenant
    from switchboard_operator.desired.database import Reach
    from switchboard_operator.ports import Clock, Cluster, Database, Login
    from switchboard_operator.reconcile.draft import Draft
    from switchboard_operator.reconcile.migrations import Migrations

READY = "DatabaseReady"
OVERLAP = 600.0
_PASSWORD_BYTES = 32
_SOON = 1.0
_RECHECK = 60.0


@dataclass(frozen=True, slots=True)
class Looked:
    """When a tenant's role was looked at, and what for."""

    reach: Reach
    requested: str | None
    due: float


@dataclass(slots=True, kw_only=True)
class Databases:
    """Keeps the roles of tenants.

    Attributes:
        cluster: where their Secrets are.
        database: where roles are made.
        migrations: the platform's database.
        remember: takes the stored Tenant in, so that the next pass sees its finalizer.
        clock: when to look again, and when a former role ends.
        interval: seconds between two looks at a settled role.
    """

    cluster: Cluster
    database: Database
    migrations: Migrations
    remember: Callable[[Mapping[str, Any]], None]
    clock: Clock
    interval: float
    _looked: dict[str, Looked] = field(default_factory=dict)

    async def ensure(self, tenant: Tenant, draft: Draft) -> Reach:
        """Make the tenant's role and Secret true; a settled one is looked at once an interval.

        Raises:
            NotReady: what the condition DatabaseReady then says.
            Conflict: the Tenant changed meanwhile.
        """
        with draft.step(READY):
            reach = await self.migrations.reach()
            schema = await self.migrations.done(reach)
            if self._due(tenant, reach):
                await self._hold(tenant)
                await self._make_true(tenant, reach, draft)
                self._looked[tenant.uid] = Looked(reach, requested(tenant), self.clock.monotonic() + self.interval)
        draft.findings[READY] = Finding("True", schema.reason, schema.message or reach.location)
        return reach

    def remaining(self, tenant: Tenant) -> float:
        """Seconds until the role is to be looked at again."""
        looked = self._looked.get(tenant.uid)
        return max(1.0, looked.due - self.clock.monotonic()) if looked else self.interval

    async def release(self, tenant: Tenant, draft: Draft) -> None:
        """End the roles of a tenant that is being deleted, and let it go. Its rows stay.

        Raises:
            NotReady: the database cannot be asked; the tenant stays until it can.
            Conflict: the Tenant changed meanwhile.
        """
        try:
            reach = await self.migrations.reach()
            gone = await self.database.drop_roles(reach.server, tenant.uid)
        except Stalled as problem:
            cure = (
                f"{problem.message}; or take the finalizer {names.DATABASE_FINALIZER} away to leave the role as it is"
            )
            raise Stalled(problem.reason, cure, after=problem.after) from problem
        except Waiting as problem:
            if problem.reason != reasons.SCHEMA_MISSING:
                raise
            gone = ()  # with the schema the record of roles is gone
        if gone:
            draft.note("DatabaseRoleDropped", f"dropped {', '.join(gone)}; the tenant's rows stay")
        rest = [name for name in tenant.metadata.finalizers if name != names.DATABASE_FINALIZER]
        await self.cluster.patch(
            ref_to(tenant), {"metadata": {"finalizers": rest}}, resource_version=tenant.metadata.resource_version
        )
        self._looked.pop(tenant.uid, None)

    def _due(self, tenant: Tenant, reach: Reach) -> bool:
        now, looked = self.clock.monotonic(), self._looked.get(tenant.uid)
        if looked is None and settled(tenant) and tenant.status.holds(READY):  # after a restart: spread, not a burst
            share = self.interval * (zlib.crc32(tenant.uid.encode()) / 2**32)
            looked = self._looked[tenant.uid] = Looked(reach, requested(tenant), now + share)
        if looked is None or now >= looked.due:
            return True
        return looked.reach != reach or looked.requested != requested(tenant)

    async def _hold(self, tenant: Tenant) -> None:
        """The finalizer comes before the first role, so that no role outlives its tenant."""
        if names.DATABASE_FINALIZER in tenant.metadata.finalizers:
            return
        finalizers = [*tenant.metadata.finalizers, names.DATABASE_FINALIZER]
        stored = await self.cluster.patch(
            ref_to(tenant),
            {"metadata": {"finalizers": finalizers}},
            resource_version=tenant.metadata.resource_version,
        )
        if stored is None:
            raise Conflict("the resource is gone")
        self.remember(stored)

    async def _make_true(self, tenant: Tenant, reach: Reach, draft: Draft) -> None:
        login, since = await self._secret(tenant, reach, draft)
        try:
            if not await self.database.logs_in(reach.server, tenant.uid, login):
                await self.database.make_role(reach.server, tenant.uid, login)
                draft.note("DatabaseRoleMade", f"made {login.role} true at {reach.location}")
                if not await self.database.logs_in(reach.server, tenant.uid, login):
                    raise Stalled(
                        reasons.DATABASE_REFUSED,
                        f"the role {login.role} is there and cannot log in at {reach.location}; look at pg_hba.conf",
                        after=_RECHECK,
                    )
            if (self.clock.now() - since).total_seconds() >= OVERLAP:
                gone = await self.database.drop_roles(reach.server, tenant.uid, keep=login.role)
                if gone:
                    draft.note("DatabaseRoleDropped", f"dropped {', '.join(gone)}, followed by {login.role}")
        except Waiting as problem:
            if problem.reason == reasons.SCHEMA_MISSING:
                await self.migrations.repeat(reach)
            raise

    async def _secret(self, tenant: Tenant, reach: Reach, draft: Draft) -> tuple[Login, datetime]:
        """The login that the tenant's Secret holds, and since when; written first where there is none."""
        name = names.database_secret_name(tenant.name)
        ref = Ref("Secret", tenant.namespace, name)
        stored = await self.cluster.get(ref)
        if stored is None:
            login = _login(tenant)
            made = await self.cluster.create(_secret_of(tenant, name, _values(tenant, reach, login)))
            if made is None:
                raise Waiting(reasons.PROGRESSING, f"Secret {name} is being made", after=_SOON)
            draft.note("DatabaseSecretMade", f"wrote Secret {name} for {login.role}")
            return login, self.clock.now()
        if all(owner.get("uid") != tenant.uid for owner in stored["metadata"].get("ownerReferences") or []):
            raise _conflict(tenant, name, stored)
        data = stored.get("data") or {}
        found = login_of(tenant.uid, _decoded(data.get(TENANT_URL_KEY, "")))
        login = found or _login(tenant)
        wanted = _encoded(_values(tenant, reach, login))
        if any(data.get(key) != value for key, value in wanted.items()):
            await self.cluster.patch(ref, {"data": wanted})
            draft.note("DatabaseSecretMade", f"wrote Secret {name} for {login.role}")
        since = datetime.fromisoformat(stored["metadata"]["creationTimestamp"])
        return login, since if found else self.clock.now()


def _login(tenant: Tenant) -> Login:
    return new_login(tenant.uid, token=random.token_hex, password=lambda: random.token_urlsafe(_PASSWORD_BYTES))


def _values(tenant: Tenant, reach: Reach, login: Login) -> dict[str, str]:
    file = f"{CREDENTIALS_DIR}/{tenant.slug}/{TENANT_AUTHORITY_KEY}"
    values = {TENANT_URL_KEY: reach.url(login, authority_file=file)}
    return values | ({TENANT_AUTHORITY_KEY: reach.server.authority} if reach.server.authority else {})


def _secret_of(tenant: Tenant, name: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": tenant.namespace,
            "labels": {"app.kubernetes.io/part-of": "switchboard", names.MANAGED_BY: names.MANAGED_BY_VALUE},
            "ownerReferences": [tenant.owner().manifest()],
        },
        "data": _encoded(values),
    }


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode().strip()
    except ValueError:
        return ""


def _conflict(tenant: Tenant, name: str, stored: Mapping[str, Any]) -> Stalled | Waiting:
    owners = stored["metadata"].get("ownerReferences") or []
    if any((owner["kind"], owner["name"]) == (tenant.kind, tenant.name) for owner in owners):
        return Waiting(reasons.PROGRESSING, f"Secret {name} of an earlier life is being removed", after=_SOON)
    return Stalled(
        reasons.SECRET_CONFLICT,
        f"Secret {tenant.namespace}/{name} exists and is not this resource's; delete it",
        after=_RECHECK,
    )
