"""One tenant as one file: taken while it is served, from either store, and put into either."""

from switchboard_runtime.backup.command import backup, restore

__all__ = ["backup", "restore"]
