"""What real clients send when they mean no harm: nothing of it may be refused."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.clients.driven import CLIENTS, Client, connected
from tests.clients.stage import Carrier, Stage, set_up
from tests.environments.locked import NotInstallable

_REFUSED = re.compile(r"mcp\.line_refused|mcp_malformed|mcp_method_unknown")


def run(folder: Path) -> tuple[int, list[str]]:
    """How many sessions and calls of clients there were, and what was refused of them."""
    wrong: list[str] = []
    with set_up(folder) as stage:
        sessions = 0
        for name, found in _sessions(stage):
            sessions += 1
            wrong += [f"{name}: {one}" for one in found]
        refused = stage.sidecar.metric("sidegate_refusals_total")
        if refused:
            wrong.append(f"the sidecar has refused {refused:g} requests")
    return sessions, wrong


def _sessions(stage: Stage) -> Iterator[tuple[str, list[str]]]:
    for client in CLIENTS:
        for era in client.eras:
            for carrier in Carrier:
                try:
                    yield f"{client.name} {era} {carrier}", _session(stage, client, era, carrier=carrier)
                except NotInstallable:
                    continue


def _session(stage: Stage, client: Client, era: str, *, carrier: Carrier) -> list[str]:
    """What went wrong in a session that lists the tools and makes calls that pass."""
    log = stage.folder / f"honest-{client.name}-{era}-{carrier}.log".replace(" ", "-")
    wrong = []
    try:
        with connected(client, stage.where(carrier), era, env=stage.environment, log=log) as conversation:
            for value in (1, -2.5, "text", [1, {"a": None}], "\u00fc\u4e2d\U0001f600"):
                seen = str(conversation.call("safe", {"x": value}))
                wrong += [] if "safe" in seen and "raised" not in seen else [seen]
    except ConnectionError as error:
        wrong.append(str(error))
    return wrong + _REFUSED.findall(log.read_text(errors="replace"))
