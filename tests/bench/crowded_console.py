"""A console full of open holds, as a process of its own: `python -m tests.bench.crowded_console HOLDS`.

It says where it listens as one line of JSON, then adds one hold for each interval that a line of its
standard input names in seconds, until a line is empty or there are no more.
"""

import asyncio
import json
import socket
import sys
from dataclasses import replace

from proxy.console.app import create
from proxy.serving.listener import Listener
from rules.action import Action
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World
from tests.proxy.redis_child import redis_server

HOSTS = 50
"""How many hosts the calls go to, in turn."""


def main(holds: int) -> None:
    """Serve until standard input ends."""
    with redis_server() as url, socket.create_server(("127.0.0.1", 0)) as listening:
        asyncio.run(_serve(url, listening, holds))


async def _serve(url: str, listening: socket.socket, holds: int) -> None:
    world, loop = World.build(url), asyncio.get_running_loop()
    for number in range(holds):
        await _add(world, number)
    listener = Listener(create(world.reviewing(listening.getsockname())), listening)
    async with asyncio.TaskGroup() as tasks:
        listening_to_store = tasks.create_task(world.signals.listen())
        serving = tasks.create_task(listener.run())
        sys.stdout.write(json.dumps({"url": "http://{}:{}".format(*listening.getsockname())}) + "\n")
        sys.stdout.flush()
        number = holds
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            await asyncio.sleep(float(line))
            await _add(world, number)
            number += 1
        listener.stop()
        await serving
        listening_to_store.cancel()
    await world.redis.aclose()


async def _add(world: World, number: int) -> None:
    await world.hold(_payment(number), tier=Tier.EXTERNAL if number % 4 else Tier.HIGH_RISK)


def _payment(number: int) -> Action:
    host = f"host{number % HOSTS}.example"
    fields = ((b"Host", host.encode()), (b"Content-Type", b"application/json"))
    body = json.dumps({"amount": number, "currency": "EUR", "to": f"payee {number % 997}"}).encode()
    return replace(READ, host=host, fields=fields, body=body)


if __name__ == "__main__":
    main(int(sys.argv[1]))
