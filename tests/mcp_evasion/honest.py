"""What real clients send when they mean no harm: nothing of it may be refused."""

from collections.abc import Iterator
from pathlib import Path

from tests.clients.driven import CLIENTS, Client, connected
from tests.clients.stage import Carrier, Stage, set_up
from tests.environments.locked import NotInstallable

_VALUES = (1, -2.5, "text", [1, {"a": None}], "\u00fc\u4e2d\U0001f600")


def run(folder: Path) -> tuple[int, list[str]]:
    """How many sessions of clients there were, and what was refused of them."""
    with set_up(folder) as stage:
        found = list(_sessions(stage))
    return len(found), [f"{name}: {one}" for name, wrong in found for one in wrong]


def _sessions(stage: Stage) -> Iterator[tuple[str, list[str]]]:
    for client in CLIENTS:
        for era in client.eras:
            for carrier in Carrier:
                try:
                    yield f"{client.name} {era} {carrier}", attempt(stage, client, era, carrier=carrier)
                except NotInstallable:
                    continue


def attempt(stage: Stage, client: Client, era: str, *, carrier: Carrier) -> list[str]:
    """What went wrong in a session that lists the tools and makes calls that pass."""
    log = stage.folder / f"honest-{client.name}-{era}-{carrier}.log".replace(" ", "-")
    before, wrong = len(stage.sidecar.log), []
    try:
        with connected(client, stage.where(carrier), era, env=stage.environment, log=log) as conversation:
            for value in _VALUES:
                seen = str(conversation.call("safe", {"x": value}))
                wrong += [] if "safe" in seen and "raised" not in seen else [seen]
    except ConnectionError as error:
        wrong.append(str(error))
    # The sidecar's word for it, and that of a wrapped server's gate.
    said = stage.sidecar.log[before:] + log.read_text(errors="replace")
    refused = [line for line in said.splitlines() if "request.refused" in line or "line_refused" in line]
    # Some look for their cloud beside; that is no MCP, and has no place here.
    return wrong + [line for line in refused if "reason_id=destination_" not in line]
