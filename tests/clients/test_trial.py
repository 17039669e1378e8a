"""Held calls in real clients, from the hold to the original result; `make clients` tries all of them."""

from collections.abc import Iterator

import pytest

from tests.clients.driven import CLIENTS, Client
from tests.clients.stage import Carrier, Stage, set_up
from tests.clients.trial import TOOLS, attempt
from tests.environments.locked import NotInstallable

_CHOSEN = [client for client in CLIENTS if client.name in ("mcp 2", "TypeScript 1")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One sidecar and one server for all clients."""
    try:
        with set_up(tmp_path_factory.mktemp("stage")) as stage:
            yield stage
    except NotInstallable as error:
        pytest.skip(str(error))


@pytest.mark.acceptance
@pytest.mark.timeout(300)
@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize("client", _CHOSEN, ids=lambda client: client.name)
def test_a_held_call_reaches_the_model_and_runs_once(stage: Stage, client: Client, carrier: Carrier) -> None:
    """Every check, for a tool without and one with an output schema, in the client's newest era."""
    cells = list(attempt(stage, client, client.eras[-1], carrier=carrier))
    assert [cell.tool for cell in cells] == list(TOOLS)
    assert [cell.failed for cell in cells] == [{}, {}]


@pytest.mark.acceptance
@pytest.mark.timeout(300)
def test_a_client_without_a_gate_fails_the_checks(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks notice what they are for: unheld, unseen, and run twice by a retry."""
    client = _CHOSEN[0]
    monkeypatch.setattr(Stage, "environment", {"NO_PROXY": "*"})
    cells = list(attempt(stage, client, "modern", carrier=Carrier.HTTP))
    assert [sorted(cell.failed) for cell in cells] == [["ran once", "sent once", "told"]] * 2
