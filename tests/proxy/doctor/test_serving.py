"""The running sidecar as its folder and its listeners show it, and the rules of capture."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from proxy.capture import table
from proxy.capture.plan import Plan
from proxy.data_dir.lock import exclusive
from proxy.doctor import serving
from proxy.doctor.finding import Level
from tests.nets import needs_nets, nets
from tests.proxy.cli.desk import Desk

pytest_plugins = ()
PLAN = Plan(to=15001, dns=15053, spared=0)


@contextmanager
def serves(folder: Path, **members: object) -> Iterator[None]:
    """A folder whose sidecar lives and says where it is."""
    with exclusive(folder), socket.create_server(("127.0.0.1", 0)) as proxy:
        place = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        (folder / "serve.json").write_text(json.dumps({"proxy": place, "console": place, **members}))
        yield


def wrong(folder: Path) -> dict[str, Level]:
    """What is not as it should be."""
    _, findings = serving.examine(folder)
    return {one.check: one.level for one in findings if one.level is not Level.OK}


def test_nobody_serves(tmp_path: Path) -> None:
    """With a file left behind by a dead one, or without any."""
    assert wrong(tmp_path) == {"sidecar.serves": Level.FAULT}
    with serves(tmp_path):
        pass
    assert wrong(tmp_path) == {"sidecar.serves": Level.FAULT}


def test_a_file_that_says_nothing(tmp_path: Path) -> None:
    """It is no sidecar then."""
    with serves(tmp_path):
        for text in ("", "[]", '{"proxy": 1}'):
            (tmp_path / "serve.json").write_text(text)
            assert wrong(tmp_path) == {"sidecar.serves": Level.FAULT}


def test_a_good_one(desk: Desk) -> None:
    """A real console; the agents' listener is where it says."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        desk.rewrite(proxy=f"http://127.0.0.1:{proxy.getsockname()[1]}", capture=1, dns=2)
        found, _ = serving.examine(desk.folder)
        assert wrong(desk.folder) == {}
    assert found is not None
    assert (found.captured, found.dns) == (1, 2)


@pytest.mark.parametrize(
    ("members", "check", "level"),
    [
        ({"console": "http://127.0.0.1:1"}, "sidecar.ready", Level.FAULT),
        ({"proxy": "http://127.0.0.1:1"}, "sidecar.listens", Level.FAULT),
        ({"console": "http://192.0.2.1:1"}, "console.place", Level.DOUBT),
    ],
)
def test_what_does_not_answer(
    members: dict[str, str], check: str, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A console, a listener; and a console that everybody can reach."""
    monkeypatch.setattr(serving, "_SECONDS", 0.3)
    with serves(tmp_path, **members):
        assert wrong(tmp_path)[check] is level


@needs_nets
def test_the_rules_of_capture() -> None:
    """Not there, there, of another plan, changed."""
    with ExitStack() as stack:
        (net,) = stack.enter_context(nets(1))
        stack.enter_context(net)
        levels = [serving.rules(PLAN).level]
        table.up(PLAN)
        levels += [serving.rules(PLAN).level, serving.rules(Plan(to=1, dns=2)).level]
        net.run("nft", "insert rule inet sidegate agent accept")
        levels.append(serving.rules(PLAN).level)
    assert levels == [Level.FAULT, Level.OK, Level.FAULT, Level.FAULT]
