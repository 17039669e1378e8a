"""The servers execute what they are asked for and write it down, as long as nothing stands in between."""

from pathlib import Path

import httpx2
import pytest

from tests.environments.locked import NotInstallable
from tests.mcp_servers.running import SDKS, serving

_ACCEPTED = {"Accept": "application/json, text/event-stream"}


@pytest.mark.acceptance
@pytest.mark.parametrize("sdk", SDKS)
def test_a_server_writes_down_what_it_executes(sdk: str, tmp_path: Path) -> None:
    """Each of its tools, with the arguments that it got."""
    try:
        with serving(sdk, tmp_path) as server, httpx2.Client(trust_env=False, timeout=30) as client:
            for number, (tool, arguments) in enumerate(_CALLS):
                call = {"name": tool, "arguments": arguments}
                request = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}
                answer = client.post(server.url, json=request, headers=_ACCEPTED)
                assert (answer.status_code, "result" in answer.text) == (200, True), answer.text
            assert server.executed == [{"tool": t, "arguments": a} for t, a in _CALLS]
    except NotInstallable as error:
        pytest.skip(str(error))


_CALLS: list[tuple[str, dict[str, object]]] = [
    ("safe", {"x": 1}),
    ("danger", {"x": 2}),
    ("pay", {"payee": "ada", "amount": 3}),
]
