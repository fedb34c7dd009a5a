"""BotNumber: a telephone number that a tenant's bot answers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.conditions import Status
from switchboard_operator.api.fields import (
    AddressSid,
    BundleSid,
    Country,
    Currency,
    Duration,
    Email,
    Line,
    MessagingServiceSid,
    Money,
    NameRef,
    NumberSid,
    PhoneNumber,
    PublicURL,
    Sid,
)
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.naming import NAME_FITS_LABEL
from switchboard_operator.api.resource import Column, CustomResource, Resource
from switchboard_operator.api.rules import (
    ListSet,
    Rule,
    at_least_one,
    duration_between,
    duration_shorter,
    exactly_one,
    immutable,
    matches,
    one_line,
)

Capability = Literal["SMS", "MMS", "Voice", "Fax"]
Capabilities = Annotated[list[Capability], Field(max_length=4), ListSet()]


AreaCode = Annotated[
    str,
    Field(max_length=3),
    matches(grammar.AREA_CODE, 'is no area code: three digits in quotes, as in "305"'),
]


NumberPattern = Annotated[
    str,
    Field(max_length=16),
    matches(
        grammar.NUMBER_PATTERN,
        "is no pattern of a number: 2 to 16 digits or letters, '*' for any one digit, as in 305555****",
    ),
]


class NumberSearch(ApiModel):
    """A number to look for. One that fits is chosen and then bought by its very digits."""

    country: Country
    """ISO 3166-1 country of the number; Norway in quotes, "NO", since YAML takes a bare one for false."""

    type: Literal["Local", "Mobile", "TollFree"] = "Local"
    """Kind of number."""

    area_code: AreaCode | None = None
    """Area code, in the US and Canada only."""

    contains: NumberPattern | None = None
    """Pattern that the number matches; `*` stands for any digit."""

    capabilities: Capabilities | None = None
    """What the number must be able to do."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="!has(self.areaCode) || self.country in ['US', 'CA']",
            message="areaCode works in US and CA only: use contains, as in +5411*",
            field=".areaCode",
        ),
        Rule(
            rule="self.country != 'US' || self.type != 'Mobile'",
            message="type: Mobile does not exist in the US, where Local numbers are mobile: write Local or TollFree",
            field=".type",
        ),
    )


class SmsChannel(ApiModel):
    """The number takes part in SMS and MMS."""


class VoiceChannel(ApiModel):
    """The number answers calls."""


class WhatsAppProfile(ApiModel):
    """What WhatsApp users see of the sender."""

    name: Annotated[str, Field(min_length=3, max_length=60), one_line()]
    """Display name; Meta reviews it."""

    about: Annotated[str, Field(min_length=1, max_length=139), one_line()] | None = None
    """The line below the name."""

    description: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """What the business does."""

    address: Annotated[str, Field(min_length=1, max_length=256), one_line()] | None = None
    """Postal address."""

    vertical: Line | None = None
    """Line of business, in Twilio's words, as in "Shopping and Retail"."""

    emails: Annotated[list[Email], Field(max_length=2), ListSet()] | None = None
    """Addresses to write to."""

    websites: Annotated[list[PublicURL], Field(max_length=2), ListSet()] | None = None
    """Pages to visit."""

    logo_url: PublicURL | None = None
    """Picture of the sender."""


BusinessAccountId = Annotated[
    str,
    Field(max_length=20),
    matches(
        "^[0-9]{5,20}$",
        "is no id of a WhatsApp Business Account: digits only, in quotes, as Meta shows it",
    ),
]


class WhatsAppChannel(ApiModel):
    """The number is a WhatsApp sender."""

    profile: WhatsAppProfile
    """What users see."""

    business_account_id: BusinessAccountId | None = None
    """WhatsApp Business Account (WABA) of the sender; absent means the one of the subaccount's other
    senders."""


class Channels(ApiModel):
    """Ways to reach the bot on this number; one that is there is on."""

    sms: SmsChannel | None = None
    """SMS and MMS."""

    voice: VoiceChannel | None = None
    """Calls."""

    whatsapp: WhatsAppChannel | None = None
    """WhatsApp."""

    validations: ClassVar[tuple[Rule, ...]] = (
        at_least_one("sms", "voice", "whatsapp", cure="a number without a channel answers nobody; write sms: {}"),
    )


class MessagingServiceRef(ApiModel):
    """A messaging service at Twilio."""

    sid: MessagingServiceSid
    """Its SID, in the tenant's subaccount."""


RetryCauses = Annotated[
    list[Literal["ConnectFailure", "ReadTimeout", "ClientError", "ServerError"]],
    Field(max_length=4),
    ListSet(),
]


class Webhook(ApiModel):
    """How Twilio calls the bot: longer and more often than Twilio does by itself, unless said otherwise."""

    fallback_url: PublicURL | None = None
    """Where Twilio sends what the bot did not take. Default: the bot's own fallback page."""

    connect_timeout: Annotated[Duration, duration_between("100ms", "10s")] | None = None
    """Longest wait for a connection; Twilio's default is 5s."""

    read_timeout: Annotated[Duration, duration_between("100ms", "15s")] | None = None
    """Longest wait for an answer; Twilio's default is 15s."""

    total_timeout: Annotated[Duration, duration_between("100ms", "15s")] | None = None
    """Longest time for all attempts; Twilio's default is 15s."""

    retries: Annotated[int, Field(ge=0, le=5)] | None = None
    """Further attempts. Default: 5; Twilio's own is 1."""

    retry_on: RetryCauses | None = None
    """What is tried again. Default: everything; Twilio's own is ConnectFailure. Duplicates are answered once."""

    validations: ClassVar[tuple[Rule, ...]] = (
        duration_shorter("connectTimeout", "totalTimeout", why="no time would be left for the answer"),
    )


_KEEP = (
    "create another BotNumber for the other number, and give this one back with releasePolicy: ReturnToParent if need "
    "be"
)
_SOURCE_WHY = "a number is held already and paid for"


def _source(field: str) -> Rule:
    """`field` may change until the number is there: a search that finds nothing must be mendable."""
    had = "has(oldSelf.status) && has(oldSelf.status.sid)"
    new, old = f"self.spec.{field}", f"oldSelf.spec.{field}"
    same = f"has({new}) == has({old}) && (!has({new}) || {new} == {old})"
    return Rule(
        rule=f"!({had}) || ({same})",
        message=f"{field} cannot change: {_SOURCE_WHY}; {_KEEP}",
        field=f".spec.{field}",
    )


class BotNumberSpec(ApiModel):
    """The number, where it comes from, and what answers it."""

    tenant_ref: Annotated[
        NameRef,
        immutable(
            (
                "delete this BotNumber with releasePolicy: ReturnToParent and create one for the other tenant with "
                "externalName"
            ),
            why="the number lives in the tenant's subaccount, with its conversations",
        ),
    ]
    """The Tenant whose bot answers."""

    assistant_ref: NameRef | None = None
    """The Assistant that answers on this number. Default: the tenant's `bot.assistantRef`."""

    primary: bool = False
    """Whether the bot writes first from this number. One number of a tenant is primary; without any, the
    oldest is."""

    phone_number: PhoneNumber | None = None
    """Buy this very number."""

    search: NumberSearch | None = None
    """Buy a number like this."""

    external_name: NumberSid | None = None
    """Adopt this number, which the tenant's subaccount or its parent holds. Needs the administrator's grant
    in `TwilioAccount.spec.adoption`, or our ownership mark on it."""

    channels: Channels = Field(default=Channels(sms=SmsChannel()))
    """Ways to reach the bot on this number."""

    messaging_service_ref: MessagingServiceRef | None = None
    """Messaging service the number joins. Inbound messages still come to the bot."""

    address_sid: AddressSid | None = None
    """Address that some countries ask for."""

    bundle_sid: BundleSid | None = None
    """Regulatory bundle that some countries ask for."""

    emergency_address_sid: AddressSid | None = None
    """Address for emergency calls."""

    webhook: Webhook | None = None
    """How Twilio calls the bot."""

    release_policy: Literal["Retain", "ReturnToParent", "Release"] = "Retain"
    """What becomes of the number when this object is deleted. Retain: it stays in the subaccount, and is
    billed. ReturnToParent: it moves to the parent account, and is billed there. Release: it moves to the
    parent, rests there for a while, and is then given up, which nobody can undo."""

    validations: ClassVar[tuple[Rule, ...]] = (
        exactly_one(
            "phoneNumber",
            "search",
            "externalName",
            cure="phoneNumber buys that very number, search buys one like it, externalName adopts one you hold",
        ),
    )


class BotNumberStatus(Status):
    """What the operator found."""

    sid: Sid | None = None
    """The number's SID."""

    phone_number: Annotated[str, Field(max_length=16)] | None = None
    """The number (E.164)."""

    account_sid: Sid | None = None
    """SID of the account that holds it."""

    sender_sid: Sid | None = None
    """SID of its WhatsApp sender."""

    webhook_url: Annotated[str, Field(max_length=512)] | None = None
    """Where Twilio sends what comes in."""

    country: Annotated[str, Field(max_length=2)] | None = None
    """ISO 3166-1 country."""

    monthly_price: Money | None = None
    """What it costs a month, as looked up before the purchase."""

    currency: Currency | None = None
    """ISO 4217 currency of `monthlyPrice`."""

    capabilities: Capabilities | None = None
    """What it is able to do."""


class BotNumber(Resource[BotNumberSpec, BotNumberStatus]):
    """A BotNumber is a telephone number that a tenant's bot answers.

    It is bought or adopted, and its webhooks are pointed at the bot.
    """

    crd: ClassVar[CustomResource] = CustomResource(
        kind="BotNumber",
        plural="botnumbers",
        short_names=("num",),
        scope="Namespaced",
        columns=(
            Column(name="Number", path=".status.phoneNumber", description="The number."),
            Column(name="Tenant", path=".spec.tenantRef.name", description="The Tenant whose bot answers."),
            Column(name="SID", path=".status.sid", description="The number's SID.", wide=True),
            Column(
                name="Assistant",
                path=".spec.assistantRef.name",
                description="The Assistant that answers.",
                wide=True,
            ),
            Column(name="Price", path=".status.monthlyPrice", description="What it costs a month.", wide=True),
        ),
        validations=(NAME_FITS_LABEL, _source("phoneNumber"), _source("search"), _source("externalName")),
    )

    spec: BotNumberSpec
    """The number, where it comes from, and what answers it."""

    status: BotNumberStatus = BotNumberStatus()
    """What the operator found."""
