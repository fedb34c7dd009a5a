"""The official Twilio SDK over one aiohttp session, with one family of errors."""

from switchboard_twilio.errors import TwilioError, TwilioRefused, TwilioThrottled, TwilioUnavailable
from switchboard_twilio.transport import TwilioTransport, twilio_client

__all__ = [
    "TwilioError",
    "TwilioRefused",
    "TwilioThrottled",
    "TwilioTransport",
    "TwilioUnavailable",
    "twilio_client",
]
