"""twilio_emulator."""
