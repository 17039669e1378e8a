"""kill -9 of the sidecar and of its store at every moment that matters: nothing lost, nothing twice."""

import json
from collections.abc import Callable, Collection
from typing import Any

import pytest

from tests.acceptance.clients import Answer, Call, curl
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.processes import until
from tests.acceptance.received import Stage
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

CONFIG = """
version: 1
destinations: {allow: [localhost]}
inline_wait: {usual: 0}
windows: {upstream: 8, grace_tier_3: 0, grace_tier_4: 0}
"""
PATH = "/v1/charges"

type Kill = Callable[[Sidecar], None]


def kill_sidecar(sidecar: Sidecar) -> None:
    """The sidecar dies and is started again; its store has lived on."""
    sidecar.kill9()
    sidecar.start()


def kill_store(sidecar: Sidecar) -> None:
    """The store dies; the sidecar starts it again by itself."""
    sidecar.kill9_redis()


def kill_both(sidecar: Sidecar) -> None:
    """The machine loses power, but for the disk."""
    sidecar.kill9()
    sidecar.kill9_redis()
    sidecar.start()


@pytest.fixture(params=[kill_sidecar, kill_store, kill_both], ids=lambda kill: kill.__name__)
def kill(request: pytest.FixtureRequest) -> Kill:
    """Each way to die."""
    killer: Kill = request.param
    return killer


@pytest.fixture
def crashing(start_sidecar: StartSidecar) -> Sidecar:
    """A sidecar of this test alone."""
    return start_sidecar(config=CONFIG)


def test_after_the_hold(crashing: Sidecar, upstream: Upstream, kill: Kill) -> None:
    """A hold that the agent was told of is there after the crash, is approved, and runs once."""
    hold_id = _hold(crashing, upstream)
    kill(crashing)
    assert _settle(crashing, hold_id, {"pending"})["action"]["body_text"] == '{"amount": 7}'
    crashing.approve(hold_id)
    _settle(crashing, hold_id, {"executed"})
    assert upstream.count("POST") == 1
    assert _ask(crashing, upstream).status == 201
    assert upstream.count("POST") == 1


def test_after_the_approval(crashing: Sidecar, upstream: Upstream, kill: Kill) -> None:
    """An approval that was given is not lost, and what it releases runs at most once."""
    hold_id = _hold(crashing, upstream)
    crashing.approve(hold_id)
    kill(crashing)
    state = _settle(crashing, hold_id, {"executed", "outcome_unknown"})["state"]
    assert upstream.count("POST") <= 1
    if state == "executed":
        assert upstream.count("POST") == 1


def test_while_sending(crashing: Sidecar, upstream: Upstream, kill: Kill) -> None:
    """The upstream has the request and has not answered: whoever dies then, it is never sent again."""
    hold_id = _hold(crashing, upstream)
    with upstream.stop_at(Stage.RECEIVED, path=PATH) as stop:
        crashing.approve(hold_id)
        stop.wait()
        kill(crashing)
        stop.release()
        # A sidecar that lives hears the answer; one that died cannot know.
        expected = "executed" if kill is kill_store else "outcome_unknown"
        _settle(crashing, hold_id, {expected})
    again = _ask(crashing, upstream)
    if expected == "outcome_unknown":
        assert again.status == 403
        assert json.loads(again.body)["state"] == "outcome_unknown"
    else:
        assert again.status == 201
    assert upstream.count("POST") == 1


def test_after_the_answer(crashing: Sidecar, upstream: Upstream, kill: Kill) -> None:
    """The answer is on the wire: after the crash it is stored or unknown, and never asked for again."""
    hold_id = _hold(crashing, upstream)
    with upstream.stop_at(Stage.ANSWERED, path=PATH) as stop:
        crashing.approve(hold_id)
        stop.wait()
        kill(crashing)
        stop.release()
        _settle(crashing, hold_id, {"executed", "outcome_unknown"})
    _ask(crashing, upstream)
    assert upstream.count("POST") == 1


def test_the_store_away_closes_the_gate(crashing: Sidecar, upstream: Upstream) -> None:
    """Without a store, reads still pass and everything else is a 503; nothing reaches the upstream."""
    hold_id = _hold(crashing, upstream)
    with crashing.redis_stopped():
        read = curl(Call(url=upstream.url("/bytes/9"), proxy=crashing.proxy, ca=crashing.ca_bundle))
        assert read.status == 200
        refused = _ask(crashing, upstream, body=b'{"amount": 8}')
        assert refused.status == 503
        assert json.loads(refused.body)["reason_id"] == "store_unavailable"
    assert _settle(crashing, hold_id, {"pending"})
    assert _ask(crashing, upstream, body=b'{"amount": 8}').status == 403
    assert upstream.count("POST") == 0
    assert crashing.metric("sidegate_failed_closed_total", reason_id="store_unavailable") >= 1


def test_ctrl_c_keeps_what_is_held(crashing: Sidecar, upstream: Upstream) -> None:
    """A clean end and a new start: the hold is there, and the embedded store was ended and came back."""
    hold_id = _hold(crashing, upstream)
    assert crashing.stop() == 0
    assert crashing.redis_pid() is None
    crashing.start()
    assert _settle(crashing, hold_id, {"pending"})
    assert upstream.count("POST") == 0


def _ask(sidecar: Sidecar, upstream: Upstream, body: bytes = b'{"amount": 7}') -> Answer:
    """The agent's payment."""
    return curl(
        Call(
            method="POST",
            url=upstream.url(PATH),
            headers=(("Content-Type", "application/json"),),
            body=body,
            proxy=sidecar.proxy,
            ca=sidecar.ca_bundle,
        )
    )


def _hold(sidecar: Sidecar, upstream: Upstream) -> str:
    hold_id = _ask(sidecar, upstream).header("Sidegate-Hold")
    assert hold_id is not None
    return hold_id


def _settle(sidecar: Sidecar, hold_id: str, states: Collection[str]) -> dict[str, Any]:
    """The hold, once it is in one of `states`; a store that is coming back is waited for."""

    def found() -> dict[str, Any] | None:
        said = sidecar.cli("holds", hold_id, "--json")
        if said.returncode:
            return None
        hold: dict[str, Any] = json.loads(said.stdout)["hold"]
        return hold if hold["state"] in states else None

    return until(found, deadline=20, what=f"the hold to be {' or '.join(sorted(states))}")
