"""The web page at ``/emulator/``: accounts, conversations, webhooks, faults and the clock for a person's eyes.

It is a client of the admin API like any other: static files, no build step, nothing from another host. The page of
the admin API itself is ``/emulator/docs``, made from ``/emulator/v1/openapi.json``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.web.assets import Asset, load, made
from twilio_emulator.web.openapi import ROOT, document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["HOME", "add_routes"]

HOME = "/emulator/"
_PAGES = {HOME: "index.html", "/emulator/docs": "docs.html"}
_STATIC = "/emulator/static"


def add_routes(app: web.Application) -> None:
    """Serve the page; call it before the admin API takes what is left of ``/emulator/``."""
    assets = load()
    for path in ("/", HOME.rstrip("/")):
        app.router.add_get(path, _home)
    for path, name in _PAGES.items():
        app.router.add_get(path, _serve(assets[name]))
    app.router.add_get(f"{ROOT}/openapi.json", _serve(made(json.dumps(document()), "application/json")))
    for name, asset in assets.items():
        if name not in _PAGES.values():
            app.router.add_get(f"{_STATIC}/{name}", _serve(asset))


async def _home(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": HOME})


def _serve(asset: Asset) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return asset.answer(request)

    return handle
