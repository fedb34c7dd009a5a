"""TwilioSubaccount: one client's account at Twilio, with its credentials."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.conditions import Status
from switchboard_operator.api.fields import AccountSid, Duration, Money, NameRef, ObjectName, Sid
from switchboard_operator.api.limits import ONE_DAY, THIRTY_DAYS
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.naming import NAME_FITS_LABEL
from switchboard_operator.api.resource import Column, CustomResource, Resource
from switchboard_operator.api.rules import (
    ListMap,
    ListSet,
    Rule,
    duration_between,
    duration_shorter,
    immutable,
    matches,
    one_line,
    set_once,
)

DeletionPolicy = Literal["Suspend", "Retain", "Close"]
"""What becomes of the account at Twilio when its object is deleted."""

Permission = Annotated[
    str,
    Field(max_length=140),
    matches(
        grammar.PERMISSION,
        "is no permission of a restricted key: write /twilio/PRODUCT/RESOURCE/ACTION, as Twilio lists them",
    ),
]


class ApiKey(ApiModel):
    """The API key that the bot sends messages with."""

    kind: Literal["Standard", "Restricted"] = "Standard"
    """Standard: everything but accounts and keys. Restricted: only `permissions` (US region only)."""

    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100), ListSet()] | None = None
    """Of a Restricted key; absent means what the bot needs."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="self.kind == 'Restricted' || !has(self.permissions)",
            message="permissions need kind: Restricted; a Standard key may do everything, so leave them out",
            field=".permissions",
        ),
    )


class Rotation(ApiModel):
    """When fresh credentials replace the old ones.

    The annotation `switchboard.dev/rotate-requested-at` asks for it at once.
    """

    interval: Annotated[Duration, duration_between("24h", "87600h")] | None = None
    """Age at which credentials are replaced; absent means only on request."""

    overlap: Annotated[Duration, duration_between("1m", "720h")] = ONE_DAY
    """How long old and new are both valid, so that no message is lost while Pods change over."""

    auth_token: bool = False
    """Whether the auth token, which signs webhooks, is replaced too; otherwise only the API key is."""

    validations: ClassVar[tuple[Rule, ...]] = (
        duration_shorter("overlap", "interval", why="the next rotation would begin before the last one ended"),
    )


class CredentialSettings(ApiModel):
    """The credentials that a bot uses."""

    api_key: ApiKey = ApiKey()
    """The API key for sending."""

    rotation: Rotation = Rotation()
    """When they are replaced."""


class SubaccountCredentials(CredentialSettings):
    """The credentials, and where they are kept."""

    secret_name: ObjectName | None = None
    """Secret in this namespace that the operator writes: accountSid, authToken, apiKeySid, apiKeySecret.
    Default: this object's name and `-twilio`."""


class UsageTrigger(ApiModel):
    """Something to do when usage reaches a value.

    Twilio looks about once a minute and stops nothing by itself.
    """

    category: Annotated[
        str,
        Field(max_length=80),
        matches(
            grammar.USAGE_CATEGORY,
            "is no usage category of Twilio: write it as the API has it, as in totalprice or sms",
        ),
    ]
    """Twilio's usage category; totalprice is all the money."""

    period: Literal["daily", "monthly", "yearly", "alltime"]
    """What usage is counted over, in GMT."""

    value: Money
    """The value to reach, in the category's unit: money for totalprice, otherwise pieces or minutes."""

    action: Literal["Notify", "Suspend"]
    """Notify: a condition, an event and a metric. Suspend: these, and the account is suspended until a person
    lifts it."""


UsageTriggers = Annotated[list[UsageTrigger], Field(max_length=32), ListMap(("category", "period", "action"))]


class SubaccountPolicy(ApiModel):
    """What a Tenant and its TwilioSubaccount both say about the account."""

    deletion_policy: DeletionPolicy = "Suspend"
    """What becomes of the account at Twilio when this object is deleted. Suspend: no traffic, everything
    kept, numbers stay billed. Retain: nothing changes there. Close: after `retention` it is closed, which
    nobody can undo: its numbers are released. Close also needs `confirmClose: true`."""

    confirm_close: bool = False
    """The second step of `deletionPolicy: Close`."""

    retention: Annotated[Duration, duration_between("0s", "8760h")] = THIRTY_DAYS
    """How long the account rests suspended before it is closed."""

    usage_triggers: UsageTriggers = Field(default=[])
    """Alarms on usage and money."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="self.deletionPolicy != 'Close' || self.confirmClose",
            message=(
                "deletionPolicy: Close needs confirmClose: true, because a closed account never opens again and its "
                "numbers are released; or choose Suspend"
            ),
            field=".deletionPolicy",
        ),
        Rule(
            rule="self.deletionPolicy == 'Close' || !self.confirmClose",
            message="confirmClose goes with deletionPolicy: Close only; remove it, or choose Close",
            field=".confirmClose",
        ),
    )


class TwilioSubaccountSpec(SubaccountPolicy):
    """The account at Twilio as it should be."""

    account_ref: Annotated[
        NameRef,
        immutable(
            "create a new TwilioSubaccount under the other account",
            why="Twilio cannot move a subaccount to another parent",
        ),
    ]
    """The TwilioAccount above it."""

    friendly_name: Annotated[str, Field(min_length=1, max_length=40), one_line()] | None = None
    """Name in Twilio's Console; the operator adds its ownership mark. Default: this object's namespace and
    name."""

    external_name: AccountSid | None = None
    """Adopt this subaccount instead of creating one. Needs the administrator's grant in
    `TwilioAccount.spec.adoption`, or our ownership mark on it."""

    management_policy: Literal["Full", "Observe"] = "Full"
    """Full: the account is made to be as described here. Observe: it is looked at and never written."""

    state: Literal["Active", "Suspended"] = "Active"
    """Suspended: no calls and messages; numbers stay billed."""

    credentials: SubaccountCredentials = SubaccountCredentials()
    """The bot's credentials and where they are kept."""

    validations: ClassVar[tuple[Rule, ...]] = (
        *SubaccountPolicy.validations,
        set_once(
            "externalName",
            "create another TwilioSubaccount for the other account",
            why="this object would let go of an account that holds numbers and money",
        ),
        Rule(
            rule="self.managementPolicy != 'Observe' || has(self.externalName)",
            message="managementPolicy: Observe needs externalName, the account to look at: Observe creates nothing",
            field=".managementPolicy",
        ),
    )


class TwilioSubaccountStatus(Status):
    """What the operator found."""

    sid: Sid | None = None
    """The subaccount's SID."""

    owner_account_sid: Sid | None = None
    """SID of its parent account."""

    friendly_name: Annotated[str, Field(max_length=64)] | None = None
    """Name at Twilio, with the ownership mark."""

    state: Literal["Active", "Suspended", "Closed"] | None = None
    """Its state at Twilio."""

    secret_name: ObjectName | None = None
    """Secret that holds the credentials."""

    api_key_sid: Sid | None = None
    """The API key in use."""

    previous_api_key_sid: Sid | None = None
    """The API key that is valid until the overlap of a rotation ends."""

    last_credentials_rotation_time: datetime | None = None
    """When the credentials in use were made (UTC)."""

    next_credentials_rotation_time: datetime | None = None
    """When the next rotation is due (UTC); absent without an interval."""

    last_handled_rotate_at: Annotated[str, Field(max_length=256)] | None = None
    """The last token of the annotation `switchboard.dev/rotate-requested-at` that was answered."""

    close_time: datetime | None = None
    """When the account will be closed (UTC), while it rests before its end."""


class TwilioSubaccount(Resource[TwilioSubaccountSpec, TwilioSubaccountStatus]):
    """A TwilioSubaccount is one client's account at Twilio.

    It holds the state, the credentials (as a Secret) and the alarms on usage. A Tenant makes its own. Written
    by hand it adopts an existing account, or uses Twilio without a bot.
    """

    crd: ClassVar[CustomResource] = CustomResource(
        kind="TwilioSubaccount",
        plural="twiliosubaccounts",
        short_names=("tws",),
        scope="Namespaced",
        columns=(
            Column(name="SID", path=".status.sid", description="The subaccount's SID."),
            Column(name="State", path=".status.state", description="Its state at Twilio."),
            Column(
                name="Account",
                path=".spec.accountRef.name",
                description="The TwilioAccount above it.",
                wide=True,
            ),
            Column(name="Secret", path=".status.secretName", description="Where the credentials are.", wide=True),
        ),
        validations=(NAME_FITS_LABEL,),
    )

    spec: TwilioSubaccountSpec
    """The account at Twilio as it should be."""

    status: TwilioSubaccountStatus = TwilioSubaccountStatus()
    """What the operator found."""
