"""The platform's database: how it is reached, and that its schema is that of the runtime's image.

One Secret of the operator's namespace names it. Its schema is brought forward by a pod of the runtime's own image,
once an image and database; the finished pod stays as the record of it, so that a restart writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.desired.database import reach_of
from switchboard_operator.desired.migration import end_of, ended_at, migration_pod
from switchboard_operator.errors import Stalled, Waiting
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.draft import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_operator.desired.database import Reach
    from switchboard_operator.desired.migration import Ended
    from switchboard_operator.desired.runtime import RuntimeImage
    from switchboard_operator.ports import Clock, Cluster

_SOON = 1.5
_RETRY = 60.0


@dataclass(slots=True, kw_only=True)
class Migrations:
    """The platform's database, ready for tenants.

    Attributes:
        cluster: where Secret and pod are.
        namespace: the operator's.
        secret: name of the administrator's Secret; None when the platform has no database.
        image: the runtime's.
        clock: for how long a failure rests.
    """

    cluster: Cluster
    namespace: str
    secret: str | None
    image: RuntimeImage
    clock: Clock
    _reach: Reach | None = None
    _done: dict[str, Finding] = field(default_factory=dict)

    async def reach(self) -> Reach:
        """How the database is reached; read once, and again when the Secret changed.

        Raises:
            Stalled: DatabaseNotConfigured.
        """
        if self._reach is None:
            self._reach = await self._read()
        return self._reach

    def forget(self, ref: Ref) -> bool:
        """A Secret changed; True when it was the database's."""
        ours = ref == Ref("Secret", self.namespace, self.secret or "")
        if ours:
            self._reach = None
        return ours

    async def done(self, reach: Reach) -> Finding:
        """What is known of the schema, once it is brought forward as far as this image can.

        Raises:
            Waiting: MigrationPending.
            Stalled: MigrationFailed.
        """
        name = self._name(reach)
        if name not in self._done:
            self._done[name] = await self._migrated(name, reach)
        return self._done[name]

    async def repeat(self, reach: Reach) -> None:
        """The schema is gone again: migrate anew."""
        self._done.pop(self._name(reach), None)
        await self.cluster.delete(Ref("Pod", self.namespace, self._name(reach)))

    async def _read(self) -> Reach:
        if self.secret is None:
            raise Stalled(
                reasons.DATABASE_NOT_CONFIGURED,
                "spec.runtime.storage.postgres: the platform has no database; its admin sets the chart's "
                "database.secretName, or use sqlite",
                after=_RETRY,
            )
        where = f"Secret {self.namespace}/{self.secret}"
        stored = await self.cluster.get(Ref("Secret", self.namespace, self.secret))
        if stored is None:
            raise Stalled(
                reasons.DATABASE_NOT_CONFIGURED,
                f"{where} does not exist; create it with the key url, the DSN of the database's administrator",
                after=_RETRY,
            )
        return reach_of(where, stored)

    async def _migrated(self, name: str, reach: Reach) -> Finding:
        pod = await self.cluster.get(Ref("Pod", self.namespace, name))
        if pod is None:
            await self._start(name, reach)
            raise self._pending(name)
        ended = end_of(pod)
        if ended is None:
            raise self._pending(name)
        if ended.well:
            return Finding("True", reasons.SUCCEEDED)
        if ended.newer:  # whether it may go on is for the runtime to say: it knows what it needs
            return Finding("True", reasons.SCHEMA_NEWER, f"{ended.words}; {reach.location}")
        raise await self._failed(name, pod, ended)

    async def _failed(self, name: str, pod: Mapping[str, Any], ended: Ended) -> Stalled:
        """The failure; once it has rested, its pod is removed, so that the next pass tries anew."""
        rested = (self.clock.now() - datetime.fromisoformat(ended_at(pod))).total_seconds()
        if rested >= _RETRY:
            await self.cluster.delete(Ref("Pod", self.namespace, name))
        after = _SOON if rested >= _RETRY else _RETRY - rested
        return Stalled(reasons.MIGRATION_FAILED, f"pod {self.namespace}/{name}: {ended.words}", after=after)

    async def _start(self, name: str, reach: Reach) -> None:
        pod = migration_pod(
            namespace=self.namespace,
            name=name,
            secret=self.secret or "",
            image=self.image,
            authority=reach.server.authority is not None,
        )
        await self.cluster.create(pod)  # one that another pass made is as good

    def _pending(self, name: str) -> Waiting:
        return Waiting(reasons.MIGRATION_PENDING, f"pod {self.namespace}/{name} brings the schema forward", after=_SOON)

    def _name(self, reach: Reach) -> str:
        return names.migration_name([self.image.reference, reach.location])
