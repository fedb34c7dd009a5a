"""What the operator needs of the outside world, as values and protocols.

The contract of every call: it never blocks the loop, it raises only ``errors.NotReady`` or
``errors.Conflict``, and a thing that is absent is None, not an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Ref:
    """One Kubernetes object by kind, namespace ("" when cluster-scoped) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref_of(body: Mapping[str, Any]) -> Ref:
    """The reference of an object given as JSON."""
    meta = body["metadata"]
    return Ref(body["kind"], meta.get("namespace") or "", meta["name"])


@dataclass(frozen=True, slots=True)
class Credentials:
    """What authenticates a call: an account SID or key SID, and its secret."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password=<hidden>)"


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent account as the reconcilers see it.

    Attributes:
        name: name of the TwilioAccount.
        sid: the account's SID.
        endpoint: base URL that stands in for Twilio, or None.
        credentials: SID and auth token; a key cannot act inside subaccounts.
        concurrency: most calls at once.
    """

    name: str
    sid: str
    endpoint: str | None
    credentials: Credentials
    concurrency: int = 40


@dataclass(frozen=True, slots=True)
class Account:
    """An account or subaccount at Twilio."""

    sid: str
    friendly_name: str
    status: str
    owner_sid: str
    auth_token: str = ""

    def __repr__(self) -> str:
        return f"Account(sid={self.sid!r}, friendly_name={self.friendly_name!r}, status={self.status!r})"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; ``secret`` is known only at its creation."""

    sid: str
    friendly_name: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"ApiKey(sid={self.sid!r}, friendly_name={self.friendly_name!r})"


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The addresses that Twilio calls for a number."""

    sms_url: str
    sms_fallback_url: str
    status_callback: str
    voice_url: str
    voice_fallback_url: str


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number that an account holds."""

    sid: str
    phone_number: str
    friendly_name: str
    account_sid: str
    webhooks: Webhooks
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """What kind of number is looked for."""

    country: str
    type: str
    area_code: str | None = None
    contains: str | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberOrder:
    """A number to buy, with everything that can be set in the same call."""

    phone_number: str
    friendly_name: str
    webhooks: Webhooks
    address_sid: str | None = None
    bundle_sid: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A PostgreSQL database, as its administrator reaches it.

    Attributes:
        dsn: ``postgresql://`` URL of the administrator.
        authority: PEM certificates that the server is verified by; None leaves TLS to the URL.
    """

    dsn: str
    authority: str | None = None

    def __repr__(self) -> str:
        return "DatabaseServer(<hidden>)"


@dataclass(frozen=True, slots=True)
class Login:
    """A tenant's own role at PostgreSQL, and its password."""

    role: str
    password: str

    def __repr__(self) -> str:
        return f"Login(role={self.role!r}, password=<hidden>)"


class Database(Protocol):
    """The roles of tenants at a PostgreSQL server. All calls may be repeated: the caller chose the password before.

    A tenant is named as in its document (``tenant.id``, the UID). Errors are sorted: ``Stalled`` (DatabaseRefused),
    ``Waiting`` (SchemaMissing), ``Upstream`` (DatabaseUnavailable).
    """

    async def logs_in(self, server: DatabaseServer, tenant: str, login: Login) -> bool:
        """Whether the role is there with this password, and sees this tenant and no other."""

    async def make_role(self, server: DatabaseServer, tenant: str, login: Login) -> None:
        """Make the role, or give one that is there this password and its tenant again."""

    async def drop_roles(self, server: DatabaseServer, tenant: str, *, keep: str | None = None) -> Sequence[str]:
        """End the tenant's roles but ``keep``, and their sessions; gives those that ended. Its rows stay."""


@dataclass(frozen=True, slots=True)
class AssistantStanding:
    """What a bot says of one of its assistants.

    Attributes:
        failing: its last answers came from no model.
        since: since when it fails, as the bot writes it; "" if it does not say.
        reason: why, in a few words; "" if it does not say.
    """

    failing: bool
    since: str = ""
    reason: str = ""


class Endpoints(Protocol):
    """Where the pods of a Service are."""

    async def pods_of(self, namespace: str, service: str) -> Sequence[str]:
        """``host:port`` of each pod that is ready."""


class Bots(Protocol):
    """The tenants' bots."""

    async def standing(self, address: str, *, host: str, token: str) -> Mapping[str, AssistantStanding] | None:
        """How a bot's assistants stand, by name; None when it has no such thing to tell.

        ``address`` is ``host:port`` of its Service or of a pod. Raises ``Upstream`` (BotUnreachable) when it gives no
        usable answer.
        """


class Twilio(Protocol):
    """Twilio's resources under one parent account. Errors are sorted into ``errors.NotReady``.

    Creates may have an unknown outcome (``Upstream`` with reason TwilioUnavailable): the caller has
    written its intent before, and looks up before it repeats.
    """

    async def fetch_account(self, parent: Parent, sid: str) -> Account | None:
        """One account with its auth token."""

    async def list_accounts(self, parent: Parent) -> Sequence[Account]:
        """All subaccounts, a thousand a call."""

    async def create_account(self, parent: Parent, *, friendly_name: str) -> Account:
        """Create a subaccount. Never repeated by the adapter."""

    async def update_account(
        self, parent: Parent, sid: str, *, status: str | None = None, friendly_name: str | None = None
    ) -> Account:
        """Set the status (active, suspended, closed) or the name of a subaccount."""

    async def create_key(self, parent: Parent, account: Credentials, *, friendly_name: str) -> ApiKey:
        """Create a Standard API key in the account whose credentials these are."""

    async def list_keys(self, parent: Parent, account: Credentials) -> Sequence[ApiKey]:
        """The keys of the account whose credentials these are, without secrets."""

    async def delete_key(self, parent: Parent, account: Credentials, sid: str) -> None:
        """Delete a key; an absent one is fine."""

    async def search_numbers(self, parent: Parent, account_sid: str, search: Search) -> Sequence[str]:
        """Phone numbers on offer that fit."""

    async def buy_number(self, parent: Parent, account_sid: str, order: NumberOrder) -> Number:
        """Buy one exact number and configure it in the same call. Never repeated by the adapter."""

    async def find_numbers(
        self, parent: Parent, account_sid: str, *, phone_number: str | None = None
    ) -> Sequence[Number]:
        """The account's numbers: all, or those that are exactly this one (none or one)."""

    async def fetch_number(self, parent: Parent, account_sid: str, sid: str) -> Number | None:
        """One number of an account."""

    async def configure_number(
        self, parent: Parent, account_sid: str, sid: str, *, webhooks: Webhooks, friendly_name: str
    ) -> Number:
        """Set the webhooks and the name of a number."""

    async def transfer_number(self, parent: Parent, account_sid: str, sid: str, *, to_account: str) -> Number:
        """Move a number between the parent and a subaccount."""

    async def monthly_price(self, parent: Parent, *, country: str, type_: str) -> Decimal | None:
        """The price of such a number in the account's currency; None if unknown."""


class Cluster(Protocol):
    """The API server. Objects are plain JSON dicts."""

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """Read one object live."""

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any] | None:
        """Create an object; None when one of that name exists already."""

    async def apply(self, obj: Mapping[str, Any], *, force: bool) -> dict[str, Any]:
        """Server-side apply. Without ``force``, fields of another owner raise ``Stalled(ObjectConflict)``."""

    async def patch(
        self, ref: Ref, body: Mapping[str, Any], *, subresource: str = "", resource_version: str = ""
    ) -> dict[str, Any] | None:
        """Merge-patch. With ``resource_version`` a changed object raises ``Conflict``. None when absent."""

    async def delete(self, ref: Ref) -> None:
        """Delete in the background; an absent object is fine."""


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, for intervals."""
