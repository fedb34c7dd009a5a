"""Whatever is sent to the API, as documented or not: an answer as documented, and never a failure of the runtime's own.

``FUZZ_EXAMPLES=1000`` in the environment makes it longer and different; else it is the same in every run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.api import Rates
from tests.contract.api_kit import DOCUMENT, HOST
from tests.support.postgres import Server, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import API_TOKEN, document, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
THERE = {"conversation": "1", "queue": "inbox", "letter": "1", "endpoint": "crm", "delivery": "1"}
SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@contextmanager
def running(folder: Path, database: str | None) -> Iterator[str]:
    """The runtime in a thread of its own, with a conversation in it; its address."""
    told: SimpleQueue[Any] = SimpleQueue()

    async def serve() -> None:
        ended = asyncio.Event()
        async with fake_twilio(SystemClock()) as twilio:
            account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
            endpoint = {"name": "crm", "url": "https://127.0.0.1:1/", "secret": "crm"}
            secrets = {"crm": SECRET, **({"databaseUrl": database} if database else {})}
            write_tenant(folder, document(twilio=account, webhooks=[endpoint]), **secrets)
            async with served(folder, rates=Rates(per_second=1e6)) as caller:
                await caller.say()
                told.put((caller.base, asyncio.get_running_loop(), ended))
                await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    base, loop, ended = told.get(timeout=30)
    try:
        yield base
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=30)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_no_generated_call_breaks_the_api(kind: str, tmp_path: Path, server: Server) -> None:
    """Calls that follow the document and calls that do not, with ids that exist here and there."""
    database = await tenant_dsn(await new_database(server), "uid-muebles-sur") if kind == "postgres" else None

    await asyncio.to_thread(_all, tmp_path, database)


def _all(folder: Path, database: str | None) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    with running(folder, database) as base, requests.Session() as session:
        for result in schema.get_all_operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                _fuzz(result.ok(), mode, base, session)  # type: ignore[union-attr]


def _fuzz(operation: Any, mode: GenerationMode, base: str, session: requests.Session) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 2**16))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, seed: int) -> None:
        chance = random.Random(seed)
        for name in case.path_parameters or ():
            if name in THERE and chance.random() < 0.7:
                case.path_parameters[name] = THERE[name]
        headers = {"Host": HOST, "Authorization": f"Bearer {API_TOKEN}"}
        _check(operation, case.call(base_url=base, session=session, headers=headers))

    with suppress(Unsatisfiable):  # nothing can be wrong with a call that takes nothing
        call()


def _check(operation: Any, answer: Any) -> None:
    asked = answer.request
    what = f"{asked.method} {asked.url} {str(asked.body)[:300]} -> {answer.status_code} {answer.content[:300]!r}"
    assert answer.status_code < 500, what
    answers = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    if str(answer.status_code) not in answers or not answer.content:
        assert answer.status_code in {400, 404, 405}, what  # it was no HTTP, or its path became another's
        return
    content = next(iter(answers[str(answer.status_code)]["content"].values()))
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(json.loads(answer.content))
