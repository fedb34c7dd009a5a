"""Twilio's resources, one module each; ``ROUTES`` is all of them."""

from __future__ import annotations

from itertools import chain

from twilio_emulator.resources import (
    a2p,
    accounts,
    addresses,
    alerts,
    applications,
    audit_events,
    auth_tokens,
    available_numbers,
    balance,
    bundle_items,
    bundles,
    calls,
    channels_senders,
    contents,
    event_types,
    incoming_numbers,
    keys,
    media,
    messages,
    pricing,
    recordings,
    regulations,
    service_senders,
    services,
    signing_keys,
    sinks,
    subscriptions,
    tollfree,
    traffic_pricing,
    usage_records,
    usage_triggers,
    v2010_keys,
)

__all__ = ["ROUTES"]

ROUTES = tuple(
    chain(
        a2p.ROUTES,
        accounts.ROUTES,
        addresses.ROUTES,
        alerts.ROUTES,
        applications.ROUTES,
        audit_events.ROUTES,
        auth_tokens.ROUTES,
        available_numbers.ROUTES,
        balance.ROUTES,
        bundle_items.ROUTES,
        bundles.ROUTES,
        calls.ROUTES,
        channels_senders.ROUTES,
        contents.ROUTES,
        event_types.ROUTES,
        incoming_numbers.ROUTES,
        keys.ROUTES,
        media.ROUTES,
        messages.ROUTES,
        pricing.ROUTES,
        recordings.ROUTES,
        regulations.ROUTES,
        service_senders.ROUTES,
        services.ROUTES,
        signing_keys.ROUTES,
        sinks.ROUTES,
        subscriptions.ROUTES,
        tollfree.ROUTES,
        traffic_pricing.ROUTES,
        usage_records.ROUTES,
        usage_triggers.ROUTES,
        v2010_keys.ROUTES,
    )
)
