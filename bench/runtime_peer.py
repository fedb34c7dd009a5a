"""The peers: plain aiohttp that reads a webhook's form, with or without Twilio's validator, and stores nothing."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web
from twilio.request_validator import RequestValidator

_TWIML = "<?xml version='1.0' encoding='UTF-8'?><Response/>"


def main(port: int, url: str, token: str, loop: str) -> None:
    """Serve on 127.0.0.1 until ended; check signatures over ``url`` if a token is given."""
    validator = RequestValidator(token) if token else None

    async def answer(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers.get("X-Twilio-Signature", "")
        if validator and not validator.validate(url + request.path, form, signature):
            return web.Response(status=403)
        return web.Response(text=_TWIML, content_type="text/xml")

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.router.add_post("/bot/twilio/webhook", answer)
    app.router.add_get("/readyz", ready)
    made = uvloop.new_event_loop() if loop == "uvloop" else asyncio.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=made)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
