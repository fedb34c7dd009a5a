import asyncio
import socket
from contextlib import suppress

import pytest

from dev.cluster import forwarder
from dev.cluster.state import Ports


async def test_bytes_go_both_ways_and_a_half_closed_side_still_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a socket buffer each way; `kubectl exec` closes one side first."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = await reader.read()  # until the caller has closed its side
        writer.write(heard.upper())
        await writer.drain()
        writer.close()

    inside = await asyncio.start_server(answer, "127.0.0.1", 0)
    monkeypatch.setattr(forwarder, "NODE_ADDRESS", "127.0.0.1")
    door = forwarder.listen(0)
    address = door.getsockname()
    serving = asyncio.create_task(forwarder.serve({door: inside.sockets[0].getsockname()[1]}))
    try:
        assert await _ask(address, b"hello" * 50_000) == b"HELLO" * 50_000
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        inside.close()


async def test_a_port_that_nobody_serves_inside_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller learns at once that nothing is there, instead of waiting."""
    monkeypatch.setattr(forwarder, "NODE_ADDRESS", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        door = forwarder.listen(0)
        address = door.getsockname()
        serving = asyncio.create_task(forwarder.serve({door: closed.getsockname()[1]}))
        try:
            answer = b""
            with suppress(ConnectionResetError):
                answer = await _ask(address, b"hello")
            assert answer == b""
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def test_a_port_in_use_is_refused() -> None:
    """The check before `up` and the listening itself are one function."""
    with forwarder.listen(0) as first, pytest.raises(OSError, match="in use"):
        forwarder.listen(first.getsockname()[1])


def test_each_published_port_leads_to_one_port_inside() -> None:
    """HTTPS, the API server, HTTP, and the node port of the emulator."""
    assert forwarder.routes(Ports(1, 2, 3, 4)) == {1: 443, 2: 6443, 3: 80, 4: 30089}


async def _ask(address: tuple[str, int], text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(text)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
