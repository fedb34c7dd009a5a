"""The operator as one coroutine: build, see everything once, then watch and work until told to stop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import kopf

from switchboard_operator.errors import NotReady
from switchboard_operator.handlers.edge import make_registry, make_settings
from switchboard_operator.handlers.web import serving
from switchboard_operator.wiring import build

if TYPE_CHECKING:
    from collections.abc import Collection

    from switchboard_operator.settings import Settings
    from switchboard_operator.wiring import Operator

_log = logging.getLogger(__name__)
_PRIME_REST = 2.0
_PATIENCE = 5.0
_FLAG_CHECKER = "stop-flag checker"  # as Kopf names it


async def serve(settings: Settings, *, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Run until ``stop`` is set. ``ready`` is set once everything was seen and work has begun."""
    ready = ready or asyncio.Event()
    async with (
        build(settings) as operator,
        serving(listen=settings.listen, metrics=operator.metrics, ready=ready),
    ):
        work = asyncio.create_task(_work(operator, ready, stop))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:  # the sessions close after this, so nothing may use them any more
            await _end({work, stopped})


async def _work(operator: Operator, ready: asyncio.Event, stop: asyncio.Event) -> None:
    await _prime(operator)
    ready.set()
    _log.info("everything was seen once; %d keys to work on", len(operator.queue))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(operator.run())
        tasks.create_task(_watch(operator, stop))


async def _prime(operator: Operator) -> None:
    """An API server that is away, or without our CRDs yet, is waited for."""
    while True:
        try:
            await operator.prime()
        except NotReady as problem:
            _log.warning("waiting for the API server: %s", problem.message)
            await asyncio.sleep(_PRIME_REST)
        else:
            return


async def _watch(operator: Operator, stop: asyncio.Event) -> None:
    """Run Kopf's tasks until cancelled, or until it took the signal to stop.

    Kopf's own runner would also end every other task of this loop. Its tasks take SIGTERM and SIGINT over, so
    that its flag checker's end means that one came.
    """
    flag = asyncio.Event()
    tasks = await kopf.spawn_tasks(
        registry=make_registry(operator.controller, operator.connection),
        settings=make_settings(),
        standalone=True,
        clusterwide=True,
        stop_flag=flag,
    )
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        if {task.get_name() for task in ended} != {_FLAG_CHECKER}:
            raise RuntimeError(f"kopf ended by itself: {', '.join(task.get_name() for task in ended)}")
        stop.set()
    finally:
        flag.set()  # lets the checker's own waiter end
        await asyncio.sleep(0)
        await _end(tasks)


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for them, but not for ever: a stuck one must not keep the process."""
    for task in tasks:
        task.cancel()
    ended, stuck = await asyncio.wait(tasks, timeout=_PATIENCE)
    for task in ended:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("%s ended: %s", task.get_name(), type(error).__name__)
    for task in stuck:
        _log.warning("%s does not end", task.get_name())
