"""Who inserts a head as such has looked; the trigger looks for the program of the last release."""

from switchboard_runtime.store.migrations.script import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SCRIPT = """
DROP TRIGGER work_arrives;

CREATE TRIGGER work_arrives AFTER INSERT ON work WHEN NEW.state = 'pending' AND NEW.head = 0 BEGIN
    UPDATE work SET head = 1 WHERE id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM work WHERE conversation_id = NEW.conversation_id AND state = 'pending' AND id < NEW.id); END;
"""


def upgrade() -> None:
    """Make the trigger anew."""
    run(_SCRIPT)
