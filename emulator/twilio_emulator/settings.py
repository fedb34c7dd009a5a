"""What an emulator can be told, checked before anything starts."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from twilio_emulator.errors import SettingsError
from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["ConnectTo", "Credentials", "MainKey", "Settings"]

_AMOUNT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,5})?")
_CONNECT_TO = re.compile(r"(?P<suffix>[A-Za-z0-9.-]+)=(?P<host>\[[0-9a-fA-F:]+\]|[^:=]+):(?P<port>[0-9]{1,5})")
_COUNTRY = re.compile("[A-Z]{2}")


@dataclass(frozen=True, kw_only=True)
class ConnectTo:
    """Webhooks to hosts that end in ``suffix`` connect to ``host:port`` instead, like curl's ``--connect-to``.

    URL, ``Host`` header, TLS name and signature stay those of the configured URL.
    """

    suffix: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ConnectTo:
        """Read ``bots.localhost=127.0.0.1:8443``.

        Raises:
            SettingsError: the text has another form.
        """
        match = _CONNECT_TO.fullmatch(text)
        if not match or not 0 < int(match["port"]) < 65536:
            raise SettingsError(
                f"--webhook-connect-to {text!r}: write HOST-SUFFIX=ADDRESS:PORT, such as bots.localhost=127.0.0.1:8443"
            )
        return cls(suffix=match["suffix"].lower().lstrip("."), host=match["host"].strip("[]"), port=int(match["port"]))

    def covers(self, host: str) -> bool:
        """Say whether ``host`` is the suffix or below it."""
        host = host.lower()
        return host == self.suffix or host.endswith(f".{self.suffix}")


@dataclass(frozen=True, kw_only=True)
class MainKey:
    """A Main API key of the parent account: Twilio makes these in its Console only, so it is seeded."""

    sid: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An account SID and its auth token."""

    sid: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an emulator can be told.

    Attributes:
        account_sid: the parent account.
        auth_token: its primary auth token, at least 8 characters.
        state: SQLite file that keeps everything; None keeps it in memory.
        main_key: a Main API key of the parent, if one is wanted.
        max_subaccounts: quota of subaccounts that are not closed.
        seed: which numbers the inventory offers, and in what order.
        status_delay: seconds between two states of an outbound message.
        retry_delay: seconds before a webhook is repeated.
        review_delay: seconds that each step of a review takes: bundles, WhatsApp senders, brands, templates.
        ca_file: PEM file of authorities trusted for webhooks, beside the system's.
        connect_to: where webhooks of some hosts go instead.
        balance: what was paid in, US dollars; what is used goes down from it.
        geo_permissions: countries that SMS may go to, ISO codes; None for those of the numbering plan.
        max_queued: messages that may wait for one sender before the next is refused; None for any number.
        enforce_a2p: whether US carriers refuse unregistered numbers: 30034, and 30032 for toll-free ones.
        whatsapp_senders: ``strict`` for registered senders only; ``implicit`` lets every number that sends SMS be one.
        max_whatsapp_senders: how many an account may register.
        concurrency: calls of one account that may be in progress before the next is 429; None for any number.
        test_credentials: Twilio's test credentials of the parent; None has them follow from ``auth_token``.
    """

    account_sid: str
    auth_token: str
    state: Path | None = None
    main_key: MainKey | None = None
    max_subaccounts: int = 1000
    seed: int = 0
    status_delay: float = 0.2
    retry_delay: float = 0.2
    review_delay: float = 0.2
    ca_file: Path | None = None
    connect_to: tuple[ConnectTo, ...] = ()
    balance: str = "100.00"
    geo_permissions: tuple[str, ...] | None = None
    max_queued: int | None = None
    enforce_a2p: bool = False
    whatsapp_senders: str = "strict"
    max_whatsapp_senders: int = 20
    test_credentials: Credentials | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise SettingsError(problem)

    @cached_property
    def test_pair(self) -> Credentials:
        """The test credentials: as told, else a pair that is always the same for one auth token."""
        if self.test_credentials:
            return self.test_credentials
        digits = hashlib.sha256(f"test credentials of {self.account_sid} {self.auth_token}".encode()).hexdigest()
        return Credentials(sid=f"AC{digits[:32]}", token=digits[32:])

    def _problems(self) -> Iterable[str]:
        if not is_sid(self.account_sid, "AC"):
            yield f"--account-sid {self.account_sid!r}: it must be AC and 32 hexadecimal digits"
        if len(self.auth_token) < 8 or not self.auth_token.isascii() or not self.auth_token.isprintable():
            yield (
                "--auth-token: give at least 8 printable ASCII characters, by the flag or in TWILIO_EMULATOR_AUTH_TOKEN"
            )
        if self.main_key and not is_sid(self.main_key.sid, "SK"):
            yield f"--main-key {self.main_key.sid!r}: it must be SK and 32 hexadecimal digits"
        if self.test_credentials and (
            not is_sid(self.test_credentials.sid, "AC") or self.test_credentials.sid == self.account_sid
        ):
            yield "--test-credentials: give SID:TOKEN with a SID of its own, AC and 32 hexadecimal digits"
        yield from self._wrong_numbers()

    def _wrong_numbers(self) -> Iterable[str]:
        if self.concurrency is not None and self.concurrency < 1:
            yield f"--concurrency {self.concurrency}: it must be at least 1"
        if not _AMOUNT.fullmatch(self.balance):
            yield f"--balance {self.balance!r}: give US dollars such as 100.00"
        if self.max_queued is not None and self.max_queued < 1:
            yield f"--max-queued {self.max_queued}: it must be at least 1"
        if any(not _COUNTRY.fullmatch(code) for code in self.geo_permissions or ()):
            yield f"--geo-permissions {','.join(self.geo_permissions or ())}: give ISO codes such as US,AR"
        if self.max_subaccounts < 0:
            yield f"--max-subaccounts {self.max_subaccounts}: it cannot be negative"
        if self.whatsapp_senders not in {"strict", "implicit"}:
            yield f"--whatsapp-senders {self.whatsapp_senders!r}: it must be strict or implicit"
        if self.max_whatsapp_senders < 0:
            yield f"--max-whatsapp-senders {self.max_whatsapp_senders}: it cannot be negative"
        if min(self.status_delay, self.retry_delay, self.review_delay) < 0:
            yield "--status-delay, --retry-delay and --review-delay: seconds cannot be negative"

    def webhook_tls(self) -> ssl.SSLContext:
        """Return how webhooks verify servers.

        Raises:
            SettingsError: ``ca_file`` cannot be read.
        """
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(cafile=self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(f"--ca-file {self.ca_file}: give a readable PEM file ({error})") from error
        return context
