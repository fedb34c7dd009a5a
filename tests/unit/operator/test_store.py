"""What was last seen of our kinds, and who is looked at when something changed."""

from typing import Any

import pytest

from switchboard_operator.engine.queue import Lane
from switchboard_operator.engine.routes import add_indexes, dependents
from switchboard_operator.engine.store import Store
from switchboard_operator.ports import Ref
from tests.support.smallworld import (
    NAMESPACE,
    account_manifest,
    assistant_manifest,
    manifest,
    number_manifest,
    subaccount_manifest,
    tenant_manifest,
)

READY = {"type": "Ready", "status": "True", "reason": "Succeeded", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def stored(body: dict[str, Any], *, version: int = 1, created: int = 0, **more: Any) -> dict[str, Any]:
    """A manifest as the API server hands it out; ``more`` is metadata, and ``status``."""
    status = more.pop("status", {})
    meta = {
        "uid": f"uid-{body['metadata']['name']}",
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
    } | more
    return body | {"metadata": body["metadata"] | meta, "status": status}


@pytest.fixture
def store() -> Store:
    """A store with the operator's indexes."""
    made = Store()
    add_indexes(made)
    return made


TENANT = Ref("Tenant", NAMESPACE, "acme")


def tenant_in(store: Store) -> Any:
    """The tenant as last seen."""
    return store.get(TENANT)


def test_a_newer_version_wins_whenever_it_comes(store: Store) -> None:
    """A late event never takes back what our own write's answer told, even from 9 to 10."""
    store.put(stored(tenant_manifest(displayName="new"), version=10))
    former, current = store.put(stored(tenant_manifest(displayName="old"), version=9))

    assert former is current
    assert tenant_in(store).spec.display_name == "new"


def test_the_same_version_is_no_news(store: Store) -> None:
    """The watch's echo of our own write wakes nobody."""
    store.put(stored(tenant_manifest()))
    former, current = store.put(stored(tenant_manifest()))

    assert former is current


def test_a_late_answer_does_not_bring_back_the_dead(store: Store) -> None:
    """A deleted object stays deleted; its successor of the same name is another."""
    store.put(stored(tenant_manifest()))
    store.remove(stored(tenant_manifest(), version=3))
    store.put(stored(tenant_manifest(), version=2))
    assert store.get(TENANT) is None
    store.put(stored(tenant_manifest(), version=4, uid="uid-second"))

    assert tenant_in(store).uid == "uid-second"


def test_a_late_removal_does_not_take_the_successor(store: Store) -> None:
    """The former life's DELETED event, coming late, leaves the new life alone."""
    store.put(stored(tenant_manifest(), uid="uid-first"))
    store.put(stored(tenant_manifest(), version=4, uid="uid-second"))

    assert store.remove(stored(tenant_manifest(), version=3, uid="uid-first")) is None
    assert tenant_in(store).uid == "uid-second"


def test_indexes_follow_changes_and_removals(store: Store) -> None:
    """What is found under a value is what has it now."""
    store.put(stored(tenant_manifest(slug="one")))
    store.put(stored(tenant_manifest(slug="two"), version=2))
    assert store.find("Tenant", "slug", "one") == []
    assert [t.name for t in store.find("Tenant", "slug", "two")] == ["acme"]
    store.remove(stored(tenant_manifest(slug="two"), version=3))

    assert store.find("Tenant", "slug", "two") == []


def test_the_oldest_comes_first_and_the_uid_decides_between_equals(store: Store) -> None:
    """Who keeps a slug does not depend on the order in which events came."""
    for name, created in (("c", 2), ("b", 1), ("a", 1), ("d", 0)):
        store.put(stored(tenant_manifest(name, slug="same"), created=created))

    assert [t.name for t in store.find("Tenant", "slug", "same")] == ["d", "a", "b", "c"]


def fleet(store: Store) -> None:
    """A tenant with subaccount, number and assistant, and an unrelated tenant."""
    for body in (
        account_manifest(),
        manifest("Plan", "basic"),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}),
        subaccount_manifest(),
        number_manifest(assistantRef={"name": "help"}),
        assistant_manifest(),
        assistant_manifest("help"),
        manifest("Plan", "other"),
        tenant_manifest("other", planRef={"name": "other"}, accountRef={"name": "second"}),
    ):
        store.put(stored(body))


def refs(found: Any) -> set[str]:
    """Who is woken."""
    return {f"{ref.kind} {ref.name}" for ref, _ in found}


@pytest.mark.parametrize(
    ("changed", "woken"),
    [
        (manifest("Plan", "basic"), {"Tenant acme"}),
        (account_manifest(domain="new.example.com"), {"Tenant acme", "TwilioSubaccount acme"}),
        (tenant_manifest(displayName="X"), {"BotNumber line"}),
        (subaccount_manifest(state="Suspended"), {"Tenant acme", "BotNumber line"}),
        (number_manifest(primary=True), {"Tenant acme"}),
        (assistant_manifest(instructions="x"), {"Tenant acme"}),
        (assistant_manifest("help", instructions="x"), {"Tenant acme"}),
        (assistant_manifest("nobody"), set()),
    ],
)
def test_a_new_manifest_wakes_who_depends_on_it(store: Store, changed: dict[str, Any], woken: set[str]) -> None:
    """Each edge between kinds, and nobody else."""
    fleet(store)
    former, current = store.put(stored(changed, version=2, generation=2))

    assert refs(dependents(store, former, current)) == woken


def test_a_new_manifest_of_an_account_wakes_those_that_are_well(store: Store) -> None:
    """A domain or an endpoint that changes reaches tenants that are Ready; a new count of subaccounts does not."""
    well = {"observedGeneration": 1, "conditions": [READY]}
    store.put(stored(account_manifest()))
    store.put(stored(tenant_manifest(), status=well))
    counted = store.put(stored(account_manifest(), version=2, status={"subaccounts": 1}))
    assert refs(dependents(store, *counted)) == set()
    changed = store.put(stored(account_manifest(domain="new.example.com"), version=3, generation=2))

    assert refs(dependents(store, *changed)) == {"Tenant acme"}


def test_what_others_do_not_look_at_wakes_nobody(store: Store) -> None:
    """A new label or version alone is no reason for a pass."""
    fleet(store)
    former, current = store.put(stored(tenant_manifest(), version=2, labels={"team": "a"}))

    assert refs(dependents(store, former, current)) == set()


def test_a_freed_slug_and_a_freed_number_wake_their_rivals(store: Store) -> None:
    """Who waited for a name gets it when its owner goes."""
    store.put(stored(tenant_manifest("first", slug="same")))
    store.put(stored(tenant_manifest("second", slug="same"), created=1))
    gone = store.remove(stored(tenant_manifest("first", slug="same"), version=2))
    assert refs(dependents(store, gone, None)) == {"Tenant second"}
    status = {"sid": "PN1"}
    store.put(stored(number_manifest("one"), status=status))
    store.put(stored(number_manifest("two"), status=status, created=1))
    gone = store.remove(stored(number_manifest("one"), version=2))

    assert "BotNumber two" in refs(dependents(store, gone, None))


def test_lanes_tell_urgency(store: Store) -> None:
    """What a user waits for goes before what merely may go better now."""
    fleet(store)
    former, current = store.put(stored(account_manifest(), version=2, status={"conditions": [READY]}))

    assert {lane for _, lane in dependents(store, former, current)} == {Lane.RETRY}
