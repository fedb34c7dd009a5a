"""Prometheus metrics on a registry of their own: one object a program, handed to whoever counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

_TENANT = ("tenant",)
_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)


class Metrics:
    """All series of the runtime; those of a tenant are labelled with its slug."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.inbound = Counter(
            "switchboard_inbound_messages", "Messages stored", ("tenant", "channel"), registry=registry
        )
        self.duplicates = Counter(
            "switchboard_inbound_duplicates",
            "Deliveries of a message already stored",
            _TENANT,
            registry=registry,
        )
        self.refused = Counter(
            "switchboard_webhooks_refused", "Webhooks refused", ("tenant", "reason"), registry=registry
        )
        self.closed = Counter(
            "switchboard_connections_closed", "Connections closed for what they did", ("reason",), registry=registry
        )
        self.unstored = Counter(
            "switchboard_webhooks_unstored", "Webhooks answered 5xx: not stored", _TENANT, registry=registry
        )
        self.turns = Counter(
            "switchboard_turns", "Messages worked on, by outcome", ("tenant", "outcome"), registry=registry
        )
        self.interrupted = Counter(
            "switchboard_turns_interrupted",
            "Answers cancelled while being thought, since a person took over or the contact opted out",
            _TENANT,
            registry=registry,
        )
        self.sent = Counter("switchboard_replies_sent", "Replies Twilio accepted", _TENANT, registry=registry)
        self.refusals = Counter(
            "switchboard_replies_refused",
            "Replies Twilio refused for good",
            ("tenant", "code"),
            registry=registry,
        )
        self.undelivered = Counter(
            "switchboard_replies_undelivered",
            "Replies that Twilio took and could not deliver, by its code and what that means",
            ("tenant", "code", "meaning"),
            registry=registry,
        )
        self.retries = Counter(
            "switchboard_send_retries", "Sends put off, by reason", ("tenant", "reason"), registry=registry
        )
        self.recovered = Counter(
            "switchboard_sends_recovered",
            "Sends of unknown outcome that were found at Twilio",
            _TENANT,
            registry=registry,
        )
        self.latency = Histogram(
            "switchboard_answer_seconds",
            "From the stored webhook to the reply accepted by Twilio",
            _TENANT,
            buckets=_LATENCY,
            registry=registry,
        )
        self.limits = Counter(
            "switchboard_limits_reached",
            "Messages that waited or were refused at a limit",
            ("tenant", "limit"),
            registry=registry,
        )
        self.tokens = Counter(
            "switchboard_model_tokens",
            "Tokens of language models, by direction (input, output)",
            ("tenant", "model", "direction"),
            registry=registry,
        )
        self.money = Counter(
            "switchboard_model_spend", "Money of answers whose price is known", ("tenant", "model"), registry=registry
        )
        self.unpriced = Counter(
            "switchboard_model_unpriced", "Answers whose price is unknown", ("tenant", "model"), registry=registry
        )
        self.used = Gauge(
            "switchboard_limit_used_ratio",
            "What is used and reserved of the tenant's own limits, 0 to 1",
            ("tenant", "limit"),
            registry=registry,
        )
        self.silent = Gauge(
            "switchboard_silent_conversations", "Conversations in which a machine writes", _TENANT, registry=registry
        )
        self.webhooks = Counter(
            "switchboard_webhook_attempts",
            "Attempts to tell an endpoint an event, by what followed",
            ("tenant", "step"),
            registry=registry,
        )
        self.depth = Gauge("switchboard_queue_depth", "Items not finished", ("tenant", "queue"), registry=registry)
        self.age = Gauge(
            "switchboard_queue_oldest_seconds",
            "Age of the oldest item",
            ("tenant", "queue"),
            registry=registry,
        )

        self.audit_entries = Gauge("switchboard_audit_entries", "Entries of the audit log", _TENANT, registry=registry)
        self.audit_head = Gauge(
            "switchboard_audit_head", "1, with the hash of the newest entry", ("tenant", "hash"), registry=registry
        )
        self._heads: dict[str, str] = {}

    def audited(self, tenant: str, entries: int, newest: str) -> None:
        """Tell the head of a tenant's audit log; the one told before is told no more."""
        self.audit_entries.labels(tenant).set(entries)
        before = self._heads.get(tenant)
        if before == newest:
            return
        if before is not None:
            self.audit_head.remove(tenant, before)
        self.audit_head.labels(tenant, newest).set(1)
        self._heads[tenant] = newest

    def spend(self, tenant: str, model: str | None, tokens_in: int, tokens_out: int, micros: int | None) -> None:
        """Count what an answer took; ``micros`` None is an unknown price."""
        name = model or "none"
        self.tokens.labels(tenant, name, "input").inc(tokens_in)
        self.tokens.labels(tenant, name, "output").inc(tokens_out)
        if micros is None:
            self.unpriced.labels(tenant, name).inc()
        else:
            self.money.labels(tenant, name).inc(micros / 1_000_000)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
