"""The harness itself: it notices what goes past the gate, and the gate lets nothing past."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environments.locked import NotInstallable
from tests.mcp_evasion import lines, posts
from tests.mcp_evasion.__main__ import main
from tests.mcp_evasion.corpus import Payload
from tests.mcp_evasion.place import Place, set_up

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

_FIELDS = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))


def _payload(tool: str, *, also: str = "") -> Payload:
    params = f'{{"name":"{tool}","arguments":{{"x":1}}{also}}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'
    return Payload(name=tool + also, fields=_FIELDS, body=body.encode())


_PAYLOADS = [_payload("safe"), _payload("danger"), _payload("safe", also=',"name":"danger"')]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The gate and its servers, for all tests of this module."""
    try:
        with set_up(tmp_path_factory.mktemp("place")) as place:
            yield place
    except NotInstallable as error:
        pytest.skip(str(error))


def test_through_the_gate_everything_that_runs_was_seen(place: Place) -> None:
    """What passes and what was approved runs on each server, and nothing else."""
    executed, unseen = posts.run(place, _PAYLOADS)
    assert unseen == []
    assert executed == 2 * len(place.servers)


def test_past_the_gate_everything_is_unseen(place: Place) -> None:
    """The dangerous calls and the hidden one run on each server, and the safe one has no witness."""
    past = Place(
        sidecar=place.sidecar,
        reviewer=place.reviewer,
        servers=place.servers,
        witness=Path("/nowhere"),
        proxy=None,
    )
    _, unseen = posts.run(past, _PAYLOADS)
    assert len(unseen) == 3 * len(place.servers)


@pytest.mark.parametrize(
    "case", [lines.CASES[0], lines.CASES[4], lines.CASES[15]], ids=lambda case: case.name
)
def test_lines_that_hide_a_call_run_nothing(place: Place, case: lines.Lines) -> None:
    """And honest ones beside them run."""
    assert lines.attempt(place.sidecar, "mcp1", case) == (len(case.honest), [], [])


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the flag that names another."""
    with pytest.raises(SystemExit, match="2"):
        main(["--file", "/nowhere.json"])
    assert "--file" in capsys.readouterr().err


def test_the_command_ends_with_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Past the gate, so that there is something."""
    rows = [{"case": p.name, "headers": {}, "body_b64": b64encode(p.body).decode()} for p in _PAYLOADS[1:]]
    file = tmp_path / "payloads.json"
    file.write_text(json.dumps(rows))
    assert main(["--file", str(file), "--skip-honest", "--skip-lines", "--direct"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 payloads, 10 unseen executions"
