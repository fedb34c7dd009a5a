"""The peers: plain aiohttp that reads a webhook's form, with or without Twilio's validator, and stores nothing."""

from __future__ import annotations

import sys

from aiohttp import web
from twilio.request_validator import RequestValidator

_TWIML = "<?xml version='1.0' encoding='UTF-8'?><Response/>"


def main(port: int, url: str, token: str) -> None:
    """Serve on 127.0.0.1 until ended; check signatures over ``url`` if a token is given."""
    validator = RequestValidator(token) if token else None

    async def answer(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers.get("X-Twilio-Signature", "")
        if validator and not validator.validate(url + request.path, form, signature):
            return web.Response(status=403)
        return web.Response(text=_TWIML, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
