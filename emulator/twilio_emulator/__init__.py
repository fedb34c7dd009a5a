"""A stateful, strict stand-in for Twilio. Start it with ``twilio-emulator serve``, or in a test by ``testing``."""
