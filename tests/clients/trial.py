"""What becomes of held calls in one client: both tools, both ways to the result, over one session."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from tests.clients.driven import Client, Conversation, connected
from tests.clients.stage import Carrier, Stage

_HOLD_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_numbers = count(101)

TOOLS: dict[str, Callable[[int], dict[str, Any]]] = {
    "danger": lambda number: {"x": number},
    "pay": lambda number: {"payee": "ada", "amount": number},
}
"""A tool without and one with an output schema, and the arguments of the call with a number."""
_RESULTS = {"danger": ("danger {}",), "pay": ("to ada", "{}")}


class Check(StrEnum):
    """What has to be so, in the order in which it is looked at."""

    TOLD = "told"
    """The model sees the hold's id and that the call was not executed."""
    SENT_ONCE = "sent once"
    """The client made one call, which opened one hold."""
    SESSION = "session"
    """A call that passes works afterwards."""
    RETRY = "retry"
    """After the approval, the same call brings the original result."""
    AWAIT = "await"
    """After the approval of another one, `sidegate_await` does."""
    RAN_ONCE = "ran once"
    """The server ran each approved call once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One tool in one client, era and carrier. `failed`: what was not so, and what was seen instead."""

    client: str
    era: str
    carrier: Carrier
    tool: str
    failed: dict[Check, str]


def attempt(stage: Stage, client: Client, era: str, *, carrier: Carrier) -> Iterator[Cell]:
    """Every tool in one session of the client."""
    log = stage.folder / f"{client.name}-{era}-{carrier}.log".replace(" ", "-")
    remaining = dict(TOOLS)
    try:
        with connected(client, stage.where(carrier), era, env=stage.environment, log=log) as conversation:
            for tool in TOOLS:
                failed = _Attempt(stage, conversation, carrier=carrier, tool=tool).run()
                del remaining[tool]
                yield Cell(client=client.name, era=era, carrier=carrier, tool=tool, failed=failed)
    except ConnectionError as error:
        why = f"{error}: {log.read_text(errors='replace')[-500:]}"
        for tool in remaining:
            failed = dict.fromkeys(Check, why)
            yield Cell(client=client.name, era=era, carrier=carrier, tool=tool, failed=failed)


class _Attempt:
    """The calls of one tool."""

    def __init__(self, stage: Stage, conversation: Conversation, *, carrier: Carrier, tool: str) -> None:
        self._stage = stage
        self._conversation = conversation
        self._carrier = carrier
        self._tool = tool
        self._failed: dict[Check, str] = {}

    def run(self) -> dict[Check, str]:
        """What was not so."""
        first, second = next(_numbers), next(_numbers)
        hold_id = self._held(first)
        alive = next(_numbers)
        seen = self._see("safe", {"x": alive})
        self._expect(Check.SESSION, f"safe {alive}" in seen, seen)
        if hold_id is not None:
            self._approve(hold_id)
            self._expect_result(Check.RETRY, first, self._see(self._tool, TOOLS[self._tool](first)))
        hold_id = self._held(second)
        if hold_id is not None:
            self._approve(hold_id)
            arguments = {"hold_id": hold_id, "wait_seconds": 20}
            self._expect_result(Check.AWAIT, second, self._see("sidegate_await", arguments))
        runs = [self._runs(number) for number in (first, second)]
        self._expect(Check.RAN_ONCE, runs == [1, 1], f"it ran {runs} times")
        return self._failed

    def _held(self, number: int) -> str | None:
        """The id of the one hold that the call with that number opens, None where there is not one."""
        before = self._stage.reviewer.holds().keys()
        seen = self._see(self._tool, TOOLS[self._tool](number))
        opened = {
            hold_id: hold for hold_id, hold in self._stage.reviewer.holds().items() if hold_id not in before
        }
        attempts = [hold["attempts"] for hold in opened.values()]
        self._expect(Check.SENT_ONCE, attempts == [1], f"holds were asked for {attempts} times")
        hold_id = next(iter(opened), None)
        named = _HOLD_ID.findall(seen)
        self._expect(Check.TOLD, hold_id in named and "not executed" in seen, seen)
        self._expect(Check.RAN_ONCE, self._runs(number) == 0, "it ran without an approval")
        return hold_id

    def _approve(self, hold_id: str) -> None:
        self._stage.reviewer.approve(hold_id)

    def _see(self, tool: str, arguments: dict[str, Any]) -> str:
        """All that the application, or its model, gets."""
        return json.dumps(self._conversation.call(tool, arguments), ensure_ascii=False)

    def _expect_result(self, check: Check, number: int, seen: str) -> None:
        parts = [part.format(number) for part in _RESULTS[self._tool]]
        self._expect(check, "raised" not in seen and all(part in seen for part in parts), seen)

    def _runs(self, number: int) -> int:
        wanted: dict[str, object] = {"tool": self._tool, "arguments": TOOLS[self._tool](number)}
        return self._stage.executed(self._carrier).count(wanted)

    def _expect(self, check: Check, so: bool, seen: str) -> None:
        if not so:
            self._failed.setdefault(check, seen[:600])
