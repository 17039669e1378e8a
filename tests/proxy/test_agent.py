"""Who the agent is, and that its names in the store say nothing and are nobody else's."""

from dataclasses import replace

import pytest

from proxy.agent import Agent
from rules.action import Principal
from tests.rules.calls import http

AGENT = Agent(
    principal=Principal(agent="bookkeeper", session="s1"),
    secret_headers=frozenset({b"x-house-key"}),
    key=b"k" * 32,
)


def test_the_binding_names_the_agent_and_no_secret() -> None:
    """Credentials are named, not kept."""
    call = http(
        "POST pay.test/pay", {"a": 1}, headers={"X-House-Key": "secret-1", "Authorization": "Bearer t"}
    )
    action = AGENT.action(call)
    assert action.principal == AGENT.principal
    assert set(action.credentials) == {"x-house-key", "authorization"}
    assert {value for _, value in AGENT.credentials(call)} == {b"secret-1", b"Bearer t"}
    assert not any(b"secret-1" in value for _, value in action.fields)


@pytest.mark.parametrize(
    "other",
    [
        replace(AGENT, key=b"j" * 32),
        replace(AGENT, principal=Principal(agent="bookkeeper", session="s2")),
        replace(AGENT, principal=Principal(agent="s1", session="bookkeeper")),
    ],
    ids=["another key", "another session", "exchanged names"],
)
def test_names_are_nobody_elses(other: Agent) -> None:
    """Another key or another principal has other names for the same thing."""
    assert AGENT.keyed("budget", "pay") == AGENT.keyed("budget", "pay")
    assert AGENT.keyed("budget", "pay") != other.keyed("budget", "pay")


def test_names_do_not_run_together() -> None:
    """Where a part ends belongs to the name, and nothing of the parts shows."""
    assert AGENT.keyed("ab", "c") != AGENT.keyed("a", "bc")
    assert AGENT.keyed("a", "b") != AGENT.keyed("a,b")
    assert "pay" not in AGENT.keyed("pay")


def test_idempotency_keys() -> None:
    """One for each hold, that nobody without the key can foresee."""
    assert len(AGENT.idempotency_key("h1")) == 32
    assert AGENT.idempotency_key("h1") != AGENT.idempotency_key("h2")
    assert AGENT.idempotency_key("h1") != replace(AGENT, key=b"j" * 32).idempotency_key("h1")


def test_fingerprints() -> None:
    """The same request again has the same one."""
    one, again = http("POST pay.test/pay", {"a": 1}), http("POST pay.test/pay", {"a": 1})
    assert AGENT.fingerprint(AGENT.action(one), one) == AGENT.fingerprint(AGENT.action(again), again)
