"""Carries connections from the host's 127.0.0.1 into the cluster's network namespace.

It listens on the host first and joins the namespace then: the listening sockets stay on the host, each
connection made afterwards is made inside. It runs as ``python -m dev.cluster.forwarder NAME`` and ends when
it is told to.
"""

import asyncio
import socket
import sys
from contextlib import suppress

from dev.cluster.namespaces import join_network
from dev.cluster.state import EMULATOR_NODE_PORT, NODE_ADDRESS, Ports, open_cluster

_CHUNK = 65536
_BACKLOG = 512


def routes(ports: Ports) -> dict[int, int]:
    """Give the port inside, on the node's address, for each port on the host."""
    return {ports.https: 443, ports.api: 6443, ports.http: 80, ports.emulator: EMULATOR_NODE_PORT}


def listen(port: int) -> socket.socket:
    """Listen on a port of the host's 127.0.0.1.

    Raises:
        OSError: it is in use.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


async def serve(doors: dict[socket.socket, int]) -> None:
    """Carry connections from each socket to its port inside until cancelled."""
    servers = [await _serve_one(door, port) for door, port in doors.items()]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _serve_one(door: socket.socket, port: int) -> asyncio.Server:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(NODE_ADDRESS, port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        for each in (inner_writer, writer):
            each.close()

    return await asyncio.start_server(carry, sock=door, backlog=_BACKLOG)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        with suppress(OSError):
            writer.transport.abort()


def main() -> None:
    """Listen, join the namespace, carry."""
    cluster = open_cluster(sys.argv[1])
    doors = {listen(outside): inside for outside, inside in routes(cluster.ports).items()}
    join_network(cluster.netns)
    asyncio.run(serve(doors))


if __name__ == "__main__":
    main()
