"""Tenant: one client of the platform, with a bot of its own."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import naming
from switchboard_operator.api.bot import Bot
from switchboard_operator.api.conditions import Status
from switchboard_operator.api.endpoint import WebhookEndpoint
from switchboard_operator.api.fields import (
    Currency,
    Domain,
    Email,
    Line,
    Money,
    NameRef,
    ObjectName,
    PhoneNumber,
    SecretRef,
    Sid,
)
from switchboard_operator.api.limits import Features, Limits, Retention
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.resource import Column, CustomResource, Resource
from switchboard_operator.api.rules import (
    ListMap,
    Rule,
    keys_match,
    one_line,
    settled,
)
from switchboard_operator.api.runtime import ENGINE_KEPT, TenantRuntime
from switchboard_operator.api.subaccount import CredentialSettings, SubaccountPolicy

Slug = Annotated[str, Field(max_length=40), naming.SLUG_GRAMMAR, naming.SLUG_IDNA, naming.SLUG_RESERVED]


class Contact(ApiModel):
    """Whom to ask about this tenant."""

    name: Line | None = None
    """A person or a team."""

    email: Email | None = None
    """Where to write."""

    phone: PhoneNumber | None = None
    """Where to call (E.164)."""


class TenantTwilio(SubaccountPolicy):
    """The tenant's account at Twilio."""

    subaccount_ref: NameRef | None = None
    """Use this TwilioSubaccount of the namespace instead of making one; the other fields here are then its
    own business."""

    credentials: CredentialSettings = CredentialSettings()
    """The bot's credentials."""

    validations: ClassVar[tuple[Rule, ...]] = (
        *SubaccountPolicy.validations,
        settled(
            "subaccountRef",
            "create a new Tenant that names the other account",
            why="numbers and conversations live in the account",
        ),
    )


Settings = Annotated[
    dict[str, Annotated[str, Field(max_length=1024), one_line()]],
    Field(max_length=32),
    keys_match(
        "^[a-zA-Z][a-zA-Z0-9_]{0,62}$",
        "has a key that is no setting: write camelCase letters and digits, as in voiceId",
    ),
]


class Integration(ApiModel):
    """A service beside Twilio."""

    provider: Literal["WhatsAppCloud", "ManyChat", "UChat", "ElevenLabs"]
    """Which one; each at most once."""

    secret_ref: SecretRef
    """Secret with its credentials."""

    config: Settings | None = None
    """Its settings. Credentials belong in the Secret."""


class TenantSpec(ApiModel):
    """The client, its plan, and its bot."""

    slug: Slug | None = None
    """First label of the bot's address, `https://{slug}.{domain}`: unique in the cluster, the oldest Tenant
    keeps it. Cannot change. Default: metadata.name."""

    display_name: Line | None = None
    """Name for people. Default: metadata.name."""

    contact: Contact | None = None
    """Whom to ask about this tenant."""

    plan_ref: NameRef
    """The Plan that sets limits and defaults."""

    account_ref: NameRef | None = None
    """The TwilioAccount in which the tenant gets its subaccount. Cannot change."""

    domain: Domain | None = None
    """Domain of the bot's address, of those the administrator serves. Default: the account's, then the
    operator's."""

    suspend: bool = False
    """Whether all stands still: the bot answers nobody, the subaccount is suspended. Everything is kept,
    numbers stay billed."""

    deletion_protection: bool = False
    """Whether a deletion is refused until this is false again."""

    twilio: TenantTwilio = TenantTwilio()
    """The tenant's account at Twilio."""

    runtime: TenantRuntime = TenantRuntime()
    """How the bot runs."""

    bot: Bot = Bot()
    """How the bot behaves."""

    integrations: Annotated[list[Integration], Field(max_length=8), ListMap(("provider",))] = Field(default=[])
    """Services beside Twilio, each provider at most once."""

    webhooks: Annotated[list[WebhookEndpoint], Field(max_length=20), ListMap(("name",))] = Field(default=[])
    """The tenant's own systems that are told what happens."""

    features: Features = Features()
    """What is switched off of what the plan has on."""

    limits: Limits = Limits()
    """Ceilings below the plan's."""

    retention: Retention = Retention()
    """How long records are kept, if shorter than in the plan."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="has(self.accountRef) || (has(self.twilio) && has(self.twilio.subaccountRef))",
            message=(
                "accountRef must be given, the TwilioAccount to make a subaccount in; or name one in "
                "twilio.subaccountRef"
            ),
            field=".accountRef",
        ),
        settled(
            "accountRef",
            "create a new Tenant under the other account",
            why="Twilio cannot move a subaccount to another parent",
        ),
        ENGINE_KEPT,
    )


class TenantStatus(Status):
    """What the operator found."""

    host: Annotated[str, Field(max_length=253)] | None = None
    """Host of the bot's address."""

    url: Annotated[str, Field(max_length=512)] | None = None
    """The bot's address."""

    plan: ObjectName | None = None
    """The Plan in force."""

    account_name: ObjectName | None = None
    """The TwilioAccount in use: `spec.accountRef`, or another one of its pool."""

    subaccount_sid: Sid | None = None
    """SID of the tenant's account at Twilio."""

    numbers: Annotated[list[Annotated[str, Field(max_length=16)]], Field(max_length=1000)] = Field(default=[])
    """Numbers that the bot answers (E.164), the primary one first."""

    config_revision: Annotated[str, Field(max_length=64)] | None = None
    """The configuration that the bot runs with, by its hash."""

    estimated_monthly_cost: Money | None = None
    """What its numbers cost a month; traffic not counted."""

    currency: Currency | None = None
    """ISO 4217 currency of `estimatedMonthlyCost`."""


class Tenant(Resource[TenantSpec, TenantStatus]):
    """A Tenant is one client of the platform: an account at Twilio, numbers, a bot at its own address.

    Objects that a Tenant names (Assistants, Secrets, a TwilioSubaccount) are looked up in its own namespace;
    Plan and TwilioAccount are the administrator's and belong to no namespace.
    """

    crd: ClassVar[CustomResource] = CustomResource(
        kind="Tenant",
        plural="tenants",
        short_names=("swt",),
        scope="Namespaced",
        columns=(
            Column(name="Host", path=".status.host", description="Host of the bot's address."),
            Column(name="Plan", path=".spec.planRef.name", description="The Plan.", wide=True),
            Column(name="Account", path=".status.accountName", description="The TwilioAccount in use.", wide=True),
            Column(
                name="Subaccount",
                path=".status.subaccountSid",
                description="The account at Twilio.",
                wide=True,
            ),
            Column(
                name="Suspended",
                path=".spec.suspend",
                type="boolean",
                description="All stands still.",
                wide=True,
            ),
        ),
        validations=(naming.TENANT_NAME, naming.NAME_IS_SLUG, naming.SLUG_IMMUTABLE),
    )

    spec: TenantSpec
    """The client, its plan, and its bot."""

    status: TenantStatus = TenantStatus()
    """What the operator found."""

    @property
    def slug(self) -> str:
        """The slug in force."""
        return self.spec.slug or self.name

    @property
    def subaccount_name(self) -> str:
        """The TwilioSubaccount in use: the one it names, or its own."""
        own = self.spec.twilio.subaccount_ref
        return own.name if own else self.name
