"""TwilioAccount: a parent account at Twilio, set up once by the platform's administrator."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.conditions import Status
from switchboard_operator.api.fields import Country, Domain, EndpointURL, Money, SecretRef, ShortLine, Sid
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.naming import NAME_FITS_LABEL
from switchboard_operator.api.resource import Column, CustomResource, Resource
from switchboard_operator.api.rules import ListMap, ListSet, matches
from switchboard_operator.api.selector import LabelSelector

AdoptableSid = Annotated[
    str,
    Field(max_length=34),
    matches(
        "^(AC|PN)[0-9a-f]{32}$",
        "is no SID of a subaccount or number: AC or PN and 32 digits 0-9a-f, as the Console has it",
    ),
]

NamespaceName = Annotated[
    str,
    Field(max_length=63),
    matches(grammar.LABEL_NAME, "is no name of a namespace: lower-case letters, digits and '-', at most 63"),
]


class AdoptionGrant(ApiModel):
    """The administrator's word that a namespace may take over what exists at Twilio already."""

    namespace: NamespaceName
    """Namespace whose TwilioSubaccounts and BotNumbers may name the SIDs as `externalName`."""

    sids: Annotated[list[AdoptableSid], Field(min_length=1, max_length=256), ListSet()]
    """Subaccounts (AC…) and numbers (PN…)."""


class AccountLimits(ApiModel):
    """Ceilings of the parent account, over all tenants."""

    max_subaccounts: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Open subaccounts; Twilio's own ceiling is 1000 unless it raised yours."""

    max_concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    """API requests in flight at the same time; the operator goes lower by itself when Twilio throttles."""

    max_numbers: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Numbers held in the parent and all subaccounts."""

    purchases: Literal["Allowed", "Forbidden"] = "Forbidden"
    """Whether numbers may be bought. Forbidden until the administrator says otherwise: a number costs money
    every month."""

    allowed_countries: Annotated[list[Country], Field(max_length=250), ListSet()] | None = None
    """ISO 3166-1 countries in which numbers may be bought, Norway in quotes ("NO"); absent means all."""

    max_monthly_price_per_number: Money | None = None
    """Highest monthly price of a number that is bought, in the account's billing currency."""


class TwilioAccountSpec(ApiModel):
    """The account, who may use it, and how far."""

    credentials_secret_ref: SecretRef
    """Secret in the operator's own namespace with `accountSid` and `authToken`. An API key does not do: a
    Main key cannot act inside subaccounts."""

    endpoint: EndpointURL | None = None
    """Where to find Twilio's API: an emulator or a proxy. Absent means the real Twilio."""

    allowed_namespaces: LabelSelector | None = None
    """Namespaces whose tenants may use this account. Absent admits none; an empty selector (`{}`) admits
    all."""

    adoption: Annotated[list[AdoptionGrant], Field(max_length=128), ListMap(("namespace",))] = Field(default=[])
    """What may be taken over, by whom: a SID in a tenant's YAML proves nothing, this does."""

    readopt: Literal["Never", "SameName"] = "Never"
    """What to do with a subaccount or number that an earlier life of the same namespace and name left behind
    (a cluster rebuilt from Git, a tenant deleted and created again). Never: leave it and say so. SameName:
    take it over."""

    pool: ShortLine | None = None
    """Accounts with the same pool stand in for one another: a new tenant of a full account is placed in
    another one of its pool that admits the namespace."""

    domain: Domain | None = None
    """Tenants' bots answer at `https://{slug}.{domain}`, unless a tenant names its own. Default: the
    operator's."""

    limits: AccountLimits = AccountLimits()
    """Ceilings over all tenants of this account."""


class TwilioAccountStatus(Status):
    """What the operator found."""

    account_sid: Sid | None = None
    """SID of the parent account that the credentials belong to."""


class TwilioAccount(Resource[TwilioAccountSpec, TwilioAccountStatus]):
    """A TwilioAccount is a parent account at Twilio, shared by many tenants.

    It says who may make subaccounts in it, and how far. It belongs to the platform's administrator and to no
    namespace; tenants refer to it by name.
    """

    crd: ClassVar[CustomResource] = CustomResource(
        kind="TwilioAccount",
        plural="twilioaccounts",
        short_names=("twa",),
        scope="Cluster",
        columns=(
            Column(name="SID", path=".status.accountSid", description="The parent account's SID."),
            Column(
                name="Purchases",
                path=".spec.limits.purchases",
                description="Whether numbers may be bought.",
                wide=True,
            ),
            Column(name="Endpoint", path=".spec.endpoint", description="Where Twilio's API is.", wide=True),
        ),
        validations=(NAME_FITS_LABEL,),
    )

    spec: TwilioAccountSpec
    """The account, who may use it, and how far."""

    status: TwilioAccountStatus = TwilioAccountStatus()
    """What the operator found."""
