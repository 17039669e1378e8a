"""Tests of `sidegate passed`."""

import json

import pytest

from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World
from tests.proxy.quality.samples import kept

type Capture = pytest.CaptureFixture[str]


async def test_listed_shown_and_labelled(world: World, desk: Desk, capsys: Capture) -> None:
    """Each with its id; a body as the block that it is; then who says what."""
    sample = await kept(world)
    assert desk.run("passed") == 0
    assert capsys.readouterr().out.startswith(f"{sample.sample_id}  tier 2  POST https://bank.example")
    assert desk.run("passed", sample.sample_id) == 0
    assert "<b>hi</b>" in capsys.readouterr().out
    assert desk.run("passed", sample.sample_id, "right") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ada: right"
    assert desk.run("passed") == 0
    assert capsys.readouterr().out == "no passed call waits for a word\n"
    assert desk.run("passed", sample.sample_id, "--json") == 0
    assert json.loads(capsys.readouterr().out)["passed"]["labels"] == [{"who": "ada", "label": "right"}]


@pytest.mark.parametrize("given", ["../holds", "01JZZZZZZZZZZZZZZZZZZZZZZZ", "é"])
async def test_no_such_call(desk: Desk, capsys: Capture, given: str) -> None:
    """It ends with 1 and says so."""
    assert desk.run("passed", given) == 1
    assert "passed call" in capsys.readouterr().err
