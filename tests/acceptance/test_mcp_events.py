"""The oldest carrier over HTTP through a running sidecar: a real server that speaks it, and real clients."""

import json
import re
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.clients.driven import CLIENTS, Client, connected
from tests.clients.stage import Carrier, Stage, set_up
from tests.clients.trial import attempt
from tests.environments.locked import NotInstallable
from tests.mcp_servers.running import EVENTS

pytestmark = pytest.mark.acceptance

_SPEAKING = [client for client in CLIENTS if client.name in ("mcp 1", "TypeScript 1")]
_ANSWERED_WITHIN = 4.0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run a server and a sidecar."""
    try:
        with set_up(tmp_path_factory.mktemp("events"), sdk=EVENTS) as stage:
            yield stage
    except NotInstallable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("client", _SPEAKING, ids=lambda client: client.name)
def test_a_held_call_is_told_and_runs_once_after_its_approval(stage: Stage, client: Client) -> None:
    """With and without an output schema, by the same call and by `sidegate_await`, in one session."""
    try:
        cells = list(attempt(stage, client, "legacy", carrier=Carrier.HTTP))
    except NotInstallable as error:
        pytest.skip(str(error))
    assert {cell.tool: cell.failed for cell in cells} == {"danger": {}, "pay": {}}


def test_a_held_call_is_answered_in_time_and_can_be_taken_back(stage: Stage) -> None:
    """Before clients give up; what was taken back did not run."""
    client, log = _SPEAKING[0], stage.folder / "back.log"
    try:
        with connected(client, stage.server.url, "legacy", env=stage.environment, log=log) as conversation:
            began = monotonic()
            held = json.dumps(conversation.call("danger", {"x": 9001}))
            took = monotonic() - began
            (hold_id, *_) = re.findall(r"[0-9A-HJKMNP-TV-Z]{26}", held)
            status = json.dumps(conversation.call("sidegate_status", {"hold_id": hold_id}))
            cancelled = json.dumps(conversation.call("sidegate_cancel", {"hold_id": hold_id}))
    except NotInstallable as error:
        pytest.skip(str(error))
    assert "not executed" in held
    assert "not executed" in status
    assert "CANCELLED" in cancelled
    assert took < _ANSWERED_WITHIN
    assert {"tool": "danger", "arguments": {"x": 9001}} not in stage.server.executed
