"""What assistants are made of, from ConfigMaps and Secrets of their namespace, checked before anything rolls out."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import thinking
from switchboard_operator.desired.scripts import check_script
from switchboard_operator.errors import Invalid, Stalled, Waiting
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_operator.api import Assistant
    from switchboard_operator.desired.egress import Egress
    from switchboard_operator.desired.thinking import Text
    from switchboard_operator.ports import Clock, Cluster
    from switchboard_operator.reconcile.catalogues import Catalogues

    Fault = Callable[[bytes], str | None]

_RECHECK = 15.0


@dataclass(frozen=True, slots=True)
class Material:
    """What an assistant speaks of.

    Attributes:
        products: of its catalogue.
        texts: that it may quote.
    """

    products: list[dict[str, Any]]
    texts: list[Text]


@dataclass(slots=True, kw_only=True)
class Assistants:
    """Checks assistants and gathers what they need.

    Attributes:
        cluster: where Secrets are.
        catalogues: reads ConfigMaps.
        egress: where they may call.
        clock: for how long a Secret that was right is not looked at again.
        lifetime: seconds for which it is not.
    """

    cluster: Cluster
    catalogues: Catalogues
    egress: Egress
    clock: Clock
    lifetime: float
    _right: dict[tuple[Ref, str, Fault | None], float] = field(default_factory=dict)

    async def material(self, assistant: Assistant) -> Material:
        """What the assistant speaks of, once everything that it names is there and may be used.

        Raises:
            Invalid: its script, its catalogue or all of its models cannot be used.
            Waiting: a ConfigMap or Secret is missing.
            Stalled: a Secret lacks its key, or a host is not allowed.
        """
        check_script(assistant)
        if assistant.spec.script is None and not thinking.thinks(assistant):
            raise Invalid(
                reasons.MODEL_NOT_AVAILABLE,
                f"Assistant {assistant.name}, spec.model.provider: none of its providers is served; use "
                f"{', '.join(sorted(thinking.PROVIDERS))}, or give it a script",
            )
        self.egress.check(assistant)
        products = await self.catalogues.products(assistant)
        texts = await self.catalogues.texts(assistant)
        for where, secret, key in thinking.needed_secrets([assistant]):
            await self.check_secret(assistant.namespace, where, secret, key)
        return Material(products, texts)

    async def check_secret(
        self, namespace: str, where: str, secret: str, key: str, *, fault: Fault | None = None
    ) -> None:
        """See that a Secret has a key, and that its value is of use.

        Args:
            namespace: where the Secret is.
            where: the field that names it.
            secret: its name.
            key: the key.
            fault: what is wrong with a value, without the value; None leaves it unread.

        Raises:
            Waiting: SecretNotFound.
            Stalled: SecretInvalid, with the key and the cure.
        """
        ref = Ref("Secret", namespace, secret)
        now = self.clock.monotonic()
        if now < self._right.get((ref, key, fault), 0.0):
            return
        stored = await self.cluster.get(ref)
        if stored is None:
            raise Waiting(
                reasons.SECRET_NOT_FOUND, f"{where}: no Secret {secret!r}; create it with the key {key}", after=_RECHECK
            )
        value = (stored.get("data") or {}).get(key)
        if not value:
            raise Stalled(
                reasons.SECRET_INVALID, f"{where}: Secret {secret!r} lacks the key {key}; add it", after=_RECHECK
            )
        wrong = fault(base64.b64decode(value)) if fault else None
        if wrong:
            raise Stalled(reasons.SECRET_INVALID, f"{where}: Secret {secret!r}, key {key} {wrong}", after=_RECHECK)
        self._right[ref, key, fault] = now + self.lifetime
