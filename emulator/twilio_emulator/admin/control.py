"""The emulator as a whole: ``/reset``, ``/clock`` and ``/idle``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.admin.edge import json_body, json_response, query_number, refuse_unknown, wait_for
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]

_FARTHEST = 366 * 86_400.0
_LONGEST_WAIT = 60.0


async def reset(admin: Admin, _request: web.Request) -> web.Response:
    """Forget everything but the parent account."""
    core = admin.core
    core.faults.clear()
    with core.store.transaction():
        core.store.erase()
        core.seed()
        core.keep_time()
    return web.Response(status=204)


async def clock(admin: Admin, _request: web.Request) -> web.Response:
    """Tell the emulator's time."""
    return _time(admin)


async def advance(admin: Admin, request: web.Request) -> web.Response:
    """Move the clock forward from one thing due to the next, and answer when all of it is done."""
    body = await json_body(request)
    refuse_unknown(body, {"seconds"})
    seconds = body.get("seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _FARTHEST:
        raise AdminError(status=400, message=f"seconds: give a number from 0 to {_FARTHEST:.0f}")
    await _move_to(admin, admin.core.clock.now() + seconds)
    return _time(admin)


async def changes(admin: Admin, request: web.Request) -> web.Response:
    """Wait up to ``wait`` seconds until the count of changes is another than ``after``, and tell it.

    A restart counts anew, so a smaller count is a change as well.
    """
    bell = admin.bell
    await wait_for(admin, request, lambda after: [] if bell.rings == after else [bell.rings])
    return json_response({"changes": bell.rings})


async def idle(admin: Admin, request: web.Request) -> web.Response:
    """Wait until nothing is due and no webhook is under way, up to ``wait`` seconds."""
    return json_response({"idle": await _rest(admin, query_number(request, "wait", most=_LONGEST_WAIT))})


async def _move_to(admin: Admin, target: float) -> None:
    """Move the clock in steps, so that what is due at noon is done at noon; a webhook that hangs stops nothing."""
    clock = admin.core.clock
    while True:
        await _rest(admin, _LONGEST_WAIT)
        due = admin.clockwork.next_due()
        step = min(target, max(due, clock.now())) if due is not None else target
        clock.advance(max(0.0, step - clock.now()))
        with admin.core.store.logging():
            admin.core.keep_time()
        if step >= target:
            await _rest(admin, _LONGEST_WAIT)
            return


async def _rest(admin: Admin, patience: float) -> bool:
    """Wait until nothing is due and no webhook is under way; say whether it came to that."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        rung = admin.bell.listen()
        left = deadline - loop.time()
        if admin.clockwork.is_idle():
            return True
        if left <= 0:
            return False
        await asyncio.wait({rung}, timeout=left)


def _time(admin: Admin) -> web.Response:
    now = admin.core.clock.now()
    return json_response({"now": now, "at": iso8601(now)})


ROUTES: tuple[AdminRoute, ...] = (
    ("POST", "/reset", reset),
    ("GET", "/clock", clock),
    ("POST", "/clock", advance),
    ("GET", "/idle", idle),
    ("GET", "/changes", changes),
)
