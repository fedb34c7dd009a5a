"""Exactly once, for creates that cannot be repeated.

Before a create the intent is written into the resource (annotation ``switchboard.dev/external-create-pending``,
with a resourceVersion precondition, in the same write as the finalizer). An intent that this very process wrote
and has not used yet is fresh: the create goes out without a look-up. Any other intent without a result has an
unknown outcome: look up by the ownership mark, adopt what is found, and only after a grace time, in which a new
thing may not be listed yet, write the intent anew and create.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired.names import FINALIZER, PENDING
from switchboard_operator.errors import Conflict, NotReady, Upstream
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from switchboard_operator.ports import Clock, Cluster

GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Intent:
    """What was about to be created.

    Attributes:
        at: when the intent was written.
        subject: what exactly, such as the phone number to buy; "" when the mark says it all.
        fresh: written by this process and not used yet.
        generation: of the manifest that it follows from; 0 when that is not known.
        text: the annotation itself.
    """

    at: datetime
    subject: str
    fresh: bool
    generation: int = 0
    text: str = ""


class Intents:
    """Reads, writes and uses up intents.

    Args:
        cluster: where they are written.
        clock: stamps them.
        remember: takes the stored resource in, so that the next pass sees the intent.
        token: gives a new random text for each intent; it tells this process's intents from others'.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        clock: Clock,
        remember: Callable[[Mapping[str, Any]], None],
        token: Callable[[], str],
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._remember = remember
        self._token = token
        self._fresh: dict[str, int] = {}
        self._unresolved_since: dict[str, float] = {}

    def read(self, resource: Any) -> Intent | None:
        """The resource's intent; None where there is none, or an unused one of ours that the manifest outgrew."""
        text = resource.metadata.annotations.get(PENDING)
        if text is None:
            return None
        at, subject, generation = parse_intent(text)
        unused_for = self._fresh.get(text)
        if unused_for is not None and unused_for != resource.generation:
            return None
        if unused_for is None:
            self._unresolved_since.setdefault(text, self._clock.monotonic())
        return Intent(
            at=at or resource.metadata.creation_timestamp,
            subject=subject,
            fresh=unused_for is not None,
            generation=generation,
            text=text,
        )

    def new(self, *, subject: str = "", generation: int = 1) -> str:
        """The annotation's value for an intent of now, fresh from before it is written.

        The watch may show the written intent before the write's own answer is here.

        Args:
            subject: what exactly will be created.
            generation: of the manifest that it follows from; for another one it is not fresh.
        """
        content = {"at": self._clock.now().isoformat(), "token": self._token(), "generation": generation}
        text = json.dumps(content | ({"subject": subject} if subject else {}))
        self._fresh[text] = generation
        return text

    async def write(self, resource: Any, *, subject: str = "", fresh: bool = True) -> None:
        """Write an intent and the finalizer in one conditional patch; the next pass acts on it.

        Args:
            resource: what it is for.
            subject: what exactly will be created.
            fresh: False when the subject is there already: the next pass looks it up instead of creating it.

        Raises:
            Conflict: the resource changed since it was read; nothing may be created.
        """
        text = self.new(subject=subject, generation=resource.generation)
        if not fresh:
            self._fresh.pop(text)
        finalizers = list(dict.fromkeys([*resource.metadata.finalizers, FINALIZER]))
        stored = await self._cluster.patch(
            ref_to(resource),
            {"metadata": {"annotations": {PENDING: text}, "finalizers": finalizers}},
            resource_version=resource.metadata.resource_version,
        )
        if stored is None:
            raise Conflict("the resource is gone")
        self._remember(stored)

    @contextmanager
    def used(self, resource: Any) -> Iterator[None]:
        """A create goes out on the resource's intent: its outcome is unknown until it is recorded.

        Only where Twilio surely did nothing (refused, throttled, never reached) the intent stays fresh.
        """
        text = resource.metadata.annotations.get(PENDING, "")
        generation = self._fresh.pop(text, None)
        try:
            yield
        except NotReady as problem:
            unknown = isinstance(problem, Upstream) and problem.outcome_unknown
            if generation is not None and not unknown:
                self._fresh[text] = generation
            raise
        finally:  # a slow create may have been done as late as now
            self._unresolved_since[text] = self._clock.monotonic()

    def grace_left(self, intent: Intent) -> float:
        """Seconds in which a thing created on this intent may not be listed yet.

        They count from the end of this process's last try, or from when it first saw what another left.
        """
        now = self._clock.monotonic()
        return GRACE_SECONDS - (now - self._unresolved_since.get(intent.text, now))

    async def release(self, resource: Any) -> None:
        """Take the finalizer away: nothing at Twilio waits for this resource any more."""
        rest = [name for name in resource.metadata.finalizers if name != FINALIZER]
        await self._cluster.patch(
            ref_to(resource),
            {"metadata": {"finalizers": rest}},
            resource_version=resource.metadata.resource_version,
        )


def parse_intent(text: str) -> tuple[datetime | None, str, int]:
    """Time, subject and generation of an intent's annotation; one that was edited by hand says nothing."""
    try:
        content = json.loads(text)
        return datetime.fromisoformat(content["at"]), str(content.get("subject", "")), int(content.get("generation", 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "", 0


def ref_to(resource: Any) -> Ref:
    """The reference of a resource of our own kinds."""
    return Ref(resource.kind, resource.namespace, resource.name)
