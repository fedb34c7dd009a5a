"""Which handler a request goes to."""

from __future__ import annotations

from aiohttp import web

from switchboard_runtime.edge import json_webhooks, probes, status, twilio_webhooks, voice_webhooks
from switchboard_runtime.edge.api import api_routes

__all__ = ["ROUTES"]

ROUTES = (
    web.post("/bot/twilio/webhook", twilio_webhooks.message),
    web.post("/bot/twilio/fallback", twilio_webhooks.fallback),
    web.post("/bot/twilio/status", twilio_webhooks.status),
    *(web.post(path, twilio_webhooks.voice) for path in voice_webhooks.PATHS),
    web.post("/bot/twilio/{rest:.*}", twilio_webhooks.unknown),
    web.post("/webhook/{slug}", json_webhooks.by_slug),
    web.post("/webhook", json_webhooks.legacy),
    web.get("/tenants", json_webhooks.tenants),
    web.get("/healthz", probes.healthz),
    web.get("/readyz", probes.readyz),
    web.get("/metrics", probes.metrics),
    web.get("/status", status.status),
    *api_routes(),
)
