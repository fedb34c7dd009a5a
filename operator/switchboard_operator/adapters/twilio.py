"""Twilio through the official SDK: each method one resource call, values in and out.

One rule of credentials (Twilio's documentation of subaccounts): the parent's SID and token act on
``api.twilio.com`` for every subaccount; every other host wants the subaccount's own. Parent credentials
there would silently act on the parent (twilio-python #785), so keys take the subaccount's credentials.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from switchboard_operator import reasons
from switchboard_operator.adapters.limiter import Channel
from switchboard_operator.adapters.twilio_errors import sort_out
from switchboard_operator.errors import Upstream
from switchboard_operator.ports import Account, ApiKey, Number, Webhooks
from switchboard_twilio import TwilioError, TwilioRefused, TwilioThrottled, TwilioTransport, twilio_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import aiohttp
    from twilio.rest import Client

    from switchboard_operator.ports import Clock, Credentials, NumberOrder, Parent, Search

_T = TypeVar("_T")
_PAGE = 1000
_OFFERS = 20
_PRICE_SECONDS = 86_400.0
_PRICE_NAMES = {"Local": "local", "TollFree": "toll free", "Mobile": "mobile"}


class TwilioSdk:
    """Implements ``ports.Twilio``.

    Args:
        session: carries all calls; its connector caps connections.
        clock: for the breakers and the price cache.
        deadline: seconds for one call.
        on_call: told of each finished call as (method, path, status or None, seconds).
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        deadline: float = 15.0,
        on_call: Callable[[str, str, int | None, float], None] | None = None,
    ) -> None:
        self._session = session
        self._clock = clock
        self._deadline = deadline
        self._on_call = on_call
        self._channels: dict[str, Channel] = {}
        self._prices: dict[tuple[str, str], tuple[float, dict[str, Decimal]]] = {}

    def open_channel(self, parent: Parent, *, limit: int) -> None:
        """Begin or begin anew with a parent: its Secret or its limits changed, so the breaker closes."""
        self._channels[parent.name] = Channel(clock=self._clock, limit=limit)

    async def fetch_account(self, parent: Parent, sid: str) -> Account | None:
        """One account with its auth token; None when the parent has no such account."""
        found = await self._absent_is_none(parent, lambda sdk: sdk.api.v2010.accounts(sid).fetch_async())
        return _account(found) if found else None

    async def list_accounts(self, parent: Parent) -> Sequence[Account]:
        """All subaccounts, a thousand a call; the parent itself is left out."""
        found = await self._call(parent, lambda sdk: sdk.api.v2010.accounts.list_async(page_size=_PAGE))
        return [_account(item) for item in found if item.sid != parent.sid]

    async def create_account(self, parent: Parent, *, friendly_name: str) -> Account:
        """Create a subaccount, once."""
        return _account(
            await self._call(parent, lambda sdk: sdk.api.v2010.accounts.create_async(friendly_name=friendly_name))
        )

    async def update_account(
        self, parent: Parent, sid: str, *, status: str | None = None, friendly_name: str | None = None
    ) -> Account:
        """Set the status or the name of a subaccount."""
        changes = {k: v for k, v in (("status", status), ("friendly_name", friendly_name)) if v is not None}
        return _account(await self._call(parent, lambda sdk: sdk.api.v2010.accounts(sid).update_async(**changes)))

    async def create_key(self, parent: Parent, account: Credentials, *, friendly_name: str) -> ApiKey:
        """Create a Standard key with the subaccount's own credentials."""
        key = await self._call(
            parent,
            lambda sdk: sdk.iam.v1.new_api_key.create_async(account_sid=account.username, friendly_name=friendly_name),
            account,
        )
        return ApiKey(sid=key.sid, friendly_name=key.friendly_name or "", secret=key.secret)

    async def list_keys(self, parent: Parent, account: Credentials) -> Sequence[ApiKey]:
        """The keys of the subaccount whose credentials these are."""
        keys = await self._call(
            parent,
            lambda sdk: sdk.iam.v1.get_api_keys.list_async(account_sid=account.username, page_size=_PAGE),
            account,
        )
        return [ApiKey(sid=key.sid, friendly_name=key.friendly_name or "") for key in keys]

    async def delete_key(self, parent: Parent, account: Credentials, sid: str) -> None:
        """Delete a key; an absent one is fine."""
        await self._absent_is_none(parent, lambda sdk: sdk.iam.v1.api_key(sid).delete_async(), account)

    async def search_numbers(self, parent: Parent, account_sid: str, search: Search) -> Sequence[str]:
        """Phone numbers on offer that fit; empty where the country has no such type."""
        wanted = {capability.lower() for capability in search.capabilities}
        filters: dict[str, Any] = {f"{name}_enabled": True for name in ("sms", "mms", "voice") if name in wanted}
        if search.area_code:
            filters["area_code"] = search.area_code
        if search.contains:
            filters["contains"] = search.contains

        def ask(sdk: Client) -> Awaitable[Any]:
            offers = sdk.api.v2010.accounts(account_sid).available_phone_numbers(search.country)
            kind = {"Local": offers.local, "TollFree": offers.toll_free, "Mobile": offers.mobile}[search.type]
            return kind.list_async(limit=_OFFERS, page_size=_OFFERS, **filters)  # type: ignore[no-any-return]

        return [offer.phone_number for offer in await self._absent_is_none(parent, ask) or []]

    async def buy_number(self, parent: Parent, account_sid: str, order: NumberOrder) -> Number:
        """Buy one exact number and set everything on it, in one call, once."""
        optional = {
            name: value
            for name, value in (("address_sid", order.address_sid), ("bundle_sid", order.bundle_sid))
            if value
        }
        bought = await self._call(
            parent,
            lambda sdk: sdk.api.v2010.accounts(account_sid).incoming_phone_numbers.create_async(
                phone_number=order.phone_number,
                friendly_name=order.friendly_name,
                **_webhook_fields(order.webhooks),
                **optional,
            ),
        )
        return _number(bought)

    async def find_numbers(
        self, parent: Parent, account_sid: str, *, phone_number: str | None = None
    ) -> Sequence[Number]:
        """The account's numbers, or that of exactly this value."""
        wanted = {"phone_number": phone_number} if phone_number else {"page_size": _PAGE}
        found = await self._call(
            parent, lambda sdk: sdk.api.v2010.accounts(account_sid).incoming_phone_numbers.list_async(**wanted)
        )
        return [number for number in map(_number, found) if phone_number in {None, number.phone_number}]

    async def fetch_number(self, parent: Parent, account_sid: str, sid: str) -> Number | None:
        """One number of an account; None when the account does not hold it."""
        found = await self._absent_is_none(
            parent, lambda sdk: sdk.api.v2010.accounts(account_sid).incoming_phone_numbers(sid).fetch_async()
        )
        return _number(found) if found else None

    async def configure_number(
        self, parent: Parent, account_sid: str, sid: str, *, webhooks: Webhooks, friendly_name: str
    ) -> Number:
        """Set the webhooks and the name of a number."""
        changed = await self._call(
            parent,
            lambda sdk: (
                sdk.api.v2010.accounts(account_sid)
                .incoming_phone_numbers(sid)
                .update_async(friendly_name=friendly_name, **_webhook_fields(webhooks))
            ),
        )
        return _number(changed)

    async def transfer_number(self, parent: Parent, account_sid: str, sid: str, *, to_account: str) -> Number:
        """Move a number between the parent and one of its subaccounts."""
        moved = await self._call(
            parent,
            lambda sdk: (
                sdk.api.v2010.accounts(account_sid).incoming_phone_numbers(sid).update_async(account_sid=to_account)
            ),
        )
        return _number(moved)

    async def monthly_price(self, parent: Parent, *, country: str, type_: str) -> Decimal | None:
        """The current price of such a number; asked for once a day and country."""
        key = (parent.name, country)
        at, prices = self._prices.get(key, (0.0, {}))
        if not prices or self._clock.monotonic() - at > _PRICE_SECONDS:
            answer = await self._absent_is_none(
                parent, lambda sdk: sdk.pricing.v1.phone_numbers.countries(country).fetch_async()
            )
            listed = answer.phone_number_prices if answer else []
            prices = {str(item["number_type"]).lower(): Decimal(str(item["current_price"])) for item in listed}
            self._prices[key] = (self._clock.monotonic(), prices)
        return prices.get(_PRICE_NAMES[type_])

    async def _absent_is_none(
        self,
        parent: Parent,
        ask: Callable[[Client], Awaitable[_T]],
        credentials: Credentials | None = None,
    ) -> _T | None:
        found: _T | None = await self._call(parent, ask, credentials, absent_is_none=True)
        return found

    async def _call(
        self,
        parent: Parent,
        ask: Callable[[Client], Awaitable[_T]],
        credentials: Credentials | None = None,
        *,
        absent_is_none: bool = False,
    ) -> Any:
        """Make one call within the parent's cap and sort its failure."""
        channel = self._channels.setdefault(parent.name, Channel(clock=self._clock, limit=40))
        async with channel.call():
            try:
                answer = await ask(self._client(parent, credentials or parent.credentials))
            except TwilioError as error:
                if absent_is_none and isinstance(error, TwilioRefused) and error.status == 404:
                    channel.succeeded(own=credentials is None)
                    return None
                self._note(channel, error, own=credentials is None)
                raise sort_out(error) from error
            except (KeyError, TypeError, ValueError) as error:  # the SDK could not read the answer
                raise Upstream(
                    reasons.TWILIO_UNAVAILABLE, "Twilio: the answer has an unknown form", outcome_unknown=True
                ) from error
        channel.succeeded(own=credentials is None)
        return answer

    def _note(self, channel: Channel, error: TwilioError, *, own: bool) -> None:
        if isinstance(error, TwilioThrottled):
            channel.throttled()
        elif error.status == 401 and own:  # a subaccount's refused token says nothing about the parent's
            channel.refused(sort_out(error).message)

    def _client(self, parent: Parent, credentials: Credentials) -> Client:
        transport = TwilioTransport(
            session=self._session,
            endpoint=parent.endpoint,
            deadline=self._deadline,
            on_call=self._on_call,
        )
        return twilio_client(transport=transport, username=credentials.username, password=credentials.password)


def _account(item: Any) -> Account:
    return Account(
        sid=item.sid,
        friendly_name=item.friendly_name or "",
        status=str(item.status),
        owner_sid=item.owner_account_sid,
        auth_token=item.auth_token or "",
    )


def _number(item: Any) -> Number:
    capabilities = item.capabilities if isinstance(item.capabilities, dict) else {}
    return Number(
        sid=item.sid,
        phone_number=item.phone_number,
        friendly_name=item.friendly_name or "",
        account_sid=item.account_sid,
        webhooks=Webhooks(
            sms_url=item.sms_url or "",
            sms_fallback_url=item.sms_fallback_url or "",
            status_callback=item.status_callback or "",
            voice_url=item.voice_url or "",
            voice_fallback_url=item.voice_fallback_url or "",
        ),
        capabilities=tuple(sorted(str(name).lower() for name, able in capabilities.items() if able)),
    )


def _webhook_fields(webhooks: Webhooks) -> dict[str, str]:
    return {
        "sms_url": webhooks.sms_url,
        "sms_method": "POST",
        "sms_fallback_url": webhooks.sms_fallback_url,
        "sms_fallback_method": "POST",
        "status_callback": webhooks.status_callback,
        "status_callback_method": "POST",
        "voice_url": webhooks.voice_url,
        "voice_method": "POST",
        "voice_fallback_url": webhooks.voice_fallback_url,
        "voice_fallback_method": "POST",
    }
