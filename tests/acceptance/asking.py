"""Calls of an agent that waits for nobody."""

import json
from typing import Any

from tests.acceptance.clients import Answer, Call, curl
from tests.acceptance.sidecar import Sidecar


def ask(sidecar: Sidecar, url: str, *, method: str = "POST", said: str = "", **body: Any) -> Answer:
    """The answer of now to a request with the members of `body` as JSON. `said`: the agent's own words."""
    headers = [("Content-Type", "application/json"), ("Prefer", "wait=0")]
    headers += [("Sidegate-Reasoning", said)] if said else []
    call = Call(
        method=method,
        url=url,
        headers=tuple(headers),
        body=json.dumps(body, ensure_ascii=False).encode() if body else None,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    return curl(call)


def held(answer: Answer) -> str:
    """The id of the hold that the answer tells of."""
    hold_id = answer.header("Sidegate-Hold")
    assert hold_id is not None, answer
    return hold_id
