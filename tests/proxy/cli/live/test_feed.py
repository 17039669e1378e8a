"""Tests of what wakes the loop."""

import os
import select

from proxy.cli.live.feed import feeding
from proxy.cli.remote import console
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World

_SECONDS = 20.0


async def test_a_change_wakes(world: World, desk: Desk) -> None:
    """Soon after it happened; and once at the beginning, whatever happened before."""
    read, write = os.pipe()
    with console(desk.folder) as api, feeding(api, write) as changed:
        assert changed()
        assert select.select([read], [], [], _SECONDS)[0]
        os.read(read, 100)
        changed()
        await world.hold()
        assert select.select([read], [], [], _SECONDS)[0]
        assert changed()
        assert not changed()
    os.close(read)
    os.close(write)


def test_a_console_that_is_away(desk: Desk) -> None:
    """Is asked again, and its absence keeps nobody."""
    desk.rewrite(console="http://127.0.0.1:9")
    read, write = os.pipe()
    with console(desk.folder) as api, feeding(api, write):
        assert select.select([read], [], [], _SECONDS)[0]
    os.close(read)
    os.close(write)
