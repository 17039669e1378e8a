"""`sidegate doctor` as a command: its parts, its codes, its formats."""

import json
import os
import socket
from collections.abc import Iterator

import pytest
from redis import Redis

from proxy.cli import main
from proxy.data_dir.authority import ensure_authority
from proxy.doctor import attempts
from tests.proxy.cli.desk import Desk

type Capture = pytest.CaptureFixture[str]


@pytest.fixture
def installed(desk: Desk, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with an authority, a listener for agents, a store, and no client to try."""
    ensure_authority(desk.folder)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(attempts, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        desk.rewrite(proxy=f"http://127.0.0.1:{proxy.getsockname()[1]}")
        yield desk


def doctor(desk: Desk, *arguments: str) -> int:
    """Run it on that folder."""
    return main(["doctor", "--data-dir", str(desk.folder), *arguments])


def levels(capsys: Capture) -> dict[str, str]:
    """The level of each check that was printed as JSON."""
    return {one["check"]: one["level"] for one in json.loads(capsys.readouterr().out)["findings"]}


def test_a_table(installed: Desk, capsys: Capture) -> None:
    """A line for each check, its cure below, the counts at the end."""
    doctor(installed)
    said = capsys.readouterr().out
    assert "sidecar.ready" in said
    assert said.splitlines()[-1].endswith("fault")


def test_what_is_wrong_is_a_negative_result(installed: Desk, capsys: Capture) -> None:
    """A fault ends with 1; a doubt does under `--strict`."""
    (installed.folder / "operator.token").chmod(0o644)
    assert doctor(installed, "--json") == 1
    assert levels(capsys)["keys.mode"] == "fault"
    (installed.folder / "operator.token").chmod(0o600)
    doctor(installed, "--json")
    found = levels(capsys)
    assert found["rules.there"] == "doubt"
    assert doctor(installed, "--strict") == 1


@pytest.mark.parametrize("said", ["environment", "file"])
def test_a_store_of_somebody_else_is_looked_into(
    installed: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Wherever it is named: one that loses holds when it ends is found, and its address stands nowhere."""
    url = os.environ["REDIS_URL"]
    with Redis.from_url(url) as store:
        assert store.config_get("appendonly") == {"appendonly": "no"}
    files = list[str]()
    if said == "file":
        monkeypatch.delenv("REDIS_URL")
        (config := installed.folder / "config.yaml").write_text(f"version: 1\nredis: {{url: '{url}'}}\n")
        files = ["--config", str(config)]
    doctor(installed, "--json", *files)
    printed = capsys.readouterr()
    found = {one["check"]: one["level"] for one in json.loads(printed.out)["findings"]}
    assert (found["store.reached"], found["store.kept"]) == ("ok", "fault")
    assert url not in printed.out + printed.err


def test_the_sidecars_own_store_is_asked_where_none_is_named(
    installed: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None runs here."""
    monkeypatch.delenv("REDIS_URL")
    doctor(installed, "--json")
    found = levels(capsys)
    assert found["store.reached"] == "fault"
    assert "store.kept" not in found


def test_wrong_files(installed: Desk, capsys: Capture, tmp_path: os.PathLike[str]) -> None:
    """Each problem as `sidegate check` says it."""
    path = f"{tmp_path}/rules.yaml"
    with open(path, "w") as file:  # noqa: PTH123 (a path of text, as the flag takes it)
        file.write("version: 2\nnonsense: 1\n")
    assert doctor(installed, "--rules", path, "--config", path, "--json") == 1
    found = levels(capsys)
    assert (found["rules"], found["config"]) == ("fault", "fault")


def test_a_credential_that_cannot_be_read(installed: Desk, capsys: Capture) -> None:
    """The configuration's are looked for."""
    (config := installed.folder / "config.yaml").write_text(
        "version: 1\ncredentials: [{host: bank.example, env: SIDEGATE_TEST_UNSET}]\n"
    )
    doctor(installed, "--json", "--config", str(config))
    assert levels(capsys)["credentials"] == "doubt"


def test_the_agents_side(installed: Desk, capsys: Capture) -> None:
    """From here: everything is open, because this process is no agent."""
    assert doctor(installed, "--inside", "--json") == 1
    found = levels(capsys)
    assert found["agent.keys"] == "fault"
    assert "folder.mode" not in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may try as another user")
def test_as_another_user(installed: Desk, capsys: Capture) -> None:
    """The agent's checks beside the operator's, made by a child without privileges."""
    doctor(installed, "--as", "1500", "--json")
    found = levels(capsys)
    assert (found["agent.capabilities"], found["agent.user"]) == ("ok", "ok")
    assert "folder.mode" in found
    doctor(installed, "--as", str(installed.folder.stat().st_uid), "--json")
    assert levels(capsys)["agent.user"] == "fault"


def test_only_root_tries_as_another_user(
    installed: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, as wrong use."""
    monkeypatch.setattr(os, "geteuid", lambda: 1500)
    assert doctor(installed, "--as", "1501") == 2
    assert "only root can try" in capsys.readouterr().err


def test_wrong_ports(installed: Desk, capsys: Capture) -> None:
    """As for `sidegate capture`."""
    assert doctor(installed, "--captured", "--to", "8081") == 2
    assert "cannot be closed" in capsys.readouterr().err
