"""Tenant: its subaccount, its numbers, its bot and its address, composed of other resources."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import names, unserved
from switchboard_operator.desired.document import document_of, place_of
from switchboard_operator.desired.endpoints import signing_fault, signing_secrets
from switchboard_operator.desired.objects import TenantParts, config_revision, objects_of
from switchboard_operator.desired.subaccount import subaccount_of
from switchboard_operator.desired.thinking import secret_files, thinks
from switchboard_operator.errors import Invalid, NotReady, Stalled, Waiting
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.draft import Draft, Finding, Outcome, summarise
from switchboard_operator.reconcile.standings import CONDITION

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant, BotNumber, Plan, Tenant, TwilioAccount, TwilioSubaccount
    from switchboard_operator.desired.database import Reach
    from switchboard_operator.desired.document import Place
    from switchboard_operator.desired.objects import Routing
    from switchboard_operator.desired.runtime import RuntimeImage
    from switchboard_operator.ports import Clock, Cluster, Parent
    from switchboard_operator.reconcile.accounts import Accounts, Reader
    from switchboard_operator.reconcile.assistants import Assistants, Material
    from switchboard_operator.reconcile.children import Children
    from switchboard_operator.reconcile.databases import Databases
    from switchboard_operator.reconcile.standings import Standings
    from switchboard_operator.reconcile.subaccounts import Subaccounts

_RECHECK = 60.0
_ROLLOUT_RECHECK = 10.0
_FIRST_MOMENTS = 2.5


@dataclass(frozen=True, slots=True)
class Bot:
    """What answers: the assistants that are named, what they are made of, and the numbers that are there."""

    numbers: list[BotNumber]
    assistants: list[Assistant]
    material: dict[str, Material]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantReconciler:
    """Makes everything that a Tenant describes.

    Attributes:
        cluster: where Secrets of integrations are looked for.
        accounts: the parents.
        reader: the other resources.
        subaccounts: makes the tenant's TwilioSubaccount.
        assistants: what answers, checked.
        children: applies objects.
        databases: roles at PostgreSQL.
        standings: how the bots' assistants stand.
        image: the runtime's image.
        routing: how hosts are routed.
        domain: the operator's default domain, or None.
        clock: stamps conditions.
    """

    cluster: Cluster
    accounts: Accounts
    reader: Reader
    subaccounts: Subaccounts
    assistants: Assistants
    children: Children
    databases: Databases
    standings: Standings
    image: RuntimeImage
    routing: Routing
    domain: str | None
    clock: Clock

    async def reconcile(self, tenant: Tenant) -> Outcome[Any]:
        """One pass.

        Raises:
            Conflict: the subaccount changed meanwhile; begin again.
        """
        draft = Draft()
        draft.not_served(unserved.of_tenant(tenant))
        if tenant.deleting:
            return await self._end(tenant)
        if names.PAUSED in tenant.metadata.annotations:
            draft.ready = Finding("Unknown", reasons.PAUSED, f"annotation {names.PAUSED} is set")
            return Outcome(status=summarise(tenant, draft, None, now=self.clock.now()))
        problem: NotReady | None = None
        try:
            await self._make_true(tenant, draft)
        except NotReady as error:
            problem = error
        self._standing(tenant, draft)
        status = summarise(tenant, draft, problem, now=self.clock.now())
        after = self.databases.remaining(tenant) if _on_postgres(tenant) else None
        return Outcome(status=status, problem=problem, notices=tuple(draft.notices), after=after)

    def _standing(self, tenant: Tenant, draft: Draft) -> None:
        """What the bot says of its assistants; Ready does not hang on it, since people are answered all the same."""
        finding, notice = self.standings.finding(tenant), self.standings.notice(tenant)
        if finding is not None:
            draft.findings[CONDITION] = finding
        if notice is not None:
            draft.notices.append(notice)

    async def _end(self, tenant: Tenant) -> Outcome[Any]:
        """Its objects and its subaccount go by their owner references; a role at PostgreSQL has none."""
        if names.DATABASE_FINALIZER not in tenant.metadata.finalizers:
            return Outcome(status=tenant.status, finalized=True)
        draft = Draft(ready=Finding("False", reasons.DELETING, "being deleted"))
        try:
            await self.databases.release(tenant, draft)
        except NotReady as problem:
            status = summarise(tenant, draft, problem, now=self.clock.now())
            return Outcome(status=status, problem=problem)
        return Outcome(status=tenant.status, notices=tuple(draft.notices), finalized=True)

    async def _make_true(self, tenant: Tenant, draft: Draft) -> None:
        plan = self._plan(tenant)
        owner, parent = await self._account(tenant)
        place = place_of(tenant, owner.spec.domain or self.domain)
        with draft.step("RouteReady", f"https://{place.host}"):
            self._check_slug(tenant, place)
        draft.fields.update(host=place.host, url=place.url, plan=plan.name, accountName=owner.name)
        with draft.step("SubaccountReady"):
            sub = await self._subaccount(tenant)
            draft.fields["subaccountSid"] = sub.status.sid
        await self._check_integrations(tenant, draft)
        numbers, numbers_problem = self._numbers(tenant, draft)
        reach = await self._database(tenant, draft)
        with draft.step("RuntimeReady"):
            parts = await self._parts(tenant, plan, parent, place, sub, numbers, reach)
            draft.fields["configRevision"] = config_revision(parts.document)
            await self.children.ensure(tenant.uid, objects_of(parts), draft)
            self._check_rollout(tenant)
        if numbers_problem is not None:
            raise numbers_problem
        if tenant.spec.suspend:
            draft.ready = Finding("True", reasons.SUSPENDED, "suspended as asked; numbers stay billed")

    def _plan(self, tenant: Tenant) -> Plan:
        name = tenant.spec.plan_ref.name
        plan: Plan | None = self.reader.get(Ref("Plan", "", name))
        if plan is None:
            raise Waiting(
                reasons.PLAN_NOT_FOUND,
                f"spec.planRef.name: no Plan is named {name!r}; create it or correct the name",
            )
        return plan

    async def _account(self, tenant: Tenant) -> tuple[TwilioAccount, Parent]:
        ref = tenant.spec.account_ref
        if ref is None:
            sub = self.reader.get(Ref("TwilioSubaccount", tenant.namespace, tenant.subaccount_name))
            if sub is None:
                raise Waiting(
                    reasons.SUBACCOUNT_NOT_READY,
                    f"spec.twilio.subaccountRef: no TwilioSubaccount {tenant.subaccount_name!r}; create it",
                )
            ref = sub.spec.account_ref
        return await self.accounts.resolve(namespace=tenant.namespace, name=ref.name)

    def _check_slug(self, tenant: Tenant, place: Place) -> None:
        """The oldest Tenant keeps a host; the others say so. Of two of one second the one that has it keeps it."""
        rivals = self.reader.find("Tenant", "slug", place.slug)
        rivals.sort(key=lambda rival: (rival.metadata.creation_timestamp, not rival.status.holds("RouteReady")))
        for rival in rivals:
            if rival.uid == tenant.uid:
                return
            if self._host_of(rival) == place.host:
                raise Stalled(
                    reasons.SLUG_CONFLICT,
                    f"spec.slug: {place.host} belongs to an older Tenant; delete this one and create it with "
                    "another slug",
                )

    def _host_of(self, tenant: Tenant) -> str | None:
        """The host that a tenant asks for, as far as it can be told."""
        ref = tenant.spec.account_ref
        owner = self.reader.get(Ref("TwilioAccount", "", ref.name)) if ref else None
        domain = tenant.spec.domain or (owner.spec.domain if owner else None) or self.domain
        return f"{tenant.slug}.{domain}" if domain else None

    async def _subaccount(self, tenant: Tenant) -> TwilioSubaccount:
        sub: TwilioSubaccount | None
        if tenant.spec.twilio.subaccount_ref is None:
            sub = await self.subaccounts.ensure(tenant, subaccount_of(tenant))
        else:
            sub = self.reader.get(Ref("TwilioSubaccount", tenant.namespace, tenant.subaccount_name))
        if sub is None or not sub.status.holds("Ready"):
            ready = sub.status.condition("Ready") if sub else None
            stuck = sub is not None and sub.status.holds("Stalled")
            why = f": {ready.reason}: {ready.message}" if ready and ready.status == "False" else ""
            kind = Stalled if stuck else Waiting
            reason = ready.reason if stuck and ready else reasons.SUBACCOUNT_NOT_READY
            raise kind(reason, f"TwilioSubaccount {tenant.subaccount_name} is not ready{why}")
        return sub

    async def _check_integrations(self, tenant: Tenant, draft: Draft) -> None:
        if not tenant.spec.integrations:
            return
        with draft.step("IntegrationsReady"):
            for item in tenant.spec.integrations:
                if await self.cluster.get(Ref("Secret", tenant.namespace, item.secret_ref.name)) is None:
                    raise Waiting(
                        reasons.SECRET_NOT_FOUND,
                        f"spec.integrations {item.provider}: no Secret {item.secret_ref.name!r}; create it",
                        after=_RECHECK,
                    )

    async def _database(self, tenant: Tenant, draft: Draft) -> Reach | None:
        """The database that the tenant is kept in; None where that is a file of its own."""
        storage = tenant.spec.runtime.storage
        if storage is None or storage.postgres is None:
            return None
        if storage.postgres.secret_ref is not None:
            raise Invalid(
                reasons.STORAGE_NOT_AVAILABLE,
                "spec.runtime.storage.postgres.secretRef: a database of one's own is not served yet; leave it out for "
                "the platform's",
            )
        return await self.databases.ensure(tenant, draft)

    def _numbers(self, tenant: Tenant, draft: Draft) -> tuple[list[BotNumber], NotReady | None]:
        """The numbers that are there. One that is on its way is waited for, one that is stuck is not."""
        claimed = self.reader.find("BotNumber", "tenant", f"{tenant.namespace}/{tenant.name}")
        mine = [number for number in claimed if not number.deleting]
        held = [number for number in mine if number.status.sid and number.status.phone_number]
        oldest: dict[str, BotNumber] = {}
        for number in held:  # they come oldest first; of two that claim one number the younger says so itself
            oldest.setdefault(number.status.phone_number, number)
        held = sorted(oldest.values(), key=lambda n: (not n.spec.primary, n.metadata.creation_timestamp))
        draft.fields["numbers"] = [number.status.phone_number for number in held]
        draft.fields["estimatedMonthlyCost"] = _cost(held)
        problem: NotReady | None = None
        if not mine and (wait := self._first_moments(tenant)) > 0:
            raise Waiting(reasons.NUMBERS_NOT_READY, "its numbers may come with the same apply", after=wait)
        for number in mine:
            if number.status.holds("Ready") and number.status.observed_generation == number.generation:
                continue
            ready = number.status.condition("Ready")
            why = f": {ready.reason}: {ready.message}" if ready and ready.status == "False" else ""
            text = f"BotNumber {number.name} is not ready{why}"
            if not number.status.holds("Stalled") and number.status.sid is None:
                problem = Waiting(reasons.NUMBERS_NOT_READY, text)
                break
            problem = problem or Waiting(reasons.NUMBERS_NOT_READY, text, after=_RECHECK)
        finding = Finding("True", reasons.SUCCEEDED if mine else reasons.NO_NUMBERS, f"{len(held)} numbers")
        if problem is not None:
            finding = Finding("False", problem.reason, problem.message)
        draft.findings["NumbersReady"] = finding
        if problem is not None and problem.after is None:
            raise problem  # a roll-out without the number would only be followed by another
        return held, problem

    def _first_moments(self, tenant: Tenant) -> float:
        """Seconds in which the rest of the `kubectl apply` that brought the tenant may still be on its way.

        A roll-out without the numbers would only be followed by another. A clock that is off shortens the wait.
        """
        created = tenant.metadata.creation_timestamp
        age = (self.clock.now() - created).total_seconds() if created else _FIRST_MOMENTS
        return _FIRST_MOMENTS - age if age >= 0 else 0.0

    async def _parts(
        self,
        tenant: Tenant,
        plan: Plan,
        parent: Parent,
        place: Place,
        sub: TwilioSubaccount,
        numbers: list[BotNumber],
        reach: Reach | None,
    ) -> TenantParts:
        runtime, defaults = tenant.spec.runtime, plan.spec.runtime
        tier = runtime.tier or defaults.tier
        if tier != "Dedicated":
            raise Invalid(
                reasons.TIER_NOT_AVAILABLE, "spec.runtime.tier: Shared is not served yet; set it to Dedicated"
            )
        bot = await self._bot(tenant, numbers)
        await self._check_webhooks(tenant)
        document = document_of(
            tenant=tenant,
            plan=plan,
            place=place,
            account_sid=sub.status.sid or "",
            endpoint=parent.endpoint,
            numbers=bot.numbers,
            assistants=bot.assistants,
            products={name: material.products for name, material in bot.material.items()},
            texts={name: material.texts for name, material in bot.material.items()},
        )
        thinking = any(thinks(assistant) for assistant in bot.assistants)
        resources = runtime.resources or defaults.resources
        pods = (runtime.replicas or defaults.replicas or 1) if reach else 1  # a file has one writer
        return TenantParts(
            tenant=tenant,
            place=place,
            document=document,
            secret=sub.status.secret_name or names.secret_name(sub.name),
            endpoint=parent.endpoint,
            replicas=0 if tenant.spec.suspend else pods,
            resources=resources.manifest() if resources else None,
            image=self.image,
            routing=self.routing,
            database_ports=reach.ports if reach else None,
            keys=secret_files(bot.assistants, signing_secrets(tenant)),
            egress=self.assistants.egress if thinking or tenant.spec.webhooks else None,
        )

    async def _check_webhooks(self, tenant: Tenant) -> None:
        for endpoint in tenant.spec.webhooks:
            self.assistants.egress.check_url(f"spec.webhooks {endpoint.name}, url", endpoint.url)
        for where, secret, key in signing_secrets(tenant):
            await self.assistants.check_secret(tenant.namespace, where, secret, key, fault=signing_fault)

    async def _bot(self, tenant: Tenant, numbers: list[BotNumber]) -> Bot:
        wanted: dict[str, str] = {}
        if tenant.spec.bot.assistant_ref:
            wanted[tenant.spec.bot.assistant_ref.name] = "spec.bot.assistantRef"
        for number in numbers:
            if number.spec.assistant_ref:
                wanted.setdefault(number.spec.assistant_ref.name, f"BotNumber {number.name}, spec.assistantRef")
        assistants = [self._assistant(tenant, name, where) for name, where in wanted.items()]
        material = {item.name: await self.assistants.material(item) for item in assistants}
        return Bot(numbers=numbers, assistants=assistants, material=material)

    def _assistant(self, tenant: Tenant, name: str, where: str) -> Assistant:
        found: Assistant | None = self.reader.get(Ref("Assistant", tenant.namespace, name))
        if found is None:
            raise Waiting(
                reasons.ASSISTANT_NOT_FOUND,
                f"{where}: no Assistant {name!r} in namespace {tenant.namespace}; create it or correct the name",
            )
        return found

    def _check_rollout(self, tenant: Tenant) -> None:
        name = names.runtime_name(tenant.name)
        child = self.children.cache.get(Ref("Deployment", tenant.namespace, name))
        rollout = child.rollout if child else None
        if rollout is None or not rollout.complete:
            if rollout is not None and rollout.stuck:
                raise Stalled(
                    reasons.ROLLOUT_FAILED,
                    f"Deployment {name} did not become ready in time; look at its pods",
                    after=_ROLLOUT_RECHECK,
                )
            ready = f"{rollout.available} of {rollout.wanted}" if rollout else "none"
            raise Waiting(reasons.ROLLOUT_PENDING, f"Deployment {name}: {ready} pods are ready")


def _on_postgres(tenant: Tenant) -> bool:
    storage = tenant.spec.runtime.storage
    return storage is not None and storage.postgres is not None


def _cost(numbers: list[BotNumber]) -> str | None:
    prices = [number.status.monthly_price for number in numbers if number.status.monthly_price]
    return format(sum(prices, Decimal(0)), "f") if prices else None
