"""MCP inside HTTP through a running sidecar: real clients, a real server, and bodies that try to get past."""

import json
import os
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client

from tests.acceptance.conftest import StartSidecar
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.mcp_servers.running import McpServer
from tests.ports import free_port

_ROOT = Path(__file__).parents[2]
_PROGRAM = _ROOT / "tests" / "mcp_servers" / "programs" / "python_sdks.py"
_EVASIONS = Path(os.environ.get("EVASIONS", "../shared/corpora/mcp-evasions.json"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[McpServer]:
    """Run a server on the SDK that the tests have."""
    port = free_port()
    executed = tmp_path / "executed"
    command = [sys.executable, str(_PROGRAM), "mcp2", str(port), str(executed)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until(lambda: _listens(port), what="the MCP server", deadline=60)
            yield McpServer(url=f"http://localhost:{port}/mcp", executed_file=executed)
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _config(server: McpServer | None) -> str:
    servers = f'mcp_servers:\n  - {{name: bank, url: "{server.url}", trust: first-use}}\n' if server else ""
    return f'version: 1\ndestinations:\n  allow: ["localhost"]\n{servers}'


@contextmanager
def _through(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have clients take the sidecar for their proxy."""
    with monkeypatch.context() as patch:
        patch.setenv("HTTP_PROXY", sidecar.proxy)
        patch.setenv("NO_PROXY", "")
        yield


def _held(result: Any) -> str:
    assert result.is_error
    assert "not executed" in result.content[0].text
    return str(json.loads(result.content[0].text.splitlines()[-1])["hold_id"])


def _approve(sidecar: Sidecar, hold_id: str) -> None:
    command = [sys.executable, str(_ROOT / "sidegate.py"), "approve", hold_id, "--yes"]
    subprocess.run([*command, "--data-dir", str(sidecar.data_dir)], check=True, capture_output=True)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_held_call_runs_on_the_agents_next_touch_once(
    start_sidecar: StartSidecar, server: McpServer, monkeypatch: pytest.MonkeyPatch, mode: Any
) -> None:
    """Both eras: held in a shape that the client survives, and the original result by both ways."""
    sidecar = start_sidecar(config=_config(server))
    payment = {"payee": "ada", "amount": 7}
    with _through(sidecar, monkeypatch):
        async with Client(server.url, mode=mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {"safe", "danger", "pay", "sidegate_await", "sidegate_status", "sidegate_cancel"}
            safe: Any = await client.call_tool("safe", {"x": 1})
            assert safe.content[0].text == "safe 1"
            first, second = (
                _held(await client.call_tool("pay", payment)),
                _held(await client.call_tool("danger")),
            )
            assert _held(await client.call_tool("pay", payment)) == first
            for hold_id in (first, second):
                _approve(sidecar, hold_id)
            assert len(server.executed) == 1
            paid = await client.call_tool("pay", payment)
            deleted: Any = await client.call_tool("sidegate_await", {"hold_id": second})
    assert paid.structured_content == {"payment": "to ada", "amount": 7}
    assert deleted.content[0].text == "danger 0"
    assert sorted(str(call["tool"]) for call in server.executed) == ["danger", "pay", "safe"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cannot_use_a_proxy_asks_the_listener_itself(
    start_sidecar: StartSidecar, server: McpServer, mode: Any
) -> None:
    """By a path in place of the server's URL: the same gate, and the call runs once."""
    sidecar = start_sidecar(config=_config(server).replace("trust:", "serve: true, trust:"))
    payment = {"payee": "ada", "amount": 7}
    async with Client(f"{sidecar.proxy}/mcp/bank", mode=mode) as client:
        safe: Any = await client.call_tool("safe", {"x": 1})
        assert safe.content[0].text == "safe 1"
        held = _held(await client.call_tool("pay", payment))
        _approve(sidecar, held)
        paid: Any = await client.call_tool("sidegate_await", {"hold_id": held})
    assert paid.structured_content == {"payment": "to ada", "amount": 7}
    assert [call["tool"] for call in server.executed] == ["safe", "pay"]


@pytest.mark.parametrize(
    ("headers", "served"),
    [
        ({"Origin": "http://evil.example"}, True),
        ({"Host": "rebound.example"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({}, False),
    ],
    ids=["page", "rebound name", "browser", "not served"],
)
def test_pages_in_browsers_reach_no_server_by_path(
    start_sidecar: StartSidecar, server: McpServer, headers: dict[str, str], served: bool
) -> None:
    """Nor does anybody where it was not asked for."""
    sidecar = start_sidecar(config=_config(server).replace("trust:", f"serve: {str(served).lower()}, trust:"))
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "safe", "arguments": {}}}
    with httpx2.Client(trust_env=False, timeout=30) as client:
        answer = client.post(f"{sidecar.proxy}/mcp/bank", json=call, headers=headers)
    assert answer.status_code == 400
    assert server.executed == []


def test_a_server_that_nobody_configured_is_not_believed(
    start_sidecar: StartSidecar, server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that looks like MCP makes nothing milder."""
    sidecar = start_sidecar(config=_config(None))
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "safe", "arguments": {}}}
    with _through(sidecar, monkeypatch), httpx2.Client(timeout=30) as client:
        held = client.post(server.url, json=call, headers={"Accept": "application/json"}).json()
        listed = client.post(server.url, json=call | {"method": "tools/list", "params": {}}).json()
    assert "not executed" in held["result"]["content"][0]["text"]
    assert "not one of `mcp_servers`" in listed["error"]["message"]
    assert server.executed == []


def test_recorded_evasions_execute_nothing_dangerous(
    start_sidecar: StartSidecar, server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a body or its headers hide, what they ask for was judged."""
    if not _EVASIONS.is_file():
        pytest.skip(f"there are no recorded evasions at `{_EVASIONS}`: name them in EVASIONS")
    config = _config(server) + "new_holds: {most: 1000}\n"
    sidecar = start_sidecar(config=config)
    with _through(sidecar, monkeypatch), httpx2.Client(timeout=30) as client:
        for case in json.loads(_EVASIONS.read_text()):
            body = b64decode(case["body_b64"])
            client.post(server.url, content=body, headers=_fields(case["headers"]))
    assert [call for call in server.executed if call["tool"] == "danger"] == []


def _fields(headers: dict[str, Any]) -> list[tuple[str, str]]:
    usual = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    pairs = [(name, value) for name, value in usual.items() if name not in headers]
    for name, value in headers.items():
        pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return pairs
