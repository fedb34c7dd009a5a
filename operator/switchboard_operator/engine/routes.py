"""Who must be looked at when something changed: the edges between our kinds, as pure look-ups in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_operator.engine.queue import Lane
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.intents import ref_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchboard_operator.engine.store import Store


def add_indexes(store: Store) -> None:
    """Declare the indexes that routes and reconcilers ask."""
    store.add_index("TwilioAccount", "secret", lambda a: [a.spec.credentials_secret_ref.name])
    store.add_index("Tenant", "uid", lambda t: [t.uid])
    store.add_index("Tenant", "slug", lambda t: [t.slug])
    store.add_index("Tenant", "plan", lambda t: [t.spec.plan_ref.name])
    store.add_index("Tenant", "account", lambda t: [t.spec.account_ref.name] if t.spec.account_ref else [])
    store.add_index("Tenant", "subaccount", _subaccount_of)
    store.add_index("Tenant", "assistant", _assistant_of)
    store.add_index("Tenant", "engine", _engine_of)
    store.add_index("TwilioSubaccount", "account", lambda s: [s.spec.account_ref.name])
    store.add_index("BotNumber", "tenant", lambda n: [f"{n.namespace}/{n.spec.tenant_ref.name}"])
    store.add_index("BotNumber", "sid", lambda n: [n.status.sid] if n.status.sid else [])
    store.add_index("BotNumber", "assistant", _assistant_of_number)
    store.add_index("Assistant", "configmap", _config_maps_of)


def _engine_of(tenant: Any) -> Iterable[str]:
    storage = tenant.spec.runtime.storage
    return ["postgres"] if storage and storage.postgres else []


def _subaccount_of(tenant: Any) -> Iterable[str]:
    return [f"{tenant.namespace}/{tenant.subaccount_name}"]


def _assistant_of(tenant: Any) -> Iterable[str]:
    ref = tenant.spec.bot.assistant_ref
    return [f"{tenant.namespace}/{ref.name}"] if ref else []


def _assistant_of_number(number: Any) -> Iterable[str]:
    ref = number.spec.assistant_ref
    return [f"{number.namespace}/{ref.name}"] if ref else []


def _config_maps_of(assistant: Any) -> Iterable[str]:
    spec = assistant.spec
    named = [*([spec.catalogue] if spec.catalogue else []), *(spec.knowledge or [])]
    return sorted({f"{assistant.namespace}/{one.config_map_ref.name}" for one in named})


def dependents(store: Store, former: Any | None, current: Any | None) -> Iterator[tuple[Ref, Lane]]:
    """The resources that a change of one concerns.

    Args:
        store: where they are looked up.
        former: the resource before, None when it is new.
        current: the resource now, None when it is gone.
    """
    changed = current if current is not None else former
    if changed is None or not _matters(former, current):
        return
    lane = Lane.USER
    match changed.kind:
        case "TwilioAccount":
            yield from _of_account(store, former, current, changed.name)
        case "Plan":
            yield from _each(store, "Tenant", "plan", changed.name, lane)
        case "Tenant":
            key = f"{changed.namespace}/{changed.name}"
            yield from _each(store, "BotNumber", "tenant", key, lane)
            yield from _each(store, "Tenant", "slug", changed.slug, lane, but=changed)
        case "TwilioSubaccount":
            yield from _of_subaccount(store, changed)
        case "BotNumber":
            yield Ref("Tenant", changed.namespace, changed.spec.tenant_ref.name), lane
            if current is None and changed.status.sid:
                yield from _each(store, "BotNumber", "sid", changed.status.sid, lane)
        case "Assistant":
            yield from _of_assistant(store, changed)


def _matters(former: Any | None, current: Any | None) -> bool:
    """Whether anything that others look at changed: manifest, being there, or what the status says."""
    if former is None or current is None:
        return True
    return bool(
        former.generation != current.generation
        or former.deleting != current.deleting
        or former.status != current.status
        or former.metadata.annotations != current.metadata.annotations
    )


def _each(
    store: Store, kind: str, index: str, value: str, lane: Lane, *, but: Any | None = None
) -> Iterator[tuple[Ref, Lane]]:
    for found in store.find(kind, index, value):
        if but is None or found.uid != but.uid:
            yield ref_to(found), lane


def _of_account(store: Store, former: Any | None, current: Any | None, name: str) -> Iterator[tuple[Ref, Lane]]:
    """All that is in an account when its manifest changed (domain, endpoint), else what waits for it."""
    edited = former is not None and current is not None and former.generation != current.generation
    for kind in ("TwilioSubaccount", "Tenant"):
        yield from _each(store, kind, "account", name, Lane.RETRY) if edited else _unwell(store, kind, "account", name)


def _unwell(store: Store, kind: str, index: str, value: str) -> Iterator[tuple[Ref, Lane]]:
    for found in store.find(kind, index, value):
        if not found.status.holds("Ready"):
            yield ref_to(found), Lane.RETRY


def _of_subaccount(store: Store, changed: Any) -> Iterator[tuple[Ref, Lane]]:
    for tenant in store.find("Tenant", "subaccount", f"{changed.namespace}/{changed.name}"):
        yield ref_to(tenant), Lane.USER
        key = f"{tenant.namespace}/{tenant.name}"
        for number in store.find("BotNumber", "tenant", key):
            if not number.status.holds("Ready"):
                yield ref_to(number), Lane.USER


def _of_assistant(store: Store, changed: Any) -> Iterator[tuple[Ref, Lane]]:
    key = f"{changed.namespace}/{changed.name}"
    yield from _each(store, "Tenant", "assistant", key, Lane.USER)
    for number in store.find("BotNumber", "assistant", key):
        yield Ref("Tenant", number.namespace, number.spec.tenant_ref.name), Lane.USER
