"""The head of each lane is marked, so that a claim reads an index and not all that waits.

Triggers keep the mark, in the transaction of whoever writes: also of a program of the last release, which shares
the file during a rolling update and knows nothing of heads. The mark of what has ended means nothing.
"""

from switchboard_runtime.store.migrations.script import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE work ADD COLUMN head INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER work_arrives AFTER INSERT ON work WHEN NEW.state = 'pending' BEGIN
    UPDATE work SET head = 1 WHERE id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM work WHERE conversation_id = NEW.conversation_id AND state = 'pending' AND id < NEW.id); END;

CREATE TRIGGER work_ends AFTER UPDATE OF state ON work WHEN OLD.state = 'pending' AND NEW.state <> 'pending' BEGIN
    UPDATE work SET head = 1 WHERE head = 0 AND id = (
        SELECT min(id) FROM work WHERE conversation_id = NEW.conversation_id AND state = 'pending'); END;

UPDATE work SET head = 1 WHERE id IN (SELECT min(id) FROM work WHERE state = 'pending' GROUP BY conversation_id);

CREATE INDEX work_free ON work (max(due, lease_until), id) WHERE state = 'pending' AND head = 1;
CREATE INDEX work_leased ON work (lease_until) WHERE state = 'pending' AND head = 1;

ALTER TABLE outbox ADD COLUMN head INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER outbox_arrives AFTER INSERT ON outbox WHEN NEW.state IN ('queued', 'sending') BEGIN
    UPDATE outbox SET head = 1 WHERE seq = NEW.seq AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE conversation_id = NEW.conversation_id AND state IN ('queued', 'sending') AND seq < NEW.seq); END;

CREATE TRIGGER outbox_ends AFTER UPDATE OF state ON outbox
WHEN OLD.state IN ('queued', 'sending') AND NEW.state NOT IN ('queued', 'sending') BEGIN
    UPDATE outbox SET head = 1 WHERE head = 0 AND seq = (
        SELECT min(seq) FROM outbox
        WHERE conversation_id = NEW.conversation_id AND state IN ('queued', 'sending')); END;

UPDATE outbox SET head = 1 WHERE seq IN (
    SELECT min(seq) FROM outbox WHERE state IN ('queued', 'sending') GROUP BY conversation_id);

CREATE INDEX outbox_free ON outbox (max(due, lease_until), seq) WHERE state IN ('queued', 'sending') AND head = 1;
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state IN ('queued', 'sending') AND head = 1;
"""


def upgrade() -> None:
    """Mark what waits, and let triggers go on."""
    run(_SCRIPT)
