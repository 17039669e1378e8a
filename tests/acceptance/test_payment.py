"""A payment from each real client: passed, held, approved, run once, answered."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.acceptance.answers import deterministic_bytes
from tests.acceptance.clients import Answer, Call, curl, with_httpx, with_requests
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

type Client = Callable[[Call], Answer]

RULES = """
version: 1
rules:
  - id: pay
    match: {host: localhost, method: POST, path: "/v1/charges/**"}
    tier: 4
    reason: moves money
"""
BODY = b'{"amount": 4800, "currency": "usd", "to": "acct_17"}'
JSON = ("Content-Type", "application/json")
NOW = ("Prefer", "wait=0")


@pytest.fixture(scope="module")
def rules() -> str:
    """Charges are tier 4."""
    return RULES


def test_a_read_passes_byte_for_byte(client: Client, sidecar: Sidecar, upstream: Upstream) -> None:
    """A GET that no rule names reaches the upstream, and its answer comes back unchanged."""
    answer = client(Call(url=upstream.url("/bytes/100000"), proxy=sidecar.proxy, ca=sidecar.ca_bundle))
    assert answer.status == 200
    assert answer.body == deterministic_bytes(100_000)
    assert upstream.count("GET", "/bytes/100000") == 1


def test_a_payment_runs_once_after_approval(client: Client, sidecar: Sidecar, upstream: Upstream) -> None:
    """Held with nothing sent; approved, it runs once as it was; the same call gets the stored answer."""
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/x?expand=1"),
        headers=(JSON, NOW, ("X-Account", "acct_1")),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    held = client(call)
    assert held.status == 403
    assert held.header("Content-Type") == "application/problem+json"
    hold_id = held.header("Sidegate-Hold")
    assert hold_id is not None
    assert json.loads(held.body)["hold_id"] == hold_id
    assert upstream.count("POST") == 0
    before = sidecar.hold(hold_id)["action"]

    sidecar.approve(hold_id)
    (ran,) = upstream.wait_for(1, method="POST")
    assert (ran.method, ran.target, ran.body) == ("POST", "/v1/charges/x?expand=1", BODY)
    sent = [list(header) for header in ran.headers if header[0] != "Idempotency-Key"]
    assert sent == before["headers"]
    keys = [value for name, value in ran.headers if name == "Idempotency-Key"]
    assert keys == [sidecar.hold(hold_id)["idempotency_key"]]

    sidecar.wait_state(hold_id, {"executed"})
    again = client(call)
    assert again.status == 201
    assert json.loads(again.body)["target"] == "/v1/charges/x?expand=1"
    assert again.header("X-Upstream-Count") is not None
    assert upstream.count("POST") == 1


def test_the_bytes_that_ran_are_the_bytes_that_were_sent(sidecar: Sidecar, upstream: Upstream) -> None:
    """Head and body on the upstream's wire are the agent's, but for our idempotency key."""
    headers = (JSON, NOW, ("x-MiXed", "One"), ("X-Twice", "1"), ("X-Twice", "2"))
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/wire"),
        headers=headers,
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    hold_id = curl(call, "--http1.1").header("Sidegate-Hold")
    assert hold_id is not None
    sidecar.approve(hold_id)
    (ran,) = upstream.wait_for(1, method="POST")
    lines = ran.head.split(b"\r\n")
    assert lines[0] == b"POST /v1/charges/wire HTTP/1.1"
    key = b"Idempotency-Key: " + sidecar.hold(hold_id)["idempotency_key"].encode()
    assert key in lines
    for name, value in headers[2:]:
        assert f"{name}: {value}".encode() in lines
    assert ran.raw_body == BODY


def test_an_inline_wait_gets_the_real_answer(sidecar: Sidecar, upstream: Upstream) -> None:
    """A client that waits on its connection hears the upstream's answer as soon as a human decided."""
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/inline"),
        headers=(JSON, ("Prefer", "wait=30")),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    known = {hold["hold_id"] for hold in sidecar.holds()}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(with_httpx, call)

        def opened() -> str | None:
            return next((h["hold_id"] for h in sidecar.holds() if h["hold_id"] not in known), None)

        sidecar.approve(until(opened, deadline=10, what="the hold to be opened"))
        answer = waiting.result(20)
    assert answer.status == 201
    assert upstream.count("POST") == 1


def test_respond_async_gets_202_and_a_status_address(sidecar: Sidecar, upstream: Upstream) -> None:
    """`Prefer: respond-async` is answered with 202; the status address works through the proxy alone."""
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/async"),
        headers=(JSON, ("Prefer", "respond-async")),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    accepted = with_requests(call)
    assert accepted.status == 202
    told = json.loads(accepted.body)
    status = with_requests(Call(url=told["status_url"], proxy=sidecar.proxy, ca=sidecar.ca_bundle))
    assert status.status == 200
    assert json.loads(status.body)["state"] == "pending"
    missing = told["status_url"][:-4] + "ZZZZ"
    assert with_requests(Call(url=missing, proxy=sidecar.proxy, ca=sidecar.ca_bundle)).status == 404


def test_a_rejection_is_told_and_remembered(sidecar: Sidecar, upstream: Upstream) -> None:
    """After a rejection the same call hears the decision every time and opens no second hold."""
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/no"),
        headers=(JSON, NOW),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    hold_id = with_requests(call).header("Sidegate-Hold")
    assert hold_id is not None
    sidecar.reject(hold_id, "not this supplier")
    for _ in range(2):
        refused = with_requests(call)
        told = json.loads(refused.body)
        assert (refused.status, told["state"], told["hold_id"]) == (403, "rejected", hold_id)
        assert told["decision_reason"] == "not this supplier"
    assert upstream.count("POST") == 0


def test_a_second_decision_is_refused_with_the_state(sidecar: Sidecar, upstream: Upstream) -> None:
    """Approving what was rejected ends with exit code 1 and says how it stands."""
    call = Call(
        method="POST",
        url=upstream.url("/v1/charges/twice"),
        headers=(JSON, NOW),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    hold_id = with_requests(call).header("Sidegate-Hold")
    assert hold_id is not None
    sidecar.reject(hold_id, "no")
    late = sidecar.cli("approve", hold_id, "--yes")
    assert late.returncode == 1
    assert "rejected" in late.stdout + late.stderr
    assert sidecar.cli("approve", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--yes").returncode == 1
