"""In-memory implementations of the operator's ports that only tests move: a clock, and Twilio with lost answers.

They keep the contracts of ``switchboard_operator.ports``. What is theirs alone: faults. ``InMemoryTwilio`` can lose
the answer of a call before or after it took effect, refuse a call, and list new things late, as Twilio does.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from switchboard_operator import reasons
from switchboard_operator.errors import Upstream
from switchboard_operator.ports import Account, ApiKey, AssistantStanding, Credentials, Number, Parent, Webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from switchboard_operator.errors import NotReady
    from switchboard_operator.ports import DatabaseServer, Login, NumberOrder, Search

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PARENT_SID = "AC" + "0" * 32
PARENT_TOKEN = "f" * 32
Lost = Literal["before", "after"]
_Made = TypeVar("_Made")


def sid(prefix: str, *parts: object) -> str:
    """A SID that follows from its parts."""
    return prefix + hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def lost_answer() -> Upstream:
    """What the adapter raises when no answer came."""
    return Upstream(reasons.TWILIO_UNAVAILABLE, "Twilio: no answer", outcome_unknown=True)


def parent(name: str = "main") -> Parent:
    """The parent account of the tests."""
    return Parent(name=name, sid=PARENT_SID, endpoint=None, credentials=Credentials(PARENT_SID, PARENT_TOKEN))


@dataclass(slots=True)
class ManualClock:
    """Time that only tests move."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """The time of day."""
        return EPOCH + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Seconds since the start of the test."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@dataclass(slots=True)
class HeldKey:
    """An API key at Twilio."""

    key: ApiKey
    account_sid: str


@dataclass(slots=True)
class InMemoryTwilio:
    """Twilio, behind ``ports.Twilio``.

    Attributes:
        clock: dates what is made.
        lag: seconds until a new account or number is listed; a fetch by SID sees it at once.
        slow: seconds that a create takes.
        losing: answers to lose, the next create's first.
        refusing: what the next calls of a method raise, by method name; nothing is done then.
        offers: numbers on sale.
        prices: by country and type.
        calls: methods called so far.
        opened: the channels that were opened, with their limits.
    """

    clock: ManualClock
    lag: float = 0.0
    slow: float = 0.0
    losing: deque[Lost] = field(default_factory=deque)
    refusing: defaultdict[str, list[NotReady]] = field(default_factory=lambda: defaultdict(list))
    offers: list[str] = field(default_factory=list)
    prices: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, HeldKey] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    purchases: list[str] = field(default_factory=list)
    opened: list[tuple[Parent, int]] = field(default_factory=list)
    _made_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The parent account is there from the start."""
        self.accounts[PARENT_SID] = Account(PARENT_SID, "Parent", "active", PARENT_SID, PARENT_TOKEN)

    @property
    def writes(self) -> list[str]:
        """The calls that change something."""
        reads = ("fetch", "find", "list", "search", "monthly")
        return [name for name in self.calls if not name.startswith(reads)]

    @property
    def subaccounts(self) -> list[Account]:
        """The subaccounts that are not closed."""
        return [a for a in self.accounts.values() if a.sid != PARENT_SID and a.status != "closed"]

    def put_account(self, name: str, *, status: str = "active", owner: str = PARENT_SID) -> Account:
        """A subaccount that somebody made by hand."""
        made = self._make_account(name)
        self.accounts[made.sid] = replace(made, status=status, owner_sid=owner)
        self._made_at[made.sid] = float("-inf")
        return self.accounts[made.sid]

    def put_number(self, phone_number: str, *, account_sid: str, name: str = "") -> Number:
        """A number that somebody bought by hand."""
        number = Number(
            sid("PN", phone_number), phone_number, name, account_sid, Webhooks("", "", "", "", ""), ("sms",)
        )
        self.numbers[number.sid] = number
        self._made_at[number.sid] = float("-inf")
        return number

    def open_channel(self, parent: Parent, *, limit: int) -> None:
        """Begin anew with a parent."""
        self.opened.append((parent, limit))

    async def fetch_account(self, parent: Parent, sid: str) -> Account | None:
        """One account with its auth token."""
        self._called("fetch_account")
        return self.accounts.get(sid)

    async def list_accounts(self, parent: Parent) -> Sequence[Account]:
        """All subaccounts that are listed yet."""
        self._called("list_accounts")
        return [a for a in self.accounts.values() if a.sid != PARENT_SID and self._listed(a.sid)]

    async def create_account(self, parent: Parent, *, friendly_name: str) -> Account:
        """Create a subaccount."""
        lost = self._creating("create_account")
        made = self._make_account(friendly_name)
        return self._answer(made, lost)

    async def update_account(
        self, parent: Parent, sid: str, *, status: str | None = None, friendly_name: str | None = None
    ) -> Account:
        """Set the status or the name."""
        self._called("update_account")
        account = self.accounts[sid]
        changed = replace(
            account, status=status or account.status, friendly_name=friendly_name or account.friendly_name
        )
        self.accounts[sid] = changed
        return changed

    async def create_key(self, parent: Parent, account: Credentials, *, friendly_name: str) -> ApiKey:
        """Create a key in the account whose credentials these are."""
        lost = self._creating("create_key")
        number = len(self._made_at)
        key = ApiKey(sid("SK", number), friendly_name, secret=sid("", "secret", number))
        self.keys[key.sid] = HeldKey(replace(key, secret=""), account.username)
        self._made_at[key.sid] = self.clock.seconds
        return self._answer(key, lost)

    async def list_keys(self, parent: Parent, account: Credentials) -> Sequence[ApiKey]:
        """The keys of an account."""
        self._called("list_keys")
        return [held.key for held in self.keys.values() if held.account_sid == account.username]

    async def delete_key(self, parent: Parent, account: Credentials, sid: str) -> None:
        """Delete a key."""
        self._called("delete_key")
        self.keys.pop(sid, None)

    async def search_numbers(self, parent: Parent, account_sid: str, search: Search) -> Sequence[str]:
        """The numbers on sale."""
        self._called("search_numbers")
        held = {number.phone_number for number in self.numbers.values()}
        return [offer for offer in self.offers if offer not in held]

    async def buy_number(self, parent: Parent, account_sid: str, order: NumberOrder) -> Number:
        """Sell a number; one that is held already cannot be bought."""
        lost = self._creating("buy_number")
        self.purchases.append(order.phone_number)
        number = Number(
            sid=sid("PN", order.phone_number, len(self.purchases)),
            phone_number=order.phone_number,
            friendly_name=order.friendly_name,
            account_sid=account_sid,
            webhooks=order.webhooks,
            capabilities=("sms", "voice"),
        )
        self.numbers[number.sid] = number
        self._made_at[number.sid] = self.clock.seconds
        return self._answer(number, lost)

    async def find_numbers(
        self, parent: Parent, account_sid: str, *, phone_number: str | None = None
    ) -> Sequence[Number]:
        """The account's numbers, or exactly this one, if they are listed yet."""
        self._called("find_numbers")
        return [
            number
            for number in self.numbers.values()
            if number.account_sid == account_sid
            and phone_number in {None, number.phone_number}
            and self._listed(number.sid)
        ]

    async def fetch_number(self, parent: Parent, account_sid: str, sid: str) -> Number | None:
        """One number of an account."""
        self._called("fetch_number")
        number = self.numbers.get(sid)
        return number if number and number.account_sid == account_sid else None

    async def configure_number(
        self, parent: Parent, account_sid: str, sid: str, *, webhooks: Webhooks, friendly_name: str
    ) -> Number:
        """Set the webhooks and the name."""
        self._called("configure_number")
        self.numbers[sid] = replace(self.numbers[sid], webhooks=webhooks, friendly_name=friendly_name)
        return self.numbers[sid]

    async def transfer_number(self, parent: Parent, account_sid: str, sid: str, *, to_account: str) -> Number:
        """Move a number."""
        self._called("transfer_number")
        self.numbers[sid] = replace(self.numbers[sid], account_sid=to_account)
        return self.numbers[sid]

    async def monthly_price(self, parent: Parent, *, country: str, type_: str) -> Decimal | None:
        """The price, if it is known."""
        self._called("monthly_price")
        return self.prices.get((country, type_))

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.refusing[name]:
            raise self.refusing[name].pop(0)

    def _creating(self, name: str) -> Lost | None:
        """Begin a create: what becomes of its answer."""
        self._called(name)
        self.clock.advance(self.slow)
        lost = self.losing.popleft() if self.losing else None
        if lost == "before":
            raise lost_answer()
        return lost

    def _answer(self, made: _Made, lost: Lost | None) -> _Made:
        if lost is not None:
            raise lost_answer()
        return made

    def _make_account(self, name: str) -> Account:
        number = len(self._made_at)
        account = Account(sid("AC", number), name, "active", PARENT_SID, sid("", "token", number))
        self.accounts[account.sid] = account
        self._made_at[account.sid] = self.clock.seconds
        return account

    def _listed(self, sid: str) -> bool:
        return self.clock.seconds - self._made_at[sid] >= self.lag


@dataclass(slots=True)
class InMemoryDatabase:
    """PostgreSQL's roles of tenants in memory.

    Attributes:
        roles: passwords by (tenant, role).
        calls: what was asked, as (verb, tenant).
        faults: what becomes of the next calls: raised before they take effect, or after; None goes well.
        made: every role that was ever made.
    """

    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: deque[tuple[Lost, NotReady] | None] = field(default_factory=deque)
    made: set[str] = field(default_factory=set)

    async def logs_in(self, server: DatabaseServer, tenant: str, login: Login) -> bool:
        """Whether the role is there with this password."""
        with self._call("logs_in", tenant):
            return self.roles.get((tenant, login.role)) == login.password

    async def make_role(self, server: DatabaseServer, tenant: str, login: Login) -> None:
        """Make the role, or change its password."""
        with self._call("make_role", tenant):
            self.roles[tenant, login.role] = login.password
            self.made.add(login.role)

    async def drop_roles(self, server: DatabaseServer, tenant: str, *, keep: str | None = None) -> Sequence[str]:
        """End the tenant's roles but ``keep``."""
        with self._call("drop_roles", tenant):
            gone = [role for of, role in self.roles if of == tenant and role != keep]
            for role in gone:
                del self.roles[tenant, role]
            return gone

    def of(self, tenant: str) -> list[str]:
        """The roles of a tenant."""
        return [role for of, role in self.roles if of == tenant]

    @contextmanager
    def _call(self, verb: str, tenant: str) -> Iterator[None]:
        fault = self.faults.popleft() if self.faults else None
        if fault and fault[0] == "before":
            raise fault[1]
        self.calls.append((verb, tenant))
        yield
        if fault:
            raise fault[1]


@dataclass(slots=True)
class InMemoryBots:
    """The tenants' bots in memory, and where their pods are.

    Attributes:
        told: what they say of their assistants; None when they have no status to tell.
        silent: they give no answer.
        asked: the (address, host, token) of each call.
        pods: what each pod of a bot with several says, by its address; None gives no answer.
    """

    told: dict[str, AssistantStanding] | None = field(default_factory=dict)
    silent: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    pods: dict[str, dict[str, AssistantStanding] | None] = field(default_factory=dict)

    async def pods_of(self, namespace: str, service: str) -> Sequence[str]:
        """The addresses of the pods."""
        return list(self.pods)

    async def standing(self, address: str, *, host: str, token: str) -> Mapping[str, AssistantStanding] | None:
        """How the assistants stand."""
        self.asked.append((address, host, token))
        told = self.pods.get(address, self.told)
        if self.silent or (address in self.pods and told is None):
            raise Upstream(reasons.BOT_UNREACHABLE, "the bot's status: TimeoutError")
        return told
