"""A stateful, strict stand-in for Twilio. Start it with ``twilio-emulator serve``, or in a test by ``testing``."""

__all__ = ["__version__"]

__version__ = "0.1.0"
