"""Servers as they are published, wrapped: every call that is not held behaves as without a gate."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from proxy.packs import load_packs
from rules.mcp.suspect import suspect
from tests.acceptance.conftest import StartSidecar
from tests.environments.locked import NotInstallable
from tests.mcp_servers.published import PUBLISHED, Call, Published, prepare

_CALLS = 20
_FEWEST = 4
# What a reviewer should never be asked about.
_READS = {
    "filesystem": ("read_text_file", "list_directory", "directory_tree", "search_files"),
    "memory": ("read_graph", "search_nodes", "open_nodes"),
    "git": ("git_status", "git_diff", "git_log", "git_show", "git_branch"),
    "fetch": ("fetch",),
    "time": ("convert_time",),
    "everything": ("echo", "get-sum"),
    "sqlite": ("list_tables", "describe_table"),
}
_LAUNCHER = Path(__file__).parents[2] / "sidegate.py"


class _Page(BaseHTTPRequestHandler):
    """One small page."""

    def do_GET(self) -> None:
        """Answer every path with it."""
        body = b"<html><body><p>a page of its own</p></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    """Serve a page and give its URL."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page"
        server.shutdown()
        thread.join()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)
async def test_a_session_behaves_as_direct_except_for_what_is_held(
    start_sidecar: StartSidecar, published: Published, page: str, tmp_path: Path
) -> None:
    """Of twenty calls, those that pass have the same results, and the held ones have not run."""
    sidecar = start_sidecar()
    # Paths are arguments, so both runs have the same one, one after the other.
    folder = tmp_path / "work"
    try:
        pack = [f"--pack={published.name}"] if published.name in load_packs().named_servers else []
        gate = [str(_LAUNCHER), "mcp", f"--data-dir={sidecar.data_dir}", *pack]
        gate += ["--", *published.command(folder)]
    except NotInstallable as error:
        pytest.skip(str(error))
    calls = published.calls(folder, page)
    assert len(calls) == _CALLS
    prepare(folder)
    through = await _session([sys.executable, *gate], calls, folder)
    folder.rename(tmp_path / "through")
    prepare(folder)
    passed = [call for call, result in zip(calls, through, strict=True) if not _held(result)]
    direct = await _session(published.command(folder), passed, folder)
    assert [result for result in through if not _held(result)] == direct
    assert [result for result in direct if isinstance(result, dict) and suspect(result)] == []
    assert _FEWEST <= len(direct) <= _CALLS
    reads = [call for call in calls if call[0] in _READS.get(published.name, ())]
    assert [call for call in reads if call not in passed] == []


async def _session(command: Sequence[str], calls: Sequence[Call], folder: Path) -> list[Any]:
    """What the client gets of each call, errors too."""
    # A commit has its time in its hash.
    environment = {f"GIT_{who}_DATE": "2026-01-02T00:00:00+0000" for who in ("AUTHOR", "COMMITTER")}
    environment |= {"MEMORY_FILE_PATH": str(folder / "memory.jsonl"), "GIT_PAGER": "cat"}
    server = StdioServerParameters(command=command[0], args=list(command[1:]), env=environment)
    results = []
    async with Client(server, mode="legacy", read_timeout_seconds=60) as client:
        for tool, arguments in calls:
            try:
                result = await client.call_tool(tool, dict(arguments))
                results.append(json.loads(result.model_dump_json(by_alias=True, exclude={"meta"})))
            except (MCPError, RuntimeError) as error:
                results.append(str(error))
    return results


def _held(result: Any) -> bool:
    return "not executed" in json.dumps(result)
