"""The schema of the PostgreSQL store, as alembic revisions that only ever go forward.

A revision's number is also the version that programs and schema tell one another (:mod:`..versions`).
"""
