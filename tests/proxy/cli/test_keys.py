"""Tests of `sidegate keys`."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.data_dir.files import write_secret
from proxy.data_dir.lock import exclusive
from proxy.keys.source import InFiles
from tests.proxy.cli.desk import Desk, desk_at
from tests.proxy.console.world import TOKENS, World, console_of

type Capture = pytest.CaptureFixture[str]


@pytest.fixture
async def world(redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give a domain whose key is in a file."""
    [key] = InFiles(folder=tmp_path).read()
    made = World.build(redis_url, key=key, folder=tmp_path)
    yield made
    await made.redis.aclose()


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    """Give the desk of that domain's operator."""
    with console_of(world) as url:
        made = desk_at(tmp_path / "data", url)
        write_secret(made.folder / "operator.token", TOKENS["operator"].encode())
        with exclusive(made.folder):
            yield made


async def test_show(world: World, desk: Desk, capsys: Capture) -> None:
    """The names of keys, and the console's public key for other sidecars."""
    assert desk.run("keys", "show") == 0
    key = world.sealed.keyring.ids[0]
    assert capsys.readouterr().out == f"key {key} wraps\nconsole {world.signer.public.hex()}\n"


async def test_rotate(world: World, desk: Desk, capsys: Capture) -> None:
    """Progress is told, pass by pass, until nothing needs an older key."""
    for _ in range(3):
        await world.hold()
    assert desk.run("keys", "rotate") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "looked 3, rewrapped 3, waiting 0, unopened 0",
        "looked 3, rewrapped 0, waiting 0, unopened 0",
        "nothing that is kept needs an older key any more",
    ]
    assert lines[4] == f"key {world.sealed.keyring.ids[0]} only unwraps"


async def test_prepare_then_rewrap(world: World, desk: Desk, capsys: Capture) -> None:
    """A prepared key wraps nothing yet, so there is nothing to do again."""
    await world.hold()
    assert desk.run("keys", "prepare") == 0
    assert desk.run("keys", "rewrap") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == f"key {world.sealed.keyring.ids[0]} wraps"
    assert "looked 1, rewrapped 0" in out


async def test_what_no_key_opens(world: World, desk: Desk, capsys: Capture) -> None:
    """The older keys have to stay, and it says so."""
    await world.spoil(await world.hold(), "key", b"00" * 68)
    assert desk.run("keys", "rotate") == 1
    assert (
        "1 holds or tokens open with no key that is known here: keep the older keys"
        in capsys.readouterr().err
    )


async def test_a_reviewer_cannot(world: World, desk: Desk, capsys: Capture) -> None:
    """The console's own words."""
    write_secret(desk.folder / "operator.token", TOKENS["bob"].encode())
    assert desk.run("keys", "rotate") == 1
    assert "`keys` is not for the role `reviewer`, ask somebody who is `admin`" in capsys.readouterr().err
    assert replace(world).sealed.keyring.ids == world.sealed.keyring.ids


def test_an_action_that_is_none(desk: Desk) -> None:
    """Wrong use."""
    assert desk.run("keys", "burn") == 2
