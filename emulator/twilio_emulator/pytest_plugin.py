"""Fixtures for pytest: an emulator a test, the official SDK pointed at it, its clock, failures on demand.

Installed with ``pip install twilio-emulator[pytest]``; pytest finds it by itself.

    def test_the_bot_answers(twilio_emulator, my_bot):
        tenant = twilio_emulator.subaccount("muebles-sur")
        tenant.incoming_phone_numbers.create(phone_number="+13055550123", sms_url=my_bot.url)

        twilio_emulator.say("Hola", sender="+5491155550100", recipient="+13055550123")

        (answer,) = twilio_emulator.messages(direction="outbound-reply")
        assert answer["body"] == "¡Hola!"

``@pytest.mark.twilio_emulator(status_delay=60, max_subaccounts=3)`` gives the emulator of a test its options, those of
``twilio_emulator.testing.running_emulator``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio.rest import Client

    from twilio_emulator.background import BackgroundEmulator

__all__ = ["twilio_client", "twilio_emulator", "twilio_environment"]

_MARK = "twilio_emulator"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{_MARK}(**options): what the Twilio emulator of this test is told")


@pytest.fixture
def twilio_emulator(request: pytest.FixtureRequest) -> Iterator[BackgroundEmulator]:
    """An emulator of this test's own, empty but for the parent account, whose clock stands still until moved."""
    from twilio_emulator.background import background_emulator  # noqa: PLC0415  # pytest starts faster without it

    with background_emulator(**_options(request)) as emulator:
        yield emulator


@pytest.fixture
def twilio_client(twilio_emulator: BackgroundEmulator) -> Client:
    """Return the official SDK's client of the emulator's parent account."""
    return twilio_emulator.client()


@pytest.fixture
def twilio_environment(
    twilio_emulator: BackgroundEmulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BackgroundEmulator]:
    """The emulator, with all the SDK's clients pointed at it: also those that the code under test makes itself.

    ``TWILIO_ACCOUNT_SID`` and ``TWILIO_AUTH_TOKEN`` are those of the parent account.
    """
    from twilio_emulator.sdk import redirected_sdk  # noqa: PLC0415

    monkeypatch.setenv("TWILIO_ACCOUNT_SID", twilio_emulator.account_sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", twilio_emulator.auth_token)
    with redirected_sdk(twilio_emulator.base_url):
        yield twilio_emulator


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what the test's marker says.

    Raises:
        pytest.UsageError: it is no option of the emulator's.
    """
    from twilio_emulator.testing import running_emulator  # noqa: PLC0415

    marker = request.node.get_closest_marker(_MARK)
    known = sorted(inspect.signature(running_emulator).parameters)
    if marker and (marker.args or marker.kwargs.keys() - set(known)):
        given = ", ".join(map(str, [*marker.args, *sorted(marker.kwargs.keys() - set(known))]))
        raise pytest.UsageError(f"@pytest.mark.{_MARK}: {given} is no option; give {', '.join(known)} by name")
    return dict(marker.kwargs) if marker else {}
