"""The schema of a tenant's SQLite file, as alembic revisions that only ever go forward.

A new revision: a module in :mod:`.versions` with the next number, :data:`..schema.NEWEST` raised to it, and
``make generate``. It runs on files that a program of the last release goes on writing, in one transaction with all
that a file lacks, while foreign keys are enforced. A revision that was released is never edited.
"""
