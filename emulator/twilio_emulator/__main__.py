"""The command line: ``twilio-emulator serve``, ``say``, ``messages`` and ``reset``.

Refusals go to standard error in one line that names the flag and the cure. Exit status: 0 done, 1 no answer
or a failure, 2 a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_emulator.errors import EmulatorError, SettingsError
from twilio_emulator.settings import ConnectTo, Credentials, MainKey, Settings
from twilio_emulator.terminal import complain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_DEFAULT_URL = "http://127.0.0.1:8089"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except SettingsError as error:
        complain(f"twilio-emulator: {error}")
        return 2
    except EmulatorError as error:
        complain(f"twilio-emulator: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twilio-emulator", description="A stateful stand-in for Twilio.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run the emulator"))
    _add_say(commands.add_parser("say", help="write from a phone and print the answer"))
    listing = commands.add_parser("messages", help="print messages of all accounts")
    _add_client_flags(listing)
    listing.add_argument("--to", default="", help="only to this address")
    listing.add_argument("--from", dest="sender", default="", help="only from this address")
    listing.set_defaults(run=_messages)
    reset = commands.add_parser("reset", help="forget everything but the parent account")
    _add_client_flags(reset)
    reset.set_defaults(run=_reset)
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8089, help="port, 0 for any free one (default %(default)s)")
    parser.add_argument("--account-sid", required=True, help="SID of the parent account")
    parser.add_argument("--auth-token", help="its auth token; or in TWILIO_EMULATOR_AUTH_TOKEN")
    parser.add_argument("--state", type=Path, help="SQLite file that keeps everything (default: memory)")
    parser.add_argument("--main-key", metavar="SID:SECRET", help="a Main API key of the parent account")
    parser.add_argument("--test-credentials", metavar="SID:TOKEN", help="Twilio's test credentials of the account")
    parser.add_argument("--max-subaccounts", type=int, default=1000, help="quota (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which numbers are offered first (default %(default)s)")
    parser.add_argument("--status-delay", type=float, default=0.2, metavar="SECONDS", help="between message states")
    parser.add_argument("--retry-delay", type=float, default=0.2, metavar="SECONDS", help="before a webhook again")
    parser.add_argument("--ca-file", type=Path, help="PEM file of authorities trusted for webhooks")
    parser.add_argument(
        "--webhook-connect-to",
        action="append",
        default=[],
        metavar="HOST-SUFFIX=ADDR:PORT",
        help="call webhooks of these hosts there; may be repeated",
    )
    parser.add_argument(
        "--whatsapp-senders",
        choices=["strict", "implicit"],
        default=Settings.whatsapp_senders,
        help="who sends WhatsApp: registered senders only, or every number that sends SMS (default %(default)s)",
    )
    parser.add_argument("--max-whatsapp-senders", type=int, default=20, help="per account (default %(default)s)")
    parser.set_defaults(run=_serve)


def _add_say(parser: argparse.ArgumentParser) -> None:
    _add_client_flags(parser)
    parser.add_argument("--from", dest="sender", required=True, help="the phone, such as whatsapp:+5491155550100")
    parser.add_argument("--to", required=True, help="the bot's number")
    parser.add_argument("--wait", type=float, default=15.0, help="seconds for the answer (default %(default)g)")
    parser.add_argument("--profile-name", help="name that a WhatsApp user shows")
    parser.add_argument("text", help="what is written")
    parser.set_defaults(run=_say)


def _add_client_flags(parser: argparse.ArgumentParser) -> None:
    url = os.environ.get("TWILIO_EMULATOR_URL", _DEFAULT_URL)
    parser.add_argument("--url", default=url, help="the emulator; or in TWILIO_EMULATOR_URL (default %(default)s)")
    parser.add_argument("--output", choices=["text", "json"], default="text", help="form of what is printed")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")
    return int(text)


def _serve(given: argparse.Namespace) -> int:
    from twilio_emulator.serve import serve  # noqa: PLC0415  # the phone's commands start faster without it

    return asyncio.run(serve(_settings(given), host=given.host, port=given.port))


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
        seed=given.seed,
        status_delay=given.status_delay,
        retry_delay=given.retry_delay,
        ca_file=given.ca_file,
        connect_to=tuple(map(ConnectTo.parse, given.webhook_connect_to)),
        whatsapp_senders=given.whatsapp_senders,
        max_whatsapp_senders=given.max_whatsapp_senders,
    )


def _say(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import say  # noqa: PLC0415

    return asyncio.run(
        say(
            url=given.url,
            sender=given.sender,
            recipient=given.to,
            text=given.text,
            wait=given.wait,
            profile_name=given.profile_name,
            as_json=given.output == "json",
        )
    )


def _messages(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import print_messages  # noqa: PLC0415

    return asyncio.run(
        print_messages(url=given.url, sender=given.sender, recipient=given.to, as_json=given.output == "json")
    )


def _reset(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import reset  # noqa: PLC0415

    return asyncio.run(reset(url=given.url))


if __name__ == "__main__":
    sys.exit(main())
