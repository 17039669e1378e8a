"""The command itself: a real client on one side, real servers on the other, one store between processes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from proxy.audit.reading import check, files_in, lines_of
from proxy.counts import Summed
from proxy.data_dir.embedded import EmbeddedRedis
from proxy.keys.seal import load_or_create_key
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from rules.audit.record import read
from rules.hold import State
from tests.environments import locked
from tests.mcp_servers.running import read_executed
from tests.proxy.console.world import World
from tests.proxy.test_metrics import samples

_ROOT = Path(__file__).parents[3]
_SDK = [sys.executable, str(_ROOT / "tests" / "mcp_servers" / "programs" / "python_sdks.py"), "mcp2", "stdio"]


_TIER_4 = "sidegate_holds_opened_total[('tier', '4')]"


@pytest.fixture
async def data_dir(tmp_path: Path) -> AsyncIterator[Path]:
    """Give a data folder, and end its store."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "redis").exists():
        store = EmbeddedRedis(folder / "redis")
        await store.start()
        await store.stop()


def _command(data_dir: Path, *server: str) -> list[str]:
    wrapper = [str(_ROOT / "sidegate.py"), "mcp", "--data-dir", str(data_dir), "--name", "bank"]
    return [sys.executable, *wrapper, "--", *server]


@asynccontextmanager
async def _client(data_dir: Path, *server: str, mode: Any = "auto") -> AsyncIterator[Client]:
    command = _command(data_dir, *server)
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    async with Client(parameters, mode=mode) as client:
        yield client


async def _run_approved(data_dir: Path, hold_id: str, *, state: State = State.EXECUTED) -> None:
    """Approve as the sidecar's console does, and wait until the hold stands like that."""
    key = load_or_create_key(data_dir / "keys" / "console.key")
    world = World.build(f"unix://{data_dir / 'redis' / 'redis.sock'}", domain="default", key=key)
    hold = await world.store.find(hold_id)
    assert hold is not None
    await world.approve(hold)
    async with asyncio.timeout(30):
        async for _ in world.store.changes():
            if (found := await world.store.find(hold_id)) and found.state is state:
                break
    await world.redis.aclose()


def _held(result: Any) -> str:
    """The id of the hold that a result tells of, as a model finds it."""
    text = result.content[0].text
    assert result.is_error
    assert "not executed" in text
    return str(json.loads(text.splitlines()[-1])["hold_id"])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_gets_held_approved_and_original_results(
    data_dir: Path, tmp_path: Path, mode: str
) -> None:
    """Both eras: the call is sent once, runs once, and its result comes by retry and by the injected tool."""
    executed, payment = tmp_path / "executed", {"payee": "ada", "amount": 7}
    async with _client(data_dir, *_SDK, str(executed), mode=mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} >= {"pay", "sidegate_await"}
        assert (await client.call_tool("safe", {"x": 1})).content[0].text == "safe 1"  # type: ignore[union-attr]
        first, second = _held(await client.call_tool("pay", payment)), _held(await client.call_tool("danger"))
        assert _held(await client.call_tool("pay", payment)) == first
        for hold_id in (first, second):
            await _run_approved(data_dir, hold_id)
        paid = await client.call_tool("pay", payment)
        deleted: Any = await client.call_tool("sidegate_await", {"hold_id": second})
    assert paid.structured_content == {"payment": "to ada", "amount": 7}
    assert deleted.content[0].text == "danger 0"
    assert sorted(str(call["tool"]) for call in read_executed(executed)) == ["danger", "pay", "safe"]


async def test_an_approval_outlives_the_session(data_dir: Path, tmp_path: Path) -> None:
    """Approved while nobody was there, the call runs on the next session's same call, once."""
    executed, payment = tmp_path / "executed", {"payee": "ada", "amount": 7}
    async with _client(data_dir, *_SDK, str(executed)) as client:
        hold_id = _held(await client.call_tool("pay", payment))
    await _run_approved(data_dir, hold_id, state=State.APPROVED)
    assert read_executed(executed) == []
    async with _client(data_dir, *_SDK, str(executed)) as client:
        paid = await client.call_tool("pay", payment)
    assert paid.structured_content == {"payment": "to ada", "amount": 7}
    assert len(read_executed(executed)) == 1
    _check_audit(data_dir)
    # Two processes, neither of which anybody scraped.
    found = samples(Summed(Metrics().registry, data_dir / "mcp"))
    assert found["sidegate_holds_opened_total[('tier', '3')]"] + found[_TIER_4] == 1
    assert found["sidegate_hold_transitions_total[('event', 'answer')]"] == 1


def _check_audit(data_dir: Path) -> None:
    """Both sessions wrote one chain, and the one call that ran has its attempt in it."""
    signer = Signer(key=load_or_create_key(data_dir / "keys" / "console.key"), domain="default")
    checked = check([data_dir / "audit"], keys={signer.public.hex()})
    assert checked.findings == ()
    [chain] = checked.chains
    assert (chain.name.startswith("mcp-"), chain.epoch, chain.stopped) == (True, 2, True)
    records = [read(text) for path in files_in([data_dir / "audit"]) for _, text in lines_of(path)]
    assert [record.facts["tier"] for record in records if record.kind == "attempt"] == [4]
    assert {record.facts["tool"] for record in records if record.kind == "verdict"} == {"pay"}


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (["/no/such/server"], "cannot be started"),
        ([sys.executable, "-c", "raise SystemExit(5)"], ""),
    ],
    ids=["missing", "ends at once"],
)
def test_a_server_that_cannot_run_is_told_on_stderr(data_dir: Path, server: list[str], said: str) -> None:
    """Nothing but messages stands on stdout, and the exit code is the server's."""
    ran = subprocess.run(
        _command(data_dir, *server),
        input=b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=False,
    )
    assert said in ran.stderr.decode()
    assert b"Traceback" not in ran.stderr
    assert ran.returncode == (1 if said else 5)
    for line in ran.stdout.splitlines():
        json.loads(line)


def test_its_log_is_written_as_configured(data_dir: Path, tmp_path: Path) -> None:
    """Each line of ours is JSON, between what the server writes."""
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nlogs: {format: json}\n")
    command = _command(data_dir, sys.executable, "-c", "import sys; sys.stdin.readline()")
    command[command.index("--") : command.index("--")] = ["--config", str(config)]
    ran = subprocess.run(
        command,
        input=b"no message\n",
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=False,
    )
    lines = [json.loads(text) for text in ran.stderr.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("mcp.line_refused", "warning")]


def test_the_server_does_not_get_the_stores_address(data_dir: Path) -> None:
    """With it, it could write what the gate reads."""
    program = "import os, sys; sys.exit('REDIS_URL' in os.environ)"
    ran = subprocess.run(
        _command(data_dir, sys.executable, "-c", program),
        input=b"",
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "REDIS_URL": "unix:///nowhere"},
        check=False,
    )
    assert ran.returncode == 0


_REAL = {
    "time": (["-m", "mcp_server_time"], "get_current_time", {"timezone": "UTC"}),
    "git": (["-m", "mcp_server_git"], "git_status", {"repo_path": "."}),
}


@pytest.mark.parametrize("name", _REAL)
async def test_servers_from_the_package_index_answer_as_without_us(data_dir: Path, name: str) -> None:
    """Their lists and results are the same, but for our own tools."""
    arguments, tool, given = _REAL[name]
    try:
        command = [str(locked.python("servers")), *arguments]
    except locked.NotInstallable as error:
        pytest.skip(f"the servers cannot be installed: {error}")
    direct = StdioServerParameters(command=command[0], args=command[1:])
    async with Client(direct) as without, _client(data_dir, *command) as within:
        theirs, ours = (await without.list_tools()).tools, (await within.list_tools()).tools
        assert [entry.model_dump() for entry in ours[:-3]] == [entry.model_dump() for entry in theirs]
        results = [await client.call_tool(tool, {**given}) for client in (without, within)]
        assert results[0].is_error == results[1].is_error


async def test_a_server_from_npm_answers_as_without_us(data_dir: Path, tmp_path: Path) -> None:
    """Its reads are the same, and its writes are held."""
    try:
        package = locked.node("servers") / "node_modules" / "@modelcontextprotocol" / "server-filesystem"
    except locked.NotInstallable as error:
        pytest.skip(f"the servers cannot be installed: {error}")
    (tmp_path / "note").write_text("hello")
    command = [*locked.node_program(), str(package / "dist" / "index.js"), str(tmp_path)]
    async with _client(data_dir, *command) as client:
        read: Any = await client.call_tool("read_text_file", {"path": str(tmp_path / "note")})
        _held(await client.call_tool("write_file", {"path": str(tmp_path / "note"), "content": "bye"}))
    assert "hello" in read.content[0].text
    assert (tmp_path / "note").read_text() == "hello"
