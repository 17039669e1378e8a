"""Every payload to every server; what is held of it is approved, and has to run as it was shown."""

import base64
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.mcp_evasion.corpus import Payload
from tests.mcp_evasion.judging import Executed, Unseen, fault, same
from tests.mcp_evasion.place import Place
from tests.mcp_evasion.wire import post


def run(place: Place, payloads: Sequence[Payload]) -> tuple[int, list[Unseen]]:
    """How many executions there were, and those that the gate did not see."""
    with ThreadPoolExecutor(len(place.servers)) as pool:
        of_servers = pool.map(lambda sdk: _Sequence(place, sdk).run(payloads), place.servers)
    executed, unseen = zip(*of_servers, strict=True)
    return sum(executed), [one for some in unseen for one in some]


class _Sequence:
    """All payloads to one server, one after the other."""

    def __init__(self, place: Place, sdk: str) -> None:
        self._place = place
        self._sdk = sdk
        self._server = place.servers[sdk]

    def run(self, payloads: Sequence[Payload]) -> tuple[int, list[Unseen]]:
        unseen = [one for payload in payloads for one in self._try(payload)]
        return len(self._server.executed), unseen

    def _try(self, payload: Payload) -> Iterator[Unseen]:
        held_before, ran_before = self._waiting(), len(self._server.executed)
        post(payload, self._server.url, proxy=self._place.proxy)
        for executed in self._server.executed[ran_before:]:
            if why := fault(executed, payload.body, left=self._place.left):
                yield self._unseen(payload, executed, why)
        held = self._waiting() - held_before
        ran_before = len(self._server.executed)
        approved = [_call(self._place.reviewer.approve(hold_id)) for hold_id in held]
        if held:
            post(payload, self._server.url, proxy=self._place.proxy)
        yield from self._compared(payload, self._server.executed[ran_before:], approved)

    def _compared(
        self, payload: Payload, executed: Sequence[Executed], approved: list[dict[str, Any]]
    ) -> Iterator[Unseen]:
        """Each execution has to be one of the approved calls, and each of those may run once."""
        for one in executed:
            fits = [call for call in approved if call["tool"] == one["tool"] and same(one, call["arguments"])]
            if fits:
                approved.remove(fits[0])
            else:
                yield self._unseen(payload, one, f"of what was approved, only {approved} was left to run")

    def _waiting(self) -> set[str]:
        """The holds of this server that nobody has decided on."""
        holds = self._place.reviewer.holds().values()
        mine = (hold for hold in holds if str(hold["url"]).startswith(f"mcp:{self._sdk}/"))
        return {hold["hold_id"] for hold in mine if hold["state"] == "pending"}

    def _unseen(self, payload: Payload, executed: Executed, why: str) -> Unseen:
        return Unseen(payload=payload.name, server=self._sdk, executed=json.dumps(executed), why=why)


def _call(hold: dict[str, Any]) -> dict[str, Any]:
    """The tool and the arguments that a hold showed."""
    action = hold["action"]
    tool = str(action["url"]).rpartition("/")[2]
    return {"tool": tool, "arguments": json.loads(base64.b64decode(action["body_b64"]))}
