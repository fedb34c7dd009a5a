"""A tenant in PostgreSQL: one role and one Secret, whatever is lost on the way, and nothing of another's touched."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.desired.database import login_of, new_login
from switchboard_operator.errors import NotReady, Stalled, Upstream, Waiting
from switchboard_operator.ports import Login, Ref
from switchboard_operator.reconcile.databases import OVERLAP
from tests.support.smallworld import (
    INTERVAL,
    NAMESPACE,
    SYSTEM,
    SmallWorld,
    account_manifest,
    assistant_manifest,
    database_secret,
    manifest,
    number_manifest,
    tenant_manifest,
)

TENANT = Ref("Tenant", NAMESPACE, "acme")
SECRET = Ref("Secret", NAMESPACE, "bot-acme-database")
ADMIN = Ref("Secret", SYSTEM, "database")
DEPLOYMENT = Ref("Deployment", NAMESPACE, "bot-acme")
AWAY = Upstream(reasons.DATABASE_UNAVAILABLE, "PostgreSQL: ConnectionRefusedError")
REFUSED = Stalled(reasons.DATABASE_REFUSED, "PostgreSQL says InvalidPasswordError (28P01)", after=60.0)


def parts(**runtime: Any) -> list[dict[str, Any]]:
    """A tenant in PostgreSQL, whole."""
    kept = {"storage": {"postgres": {}}} | runtime
    return [
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}, runtime=kept),
        number_manifest(),
    ]


async def served(world: SmallWorld | None = None, **runtime: Any) -> SmallWorld:
    """A world with such a tenant, Ready."""
    world = world or SmallWorld()
    if ADMIN not in world.cluster.objects:
        world.cluster.put(database_secret())
    world.apply(*parts(**runtime))
    await world.settle(90)
    if DEPLOYMENT in world.cluster.objects:
        world.roll_out()
        await world.settle(30)
    return world


def condition(world: SmallWorld, kind: str = "DatabaseReady") -> tuple[str, str]:
    """Status and reason."""
    found = world.live("Tenant", "acme").status.condition(kind)
    return found.status, found.reason


def url(world: SmallWorld) -> str:
    """The URL in the tenant's Secret."""
    return base64.b64decode(world.cluster.stored(SECRET)["data"]["databaseUrl"]).decode()


def login(world: SmallWorld) -> Login:
    """The login in it."""
    found = login_of(world.live("Tenant", "acme").uid, url(world))
    assert found is not None
    return found


def roles(world: SmallWorld) -> dict[tuple[str, str], str]:
    """What the database should hold: the tenant's role with its password, and no other."""
    kept = login(world)
    return {(world.live("Tenant", "acme").uid, kept.role): kept.password}


async def test_a_role_of_its_own_and_its_url_in_a_secret() -> None:
    """Ready, one role, the URL of the admin's server with nothing of the admin's, mounted beside the credentials."""
    world = await served()
    pod = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]
    sources = next(each for each in pod["volumes"] if each["name"] == "credentials")["projected"]["sources"]

    assert condition(world) == condition(world, "Ready") == ("True", "Succeeded")
    assert world.database.roles == roles(world)
    assert url(world).startswith(f"postgresql://{login(world).role}:")
    assert url(world).endswith("@db.example.com/switchboard")
    assert [each["secret"]["name"] for each in sources] == ["acme-twilio", "bot-acme-database"]
    assert world.cluster.stored(SECRET)["metadata"]["ownerReferences"][0]["uid"] == world.live("Tenant", "acme").uid
    assert not world.cluster.of_kind("PersistentVolumeClaim")


async def test_several_pods_serve_it() -> None:
    """What a file cannot do: and a tenant in a file stays at one pod whatever its plan says."""
    world = await served(replicas=3)
    other = SmallWorld()
    given = [each for each in parts() if each["kind"] not in {"Plan", "Tenant"}]
    other.apply(*given, manifest("Plan", "basic", {"runtime": {"replicas": 3}}), tenant_manifest())
    await other.settle(60)

    assert world.cluster.stored(DEPLOYMENT)["spec"]["replicas"] == 3
    assert other.cluster.stored(DEPLOYMENT)["spec"]["replicas"] == 1


async def test_a_settled_tenant_costs_nothing() -> None:
    """No write anywhere over intervals and a restart; after a restart not even a look before its turn."""
    world = await served()
    await world.settle(INTERVAL * 3)
    writes, calls = len(world.cluster.writes), len(world.database.calls)
    await world.settle(INTERVAL * 2)
    looks = world.database.calls[calls:]
    await world.restart()
    await world.settle(1)
    at_start = world.database.calls[calls + len(looks) :]
    await world.settle(INTERVAL * 2)

    assert world.cluster.writes[writes:] == []
    assert {verb for verb, _ in looks} == {"logs_in", "drop_roles"}
    assert at_start == []
    assert world.database.roles == roles(world)


LOST = st.sampled_from([None, None, "before", "after"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    writes=st.lists(LOST, max_size=30), calls=st.lists(LOST, max_size=6), crashes=st.lists(st.booleans(), max_size=3)
)
async def test_whatever_is_lost_there_is_one_role(writes: list[Any], calls: list[Any], crashes: list[bool]) -> None:
    """Answers of API server and database lost before or after any act, and kill -9: never a second role is made."""
    world = SmallWorld()
    world.cluster.put(database_secret())
    world.apply(*parts())
    world.cluster.faults[""].extend(writes)
    world.database.faults.extend(when and (when, AWAY) for when in calls)
    for crash in crashes:
        await world.settle(4)
        if crash:
            await world.restart()
    world.cluster.faults[""].clear()
    world.database.faults.clear()
    await world.restart()
    await world.settle(1200)
    world.roll_out()
    await world.settle(60)

    assert condition(world, "Ready") == ("True", "Succeeded")
    assert world.database.roles == roles(world)
    assert len(world.database.made) == 1


async def test_with_the_tenant_its_role_goes() -> None:
    """After it nothing is left at the server; while the server is away the tenant waits for it."""
    world = await served()
    world.database.faults.extend([("before", AWAY)] * 3)
    await world.cluster.delete(TENANT)
    await world.settle(1)
    held = TENANT in world.cluster.objects
    waiting = condition(world, "Ready")
    await world.settle(120)

    assert held
    assert waiting == ("False", "DatabaseUnavailable")
    assert TENANT not in world.cluster.objects
    assert world.database.roles == {}


async def test_a_tenant_whose_database_is_gone_for_good_can_be_let_go() -> None:
    """The message names the finalizer; nothing is dropped silently."""
    world = await served()
    await world.cluster.delete(ADMIN)
    world.secret_changed(ADMIN)
    await world.cluster.delete(TENANT)
    await world.settle(30)
    told = world.live("Tenant", "acme").status.condition("Ready")

    assert told.reason == "DatabaseNotConfigured"
    assert names.DATABASE_FINALIZER in told.message


async def test_a_tenant_that_never_got_a_role_can_be_deleted_at_once() -> None:
    """The finalizer comes with the first role, so that a mistake is no trap."""
    world = SmallWorld()
    world.apply(*parts())
    await world.settle(30)
    await world.cluster.delete(TENANT)
    await world.settle(1)

    assert TENANT not in world.cluster.objects


async def test_a_deleted_secret_is_a_new_password_without_a_gap() -> None:
    """Both roles work while pods follow the new one; then the former one ends."""
    world = await served()
    await world.settle(INTERVAL * 2)
    former = login(world)
    await world.cluster.delete(SECRET)
    await world.settle(INTERVAL + 1)
    both = world.database.of(world.live("Tenant", "acme").uid)
    await world.settle(INTERVAL + OVERLAP + 1)

    assert sorted(both) == sorted([former.role, login(world).role])
    assert former.role != login(world).role
    assert world.database.roles == roles(world)
    assert len(world.cluster.of_kind("ConfigMap")) == 1


async def test_a_password_changed_at_the_server_is_corrected() -> None:
    """Drift: the Secret is what pods read, so the server follows it."""
    world = await served()
    uid = world.live("Tenant", "acme").uid
    world.database.roles[uid, login(world).role] = "changed by hand"
    await world.settle(INTERVAL + 1)

    assert world.database.roles == roles(world)


@pytest.mark.parametrize(
    "forged",
    [
        "postgresql://swb_0123456789abcdef_00000000:{password}@db.example.com/switchboard",
        "postgresql://platform:{password}@db.example.com/switchboard",
        "postgresql://x'; DROP ROLE platform; --:{password}@db.example.com/switchboard",
        "nonsense",
        "",
    ],
)
async def test_a_forged_secret_changes_no_role_of_others(forged: str) -> None:
    """Who may write Secrets in a namespace gains nothing: the operator acts for the roles of this very tenant alone."""
    world = await served()
    former = login(world)
    text = forged.format(password="a" * 40)
    world.cluster.touch(SECRET, {"data": {"databaseUrl": base64.b64encode(text.encode()).decode()}})
    await world.settle(INTERVAL + 1)

    assert world.database.made == {former.role, login(world).role}
    assert world.database.roles.keys() == {(world.live("Tenant", "acme").uid, role) for role in world.database.made}


async def test_another_secret_of_that_name_is_never_overwritten() -> None:
    """It is named, and nothing is made at the server."""
    world = SmallWorld()
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET.name, "namespace": NAMESPACE}}
    world.cluster.put(theirs | {"data": {"x": "eA=="}})
    await served(world)

    assert condition(world) == ("False", "SecretConflict")
    assert world.cluster.stored(SECRET)["data"] == {"x": "eA=="}
    assert not world.database.roles


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        (None, "does not exist"),
        (database_secret(url=""), "key url is missing"),
        (database_secret(url="mysql://u:p@h/d"), "not of the form"),
        (database_secret(url="postgresql://u:hunter2@/d"), "not of the form"),
        (database_secret(url="postgresql://host/d"), "not of the form"),
        (database_secret(url="postgresql://u:hunter2@host"), "not of the form"),
        (database_secret(url="postgresql://u:hunter2@host:port/d"), "has a port that is no number from 1 to 65535"),
        (database_secret(url="postgresql://u:hunter2@a:5432,b:99999/d"), "has a port that is no number"),
    ],
)
async def test_what_is_wrong_with_the_admins_secret_is_said(secret: dict[str, Any] | None, named: str) -> None:
    """Key, form and cure, no value; and as soon as it is right the tenant goes on."""
    world = SmallWorld()
    if secret is not None:
        world.cluster.put(secret)
    world.apply(*parts())
    await world.settle(30)
    told = world.live("Tenant", "acme").status.condition("DatabaseReady")
    world.cluster.put(database_secret())
    world.secret_changed(ADMIN)
    await world.settle(30)

    assert told.reason == "DatabaseNotConfigured"
    assert named in told.message
    assert "hunter2" not in told.message
    assert condition(world) == ("True", "Succeeded")


@pytest.mark.parametrize(("problem", "kind"), [(AWAY, "Reconciling"), (REFUSED, "Stalled")])
async def test_a_server_that_is_away_or_refuses_is_told_apart(problem: NotReady, kind: str) -> None:
    """Back-off by itself, or a human; either way it goes on when the server is well."""
    world = SmallWorld()
    world.cluster.put(database_secret())
    world.database.faults.append(("before", problem))
    world.apply(*parts())
    await world.settle(0.1)
    for _ in range(20):
        await world.settle(0.2)
        if world.live("Tenant", "acme").status.condition("DatabaseReady"):
            break
    told = (condition(world), world.live("Tenant", "acme").status.holds(kind))
    await world.settle(120)

    assert told == (("False", problem.reason), True)
    assert condition(world) == ("True", "Succeeded")


async def test_the_schema_is_brought_forward_by_the_runtimes_own_image_before_anything_else() -> None:
    """While that lasts no role and no pod is made; one pod an image, kept as the record of it."""
    world = SmallWorld()
    world.migration = None
    await served(world)
    (pod,) = world.cluster.of_kind("Pod")
    waiting = condition(world), dict(world.database.roles), DEPLOYMENT in world.cluster.objects
    world.migration = {"phase": "Succeeded"}
    await world.settle(30)

    assert waiting == (("False", "MigrationPending"), {}, False)
    assert pod["metadata"]["namespace"] == SYSTEM
    assert pod["spec"]["containers"][0]["image"] == "registry.example.com/runtime:1"
    assert pod["spec"]["containers"][0]["args"] == ["migrate"]
    assert "admins-own" not in json.dumps(pod)
    assert condition(world) == ("True", "Succeeded")


async def test_a_new_image_migrates_before_it_is_rolled_out() -> None:
    """Bots of the former image go on meanwhile."""
    world = await served()
    world.migration = None
    world.image = "registry.example.com/runtime:2"
    await world.restart()
    await world.settle(30)
    meanwhile = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    world.migration = {"phase": "Succeeded"}
    await world.settle(30)
    (after,) = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]

    assert meanwhile == "registry.example.com/runtime:1"
    assert after["image"] == "registry.example.com/runtime:2"


def ended(words: str) -> dict[str, Any]:
    """The status of a pod that failed with these words."""
    state = {"terminated": {"exitCode": 78, "message": words}}
    return {"phase": "Failed", "containerStatuses": [{"name": "migrate", "state": state}]}


async def test_a_migration_that_failed_is_told_in_its_own_words_and_tried_again() -> None:
    """Each minute, by a pod anew."""
    world = SmallWorld()
    world.migration = ended("switchboard-runtime: admin DSN: PostgreSQL says InsufficientPrivilegeError (42501)\n")
    await served(world)
    told = world.live("Tenant", "acme").status.condition("DatabaseReady")
    world.migration = {"phase": "Succeeded"}
    await world.settle(120)

    assert told.reason == "MigrationFailed"
    assert told.message.endswith("admin DSN: PostgreSQL says InsufficientPrivilegeError (42501)")
    assert condition(world) == ("True", "Succeeded")


async def test_a_schema_that_is_newer_is_said_and_left_to_the_runtime() -> None:
    """Going back to an older version must not stop what still works; the runtime itself refuses what it cannot use."""
    world = SmallWorld()
    world.migration = ended("switchboard-runtime: schema: is 9, this program knows 2; upgrade the program\n")
    await served(world)

    assert condition(world) == ("True", "SchemaNewer")
    assert condition(world, "Ready") == ("True", "Succeeded")


async def test_a_schema_that_is_lost_is_made_again() -> None:
    """A database made anew under the same name."""
    world = await served()
    world.database.roles.clear()
    world.database.faults.append(("before", Waiting(reasons.SCHEMA_MISSING, "PostgreSQL says …", after=2.0)))
    await world.settle(INTERVAL + 30)

    assert [verb for verb, ref in world.cluster.writes if ref.kind == "Pod"] == ["create", "delete", "create"]
    assert world.database.roles == roles(world)


async def test_the_admin_may_move_the_database() -> None:
    """The same role and password at the new place; the tenant's Secret follows."""
    world = await served()
    former = login(world)
    world.database.roles.clear()
    world.cluster.put(
        database_secret(url="postgres://other:pw@a.example.com:5433,b.example.com/moved?sslmode=require&user=x")
    )
    world.secret_changed(ADMIN)
    await world.settle(30)
    rules = world.cluster.stored(Ref("NetworkPolicy", NAMESPACE, "bot-acme"))["spec"]["egress"]

    assert login(world) == former
    assert url(world).endswith("@a.example.com:5433,b.example.com/moved?sslmode=require")
    assert world.database.roles == roles(world)
    assert [each["port"] for each in rules[-1]["ports"]] == [5433, 5432]


async def test_a_private_authority_goes_along() -> None:
    """With ca.crt the server is verified by it, by the migration and by every pod."""
    world = SmallWorld()
    world.cluster.put(database_secret(**{"ca.crt": "-----BEGIN CERTIFICATE-----"}))
    await served(world)
    data = world.cluster.stored(SECRET)["data"]
    (pod,) = world.cluster.of_kind("Pod")

    assert base64.b64decode(data["databaseCa"]).decode() == "-----BEGIN CERTIFICATE-----"
    assert "sslmode=verify-full&sslrootcert=/etc/switchboard/credentials/acme/databaseCa" in url(world)
    assert {"name": "PGSSLMODE", "value": "verify-full"} in pod["spec"]["containers"][0]["env"]


async def test_no_secret_is_in_a_status_an_event_or_any_other_object() -> None:
    """Neither the admin's DSN nor the tenant's password."""
    world = await served()
    password = login(world).password
    others = [body for ref, body in world.cluster.objects.items() if ref.kind != "Secret"]

    assert password not in json.dumps(others)
    assert "admins-own" not in json.dumps(others)
    assert any(body["kind"] == "Event" and body["reason"] == "DatabaseRoleMade" for body in others)


async def test_a_database_of_ones_own_is_not_served() -> None:
    """And said so, with what to do."""
    world = await served(storage={"postgres": {"secretRef": {"name": "mine"}}})

    assert condition(world, "Ready") == ("False", "StorageNotAvailable")


def test_a_login_is_known_by_its_tenant_alone() -> None:
    """The name says whose it is."""
    made = new_login("one", token=lambda n: "ab" * n, password=lambda: "p" * 43)
    text = f"postgresql://{made.role}:{made.password}@h/d"

    assert login_of("one", text) == made
    assert login_of("two", text) is None
