"""Tests of `sidegate label`."""

import pytest

from proxy.quality.labels import Labels
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World


async def test_a_word_is_given(world: World, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It is kept under the name of who has the token and told."""
    hold = await world.hold()
    assert desk.run("label", hold.hold_id, "unnecessary") == 0
    assert capsys.readouterr().out == "ada: unnecessary\n"
    assert await Labels(world.store).about(hold.hold_id) == {"ada": "unnecessary"}


async def test_no_such_hold(world: World, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 1 and says so."""
    assert desk.run("label", "01JZZZZZZZZZZZZZZZZZZZZZZZ", "necessary") == 1
    assert "no hold" in capsys.readouterr().err
