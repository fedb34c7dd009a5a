"""switchboard_runtime."""
