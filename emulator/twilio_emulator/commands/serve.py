"""``twilio-emulator serve``: run the emulator."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_emulator.commands.flags import port, seconds
from twilio_emulator.errors import SettingsError
from twilio_emulator.settings import ConnectTo, Credentials, MainKey, Settings

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = commands.add_parser("serve", help="run the emulator")
    _add_address(parser)
    _add_account(parser)
    _add_time(parser)
    _add_webhooks(parser)
    _add_rules(parser)
    parser.set_defaults(run=_run)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=port, default=8089, help="port, 0 for any free one (default %(default)s)")
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="serve https with this certificate chain")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key, unless it is in --tls-cert")
    parser.add_argument("--state", type=Path, help="SQLite file that keeps everything (default: memory)")


def _add_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account-sid", required=True, help="SID of the parent account")
    parser.add_argument("--auth-token", help="its auth token; or in TWILIO_EMULATOR_AUTH_TOKEN")
    parser.add_argument("--main-key", metavar="SID:SECRET", help="a Main API key of the parent account")
    parser.add_argument("--test-credentials", metavar="SID:TOKEN", help="Twilio's test credentials of the account")
    parser.add_argument("--max-subaccounts", type=int, default=1000, help="quota (default %(default)s)")
    parser.add_argument("--balance", default="100.00", metavar="USD", help="what was paid in (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which numbers are offered first (default %(default)s)")
    parser.add_argument(
        "--concurrency", type=int, metavar="N", help="calls of one account in progress, one more is 429 (default: any)"
    )


def _add_time(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--status-delay", type=seconds, default=0.2, metavar="SECONDS", help="between message states")
    parser.add_argument("--retry-delay", type=seconds, default=0.2, metavar="SECONDS", help="before a webhook again")
    parser.add_argument("--review-delay", type=seconds, default=0.2, metavar="SECONDS", help="of each step of a review")


def _add_webhooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ca-file", type=Path, help="PEM file of authorities trusted for webhooks")
    parser.add_argument(
        "--webhook-connect-to",
        action="append",
        default=[],
        metavar="HOST-SUFFIX=ADDR:PORT",
        help="call webhooks of these hosts there; may be repeated",
    )


def _add_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--whatsapp-senders",
        choices=["strict", "implicit"],
        default=Settings.whatsapp_senders,
        help="who sends WhatsApp: registered senders only, or every number that sends SMS (default %(default)s)",
    )
    parser.add_argument("--max-whatsapp-senders", type=int, default=20, help="per account (default %(default)s)")
    parser.add_argument("--geo-permissions", metavar="US,AR,…", help="countries SMS may go to (default: the plan's)")
    parser.add_argument("--max-queued", type=int, metavar="N", help="messages that wait for a sender (default: any)")
    parser.add_argument("--enforce-a2p", action="store_true", help="US carriers refuse unregistered numbers")


def _run(given: argparse.Namespace) -> int:
    from twilio_emulator.serve import serve, server_tls  # noqa: PLC0415  # the other commands start faster without it

    if given.tls_key and not given.tls_cert:
        raise SettingsError("--tls-key: give --tls-cert too")
    tls = server_tls(given.tls_cert, given.tls_key) if given.tls_cert else None
    return asyncio.run(serve(_settings(given), host=given.host, port=given.port, tls=tls))


def _settings(given: argparse.Namespace) -> Settings:
    sid, _, secret = (given.main_key or "").partition(":")
    test_sid, _, test_token = (given.test_credentials or "").partition(":")
    return Settings(
        account_sid=given.account_sid,
        auth_token=given.auth_token or os.environ.get("TWILIO_EMULATOR_AUTH_TOKEN", ""),
        state=given.state,
        main_key=MainKey(sid=sid, secret=secret) if given.main_key else None,
        test_credentials=Credentials(sid=test_sid, token=test_token) if given.test_credentials else None,
        max_subaccounts=given.max_subaccounts,
        balance=given.balance,
        seed=given.seed,
        concurrency=given.concurrency,
        status_delay=given.status_delay,
        retry_delay=given.retry_delay,
        review_delay=given.review_delay,
        ca_file=given.ca_file,
        connect_to=tuple(map(ConnectTo.parse, given.webhook_connect_to)),
        whatsapp_senders=given.whatsapp_senders,
        max_whatsapp_senders=given.max_whatsapp_senders,
        geo_permissions=_countries(given.geo_permissions),
        max_queued=given.max_queued,
        enforce_a2p=given.enforce_a2p,
    )


def _countries(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(code.strip().upper() for code in text.split(","))
