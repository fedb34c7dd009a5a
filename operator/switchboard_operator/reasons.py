"""The catalogue of condition reasons: one constant, one meaning, one cure.

The documentation page of reasons is generated from this table (``reasondocs``), and a test fails if a reason is
used without standing here or stands here without being used.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who must act to leave the state."""

    NOBODY = "nobody"
    OPERATOR = "the operator, by itself"
    AUTHOR = "whoever writes the manifest"
    ADMIN = "the platform's admin"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means.

    Attributes:
        name: the PascalCase constant as it stands in a condition.
        meaning: what is the case.
        actor: who must act.
        cure: what to do.
    """

    name: str
    meaning: str
    actor: Actor
    cure: str


PENDING = "Pending"
SUCCEEDED = "Succeeded"
PROGRESSING = "Progressing"
PAUSED = "Paused"
SUSPENDED = "Suspended"
DELETING = "Deleting"
RETENTION = "RetentionPending"
PLAN_NOT_FOUND = "PlanNotFound"
ACCOUNT_NOT_FOUND = "AccountNotFound"
ACCOUNT_NOT_READY = "AccountNotReady"
TENANT_NOT_FOUND = "TenantNotFound"
ASSISTANT_NOT_FOUND = "AssistantNotFound"
CONFIGMAP_NOT_FOUND = "ConfigMapNotFound"
SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105  # a reason, not a secret
SECRET_INVALID = "SecretInvalid"  # noqa: S105
SECRET_CONFLICT = "SecretConflict"  # noqa: S105
SUBACCOUNT_NOT_READY = "SubaccountNotReady"
NUMBERS_NOT_READY = "NumbersNotReady"
NO_NUMBERS = "NoNumbers"
NAMESPACE_NOT_ALLOWED = "NamespaceNotAllowed"
SLUG_CONFLICT = "SlugConflict"
NUMBER_CONFLICT = "NumberConflict"
OBJECT_CONFLICT = "ObjectConflict"
DOMAIN_MISSING = "DomainMissing"
CATALOGUE_INVALID = "CatalogueInvalid"
SCRIPT_INVALID = "ScriptInvalid"
TEMPLATE_NOT_FOUND = "TemplateNotFound"
VOICE_INVALID = "VoiceInvalid"
DOCUMENT_TOO_LARGE = "DocumentTooLarge"
TIME_ZONE_UNKNOWN = "TimeZoneUnknown"
TIER_NOT_AVAILABLE = "TierNotAvailable"
STORAGE_NOT_AVAILABLE = "StorageNotAvailable"
DATABASE_NOT_CONFIGURED = "DatabaseNotConfigured"
DATABASE_REFUSED = "DatabaseRefused"
DATABASE_UNAVAILABLE = "DatabaseUnavailable"
MIGRATION_PENDING = "MigrationPending"
MIGRATION_FAILED = "MigrationFailed"
SCHEMA_MISSING = "SchemaMissing"
SCHEMA_NEWER = "SchemaNewer"
MODEL_NOT_AVAILABLE = "ModelNotAvailable"
EGRESS_NOT_ALLOWED = "EgressNotAllowed"
ASSISTANT_FAILING = "AssistantFailing"
BOT_UNREACHABLE = "BotUnreachable"
ROLLOUT_PENDING = "RolloutPending"
ROLLOUT_FAILED = "RolloutFailed"
CREDENTIALS_REJECTED = "CredentialsRejected"
THROTTLED = "Throttled"
TWILIO_UNAVAILABLE = "TwilioUnavailable"
TWILIO_REFUSED = "TwilioRefused"
API_SERVER_UNAVAILABLE = "ApiServerUnavailable"
FORBIDDEN = "Forbidden"
MARK_CONFLICT = "OwnershipConflict"
ADOPTION_REFUSED = "AdoptionRefused"
SUBACCOUNT_CLOSED = "SubaccountClosed"
SUBACCOUNT_MISSING = "SubaccountMissing"
SUSPENDED_BY_TWILIO = "SuspendedByTwilio"
QUOTA_EXCEEDED = "QuotaExceeded"
PURCHASES_FORBIDDEN = "PurchasesForbidden"
COUNTRY_NOT_ALLOWED = "CountryNotAllowed"
NUMBER_LIMIT = "NumberLimitReached"
PRICE_LIMIT = "PriceLimitExceeded"
NO_INVENTORY = "NoInventory"
NUMBER_UNAVAILABLE = "NumberUnavailable"
NUMBER_MISSING = "NumberMissing"
ADDRESS_REQUIRED = "AddressRequired"
BUNDLE_REQUIRED = "BundleRequired"
INVALID_WEBHOOK = "InvalidWebhook"
NOT_SERVED = "NotServedYet"
SENDER_NOT_MANAGED = "SenderNotManaged"
INTERNAL_ERROR = "InternalError"

_NOBODY, _OPERATOR, _AUTHOR, _ADMIN = Actor.NOBODY, Actor.OPERATOR, Actor.AUTHOR, Actor.ADMIN

CATALOGUE: tuple[Reason, ...] = (
    Reason(
        PENDING,
        "The operator has not seen the resource yet.",
        _ADMIN,
        "Wait a moment; if it lasts, look whether the operator runs and watches this namespace.",
    ),
    Reason(SUCCEEDED, "Everything asked for is there.", _NOBODY, "Nothing."),
    Reason(PROGRESSING, "The operator is at work on it.", _OPERATOR, "Wait; the message says for what."),
    Reason(
        PAUSED,
        "The annotation switchboard.dev/paused is set; nothing is changed.",
        _AUTHOR,
        "Remove the annotation switchboard.dev/paused.",
    ),
    Reason(
        SUSPENDED,
        "Suspended as the manifest asks: no bot runs and no messages flow. Numbers stay billed.",
        _AUTHOR,
        "Set spec.suspend to false to resume.",
    ),
    Reason(DELETING, "It is being deleted.", _OPERATOR, "Wait."),
    Reason(
        RETENTION,
        "The subaccount is suspended and is closed for good when its retention ends.",
        _OPERATOR,
        "Nothing, or change spec.deletionPolicy to Suspend to keep the subaccount.",
    ),
    Reason(PLAN_NOT_FOUND, "No Plan has that name.", _AUTHOR, "Create the Plan or correct spec.planRef.name."),
    Reason(
        ACCOUNT_NOT_FOUND,
        "No TwilioAccount has that name.",
        _AUTHOR,
        "Create the TwilioAccount or correct spec.accountRef.name.",
    ),
    Reason(
        ACCOUNT_NOT_READY,
        "The TwilioAccount cannot be used yet.",
        _ADMIN,
        "Look at the conditions of the TwilioAccount.",
    ),
    Reason(
        TENANT_NOT_FOUND,
        "No Tenant of this namespace has that name.",
        _AUTHOR,
        "Create the Tenant or correct spec.tenantRef.name.",
    ),
    Reason(
        ASSISTANT_NOT_FOUND,
        "No Assistant of this namespace has that name.",
        _AUTHOR,
        "Create the Assistant or correct the assistantRef that the message names.",
    ),
    Reason(
        CONFIGMAP_NOT_FOUND,
        "A ConfigMap that an Assistant names is missing.",
        _AUTHOR,
        "Create the ConfigMap or correct the configMapRef.",
    ),
    Reason(
        SECRET_NOT_FOUND,
        "A Secret that the manifest names is missing.",
        _AUTHOR,
        "Create the Secret or correct the secretRef.",
    ),
    Reason(
        SECRET_INVALID,
        "The Secret lacks a key or holds something else than it should.",
        _ADMIN,
        "Give the Secret the keys that the message names.",
    ),
    Reason(
        SECRET_CONFLICT,
        "A Secret of the wanted name exists and is not ours; it is never overwritten.",
        _AUTHOR,
        "Delete or rename that Secret, or choose another spec.credentials.secretName.",
    ),
    Reason(
        SUBACCOUNT_NOT_READY,
        "The TwilioSubaccount is not Ready.",
        _OPERATOR,
        "Look at the conditions of the TwilioSubaccount.",
    ),
    Reason(
        NUMBERS_NOT_READY,
        "At least one BotNumber of the tenant is not Ready.",
        _AUTHOR,
        "Look at the conditions of the BotNumber that the message names.",
    ),
    Reason(NO_NUMBERS, "The tenant has no BotNumber.", _AUTHOR, "Create a BotNumber whose tenantRef names it."),
    Reason(
        NAMESPACE_NOT_ALLOWED,
        "The TwilioAccount does not admit this namespace.",
        _ADMIN,
        "Label the namespace to fit spec.allowedNamespaces of the TwilioAccount, or widen that selector.",
    ),
    Reason(
        SLUG_CONFLICT,
        "An older Tenant has the same host.",
        _AUTHOR,
        "Delete this Tenant and create it with another spec.slug.",
    ),
    Reason(
        NUMBER_CONFLICT,
        "An older BotNumber claims the same number.",
        _AUTHOR,
        "Delete one of the two BotNumbers.",
    ),
    Reason(
        OBJECT_CONFLICT,
        "An object of the wanted name exists and is not ours; it is never overwritten.",
        _AUTHOR,
        "Delete or rename the object that the message names.",
    ),
    Reason(
        DOMAIN_MISSING,
        "Neither the Tenant nor its TwilioAccount names a domain.",
        _ADMIN,
        "Set spec.domain on the TwilioAccount or the Tenant.",
    ),
    Reason(
        CATALOGUE_INVALID,
        "The catalogue cannot be read.",
        _AUTHOR,
        "Correct the row and field that the message names.",
    ),
    Reason(
        SCRIPT_INVALID,
        "A reply of the script has words in braces that nobody fills in: no product has them, or the rule names none.",
        _AUTHOR,
        "Correct the word in braces that the message names, or take it out.",
    ),
    Reason(
        TEMPLATE_NOT_FOUND,
        "A rule of an assistant's script names a content template that the Tenant has not.",
        _AUTHOR,
        "Add it to spec.bot.whatsapp.templates of the Tenant, or correct the rule that the message names.",
    ),
    Reason(
        VOICE_INVALID,
        "Calls cannot be answered as spec.bot.voice has it: an assistant is missing, or a transfer goes in circles.",
        _AUTHOR,
        "Name an assistant, or transfer to a number that is not the tenant's own, as the message says.",
    ),
    Reason(
        DOCUMENT_TOO_LARGE,
        "The tenant's configuration does not fit into a ConfigMap (1 MiB).",
        _AUTHOR,
        "Shorten the catalogue or the instructions.",
    ),
    Reason(
        TIME_ZONE_UNKNOWN,
        "The time zone of the business hours is not in the IANA list.",
        _AUTHOR,
        "Correct spec.bot.hours.timeZone, as in America/Argentina/Buenos_Aires.",
    ),
    Reason(
        TIER_NOT_AVAILABLE,
        "The Shared runtime tier is not served by this version.",
        _AUTHOR,
        "Set spec.runtime.tier to Dedicated on the Tenant, or in its Plan.",
    ),
    Reason(
        STORAGE_NOT_AVAILABLE,
        "A PostgreSQL database of the tenant's own is not served by this version.",
        _AUTHOR,
        "Leave out spec.runtime.storage.postgres.secretRef; the operator then makes a role in the platform's database.",
    ),
    Reason(
        DATABASE_NOT_CONFIGURED,
        "A tenant is to be kept in PostgreSQL, and the operator knows no database or cannot read how to reach it.",
        _ADMIN,
        "Set database.secretName of the chart to a Secret of the operator's namespace whose key url is the DSN.",
    ),
    Reason(
        DATABASE_REFUSED,
        "PostgreSQL refuses the administrator's DSN, or what the operator does with it.",
        _ADMIN,
        "Correct the DSN, or grant its role what docs/postgres.md names. It is tried again when the Secret changes.",
    ),
    Reason(
        DATABASE_UNAVAILABLE,
        "PostgreSQL gave no usable answer; it is tried again with back-off. Bots that run go on by themselves.",
        _OPERATOR,
        "Wait; check the server and the network if it lasts.",
    ),
    Reason(
        MIGRATION_PENDING,
        "The database's schema is being brought forward for this version of the runtime.",
        _OPERATOR,
        "Wait; if it lasts, look at the pod that the message names.",
    ),
    Reason(
        MIGRATION_FAILED,
        "The schema could not be brought forward. Bots that run go on with what they have; it is tried each minute.",
        _ADMIN,
        "Read the migration's own words in the message, and cure what they name.",
    ),
    Reason(
        SCHEMA_MISSING,
        "The database has lost its schema, as one that was made anew; it is migrated again.",
        _OPERATOR,
        "Wait. What was stored before must be restored from a backup.",
    ),
    Reason(
        SCHEMA_NEWER,
        "The database's schema is newer than this version of the runtime, as after going back to an older one.",
        _ADMIN,
        "Go forward again. Until then the runtime serves if the schema only added something, and says so if not.",
    ),
    Reason(
        MODEL_NOT_AVAILABLE,
        "The Assistant has no script, and none of its models is of a provider that this version serves.",
        _AUTHOR,
        "Use the provider openai, anthropic or google, or give the Assistant a spec.script.",
    ),
    Reason(
        EGRESS_NOT_ALLOWED,
        "The Assistant calls a host inside of the cluster that is not in the platform's list.",
        _ADMIN,
        "Add the host, or host:port, to runtime.egressAllow of the chart, or use a public https address.",
    ),
    Reason(
        ASSISTANT_FAILING,
        "An assistant's models do not answer. People get the script's or the canned answer, and a person is fetched.",
        _AUTHOR,
        "Look at the reason in the message: the model's vendor, the key in its Secret, or its budget.",
    ),
    Reason(
        BOT_UNREACHABLE,
        "The bot was asked how it stands and gave no usable answer. What was known of it stays.",
        _OPERATOR,
        "Wait; look at the bot's pods and at NetworkPolicies if it lasts.",
    ),
    Reason(ROLLOUT_PENDING, "The runtime's pods are not ready yet.", _OPERATOR, "Wait."),
    Reason(
        ROLLOUT_FAILED,
        "The runtime's roll-out exceeded its deadline; the former revision goes on serving.",
        _ADMIN,
        "Look at the pods: kubectl describe and kubectl logs of the Deployment that the message names.",
    ),
    Reason(
        CREDENTIALS_REJECTED,
        "Twilio refused the credentials; nothing more is sent with them.",
        _ADMIN,
        "Correct the Secret of the TwilioAccount. It is tried again as soon as the Secret changes.",
    ),
    Reason(THROTTLED, "Twilio asked to send less; calls are spaced out.", _OPERATOR, "Wait."),
    Reason(
        TWILIO_UNAVAILABLE,
        "Twilio gave no usable answer. What was asked may have happened; it is looked up before any repeat.",
        _OPERATOR,
        "Wait; check the endpoint and the network if it lasts.",
    ),
    Reason(
        TWILIO_REFUSED,
        "Twilio refused the request.",
        _AUTHOR,
        "Read Twilio's text and code in the message and correct the manifest.",
    ),
    Reason(
        API_SERVER_UNAVAILABLE,
        "The API server gave no usable answer.",
        _OPERATOR,
        "Wait; check the control plane if it lasts.",
    ),
    Reason(
        FORBIDDEN,
        "The API server refuses this to the operator.",
        _ADMIN,
        "Grant the operator's ServiceAccount the verb and resource that the message names.",
    ),
    Reason(
        MARK_CONFLICT,
        "Two things at Twilio carry the ownership mark of this resource, or none that is ours fits.",
        _ADMIN,
        "Remove or rename all but one at Twilio.",
    ),
    Reason(
        ADOPTION_REFUSED,
        "The SID in spec.externalName is of something that this namespace has no grant for.",
        _ADMIN,
        "Add the SID to spec.adoption of the TwilioAccount for this namespace.",
    ),
    Reason(
        SUBACCOUNT_CLOSED,
        "The subaccount is closed at Twilio. That is final; it is never replaced silently.",
        _ADMIN,
        "Delete the resource and create it anew.",
    ),
    Reason(
        SUBACCOUNT_MISSING,
        "The subaccount cannot be found at Twilio. It is never replaced silently.",
        _ADMIN,
        "Check the TwilioAccount's credentials; if it is gone for good, delete and create the resource anew.",
    ),
    Reason(
        SUSPENDED_BY_TWILIO,
        "Twilio itself suspended the account.",
        _ADMIN,
        "Contact Twilio's support; only they lift it.",
    ),
    Reason(
        QUOTA_EXCEEDED,
        "The limit of subaccounts is reached.",
        _ADMIN,
        "Raise spec.limits.maxSubaccounts, ask Twilio for more, or close unused subaccounts.",
    ),
    Reason(
        PURCHASES_FORBIDDEN,
        "The TwilioAccount forbids buying numbers.",
        _ADMIN,
        "Set spec.limits.purchases of the TwilioAccount to Allowed.",
    ),
    Reason(
        COUNTRY_NOT_ALLOWED,
        "The TwilioAccount does not allow numbers of that country.",
        _ADMIN,
        "Add the country to spec.limits.allowedCountries of the TwilioAccount.",
    ),
    Reason(
        NUMBER_LIMIT,
        "The limit of numbers is reached.",
        _ADMIN,
        "Raise the limit that the message names, or delete a BotNumber.",
    ),
    Reason(
        PRICE_LIMIT,
        "The number costs more a month than the TwilioAccount allows, or its price is unknown.",
        _ADMIN,
        "Raise spec.limits.maxMonthlyPricePerNumber of the TwilioAccount, or search elsewhere.",
    ),
    Reason(
        NO_INVENTORY,
        "Twilio offers no number that fits spec.search.",
        _AUTHOR,
        "Widen spec.search. It is tried again every few minutes.",
    ),
    Reason(
        NUMBER_UNAVAILABLE,
        "The very number asked for cannot be bought.",
        _AUTHOR,
        "Choose another spec.phoneNumber, or use spec.search.",
    ),
    Reason(
        NUMBER_MISSING,
        "The number is no longer in the subaccount. It is never bought again silently.",
        _ADMIN,
        "Move it back, or delete the BotNumber and create it anew.",
    ),
    Reason(
        ADDRESS_REQUIRED,
        "The number's country wants an address.",
        _AUTHOR,
        "Set spec.addressSid to an address of the subaccount.",
    ),
    Reason(
        BUNDLE_REQUIRED,
        "The number's country wants an approved regulatory bundle.",
        _AUTHOR,
        "Set spec.bundleSid to an approved bundle of the subaccount.",
    ),
    Reason(
        INVALID_WEBHOOK,
        "Twilio refuses the webhook address.",
        _AUTHOR,
        "Correct spec.webhook or the domain: it must be a public https address.",
    ),
    Reason(
        NOT_SERVED,
        "The manifest asks for something that this version does not do yet; the rest is done.",
        _AUTHOR,
        "Leave out the fields that the message names, or wait for a version that serves them.",
    ),
    Reason(
        SENDER_NOT_MANAGED,
        "The number's WhatsApp sender is not registered by this version.",
        _ADMIN,
        "Register the sender in Twilio's Console with the webhook that the message names.",
    ),
    Reason(
        INTERNAL_ERROR,
        "A fault in the operator. Other resources are not affected.",
        _ADMIN,
        "Report it with the operator's log of that time.",
    ),
)

BY_NAME = {reason.name: reason for reason in CATALOGUE}
