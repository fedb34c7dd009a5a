"""The peer: a plain aiohttp handler that reads a request's body, answers a small JSON object, and does nothing else."""

from __future__ import annotations

import sys

from aiohttp import web

_ANSWER = b'{"sid": "AC00000000000000000000000000000000", "status": "active"}'


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=_ANSWER, content_type="application/json")


def main(port: int) -> None:
    """Serve on 127.0.0.1 until ended."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
