"""What a reviewer is shown of a held call, and what an approval is bound to, over real processes."""

import json
from typing import Any

import httpx2
import pytest

from tests.acceptance.asking import ask, held
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = pytest.mark.review

RULES = """
version: 1
rules:
  - id: pay
    match: {host: localhost, method: POST, path: /v1/transfers}
    tier: 4
    category: financial
    reason: moves money
"""


@pytest.fixture(scope="module")
def rules() -> str:
    """Transfers are tier 4."""
    return RULES


def pay(sidecar: Sidecar, upstream: Upstream, **asked: Any) -> str:
    """The hold of a transfer that the agent asks for."""
    return held(ask(sidecar, upstream.url("/v1/transfers"), **asked))


def test_a_payment_as_its_reviewer_sees_it(sidecar: Sidecar, upstream: Upstream) -> None:
    """In plain words, with what was before, and with the agent's own words that never leave."""
    first = pay(sidecar, upstream, said="rent is due", amount=900, currency="eur", to="Landlord")
    shown = sidecar.hold(first)["package"]
    assert shown["asks_to"] == "pay 900 EUR to `Landlord` at `localhost`"
    assert shown["around"]["other_side_seen_before"] is False
    assert shown["agent_says"]["text"] == "rent is due"
    assert "the agent says, and nobody has checked it: rent is due" in sidecar.approve(first)
    (ran,) = upstream.wait_for(1, method="POST")
    assert all("reasoning" not in name.lower() for name, _ in ran.headers)
    sidecar.wait_state(first, {"executed"})

    second = pay(sidecar, upstream, amount=901, currency="eur", to="Landlord")
    around = sidecar.hold(second)["package"]["around"]
    assert around["other_side_seen_before"] is True
    assert around["spent_with_this"] == "1801 EUR"
    assert "ran; the upstream's answer is stored" in around["similar"][0]["became"]
    sidecar.reject(second, "once is enough")


def test_an_approval_needs_what_was_shown(sidecar: Sidecar, upstream: Upstream) -> None:
    """Over the API: no preview, another one, and a body that nobody opened are refused; nothing runs."""
    before = upstream.count("POST")
    memo = "x" * 300_000 + "\u202e"
    hold_id = pay(sidecar, upstream, amount=1, currency="eur", to="A", memo=memo)
    head = {"Authorization": f"Bearer {sidecar.token}"}
    with httpx2.Client(base_url=sidecar.console, headers=head, trust_env=False) as console:
        path = f"/api/holds/{hold_id}"
        hold = console.get(path).json()["hold"]
        named = {"digest": hold["digest"], "preview": hold["package"]["preview"]}
        for body, status in (
            ({"digest": hold["digest"]}, 400),
            ({"digest": hold["digest"], "preview": "0" * 64}, 409),
            (named, 409),
        ):
            assert console.post(f"{path}/approve", json=body).status_code == status
        assert len(json.dumps(hold["package"])) <= 8000
    assert upstream.count("POST") == before
    shown = sidecar.approve(hold_id)
    assert "\u202e" not in shown
    assert shown.count("x") > 300_000
    until(lambda: upstream.count("POST") == before + 1, deadline=30, what="the transfer to run")
