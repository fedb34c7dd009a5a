"""What of a tenant is in a backup: every table, in an order in which rows may be put back."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ORDER", "PASSING", "TABLES", "Table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of both stores.

    Attributes:
        name: of it.
        key: columns that its rows are ordered by; unique in a tenant.
        counted: the column whose values the store hands out by itself.
    """

    name: str
    key: tuple[str, ...]
    counted: str | None = None


TABLES = (
    Table(name="conversation", key=("id",), counted="id"),
    Table(name="message", key=("id",), counted="id"),
    Table(name="work", key=("id",), counted="id"),
    Table(name="outbox", key=("seq",), counted="seq"),
    Table(name="callback", key=("sid", "status")),
    Table(name="quarantine", key=("id",), counted="id"),
    Table(name="usage", key=("scope", "subject", "period")),
    Table(name="reservation", key=("work_id",)),
    Table(name="settlement", key=("work_id", "fence")),
    Table(name="pace", key=("scope", "subject")),
    Table(name="spending", key=("work_id",)),
    Table(name="silence", key=("conversation_id",)),
    Table(name="webhook_endpoint", key=("name",)),
    Table(name="webhook_delivery", key=("seq",), counted="seq"),
    Table(name="contact", key=("id",)),
    Table(name="identity", key=("channel", "address")),
    Table(name="contact_tag", key=("contact_id", "tag")),
    Table(name="contact_note", key=("id",)),
    Table(name="lead", key=("id",)),
    Table(name="attendance", key=("conversation_id",)),
    Table(name="absence", key=("conversation_id",)),
    Table(name="audit", key=("seq",)),
    Table(name="audit_head", key=()),
    Table(name="erasure", key=("id",)),
    Table(name="api_request", key=("token", "key")),
    Table(name="suppression_key", key=("ipad",)),
    Table(name="suppression", key=("digest",)),
)
"""Those that others refer to come first."""

PASSING = frozenset({"tenant_id", "head", "free_at", "owner", "lease_until"})
"""Columns that are of a store or a process, and not of the tenant: a restored tenant has no leases."""

ORDER = {table.name: table for table in TABLES}
