"""Every way through the gate, judged over a real store with real rules and seals."""

import asyncio
import logging
import socket
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.exchange import Passage, Request, Tunnel
from proxy.gate import Gate
from rules.action import Action
from rules.classify import classify
from rules.normalize import normalize
from rules.reply import Reply
from rules.verdict import ReasonId, Refusal, Tier, Verdict
from tests.proxy.gatehouse import NOW, Gatehouse, crash, gatehouse, hold_id, request, ruleset, told
from tests.proxy.redis_child import redis_child

LOCAL = ("127.0.0.1", 9)


PASSES = {
    "a read that no rule names": request("GET", "/v1/things?x=1"),
    "a head": request("HEAD", "/v1/things"),
    "a tier 2 write": request("POST", "/drafts"),
}


@pytest.mark.parametrize("case", PASSES)
async def test_tiers_1_and_2_pass_to_the_judged_address(house: Gatehouse, case: str) -> None:
    """The passage names the address that was resolved and checked, and nothing is held."""
    assert await house.admit(PASSES[case]) == Passage(address=LOCAL)
    assert not await house.store.list()
    assert house.metric("sidegate_holds_opened_total", tier="4") == 0


async def test_odd_paths_pass_where_the_operator_has_them_judged(house: Gatehouse) -> None:
    """One reading that a rule holds is enough to hold; without the operator's word all are refused."""
    odd = ruleset("hosts: {localhost: {paths: normalize}}\n")
    judging = replace(house, gate=replace(house.gate, ruleset=lambda: odd))
    plain, risky = request("GET", "/v1//x"), request("POST", "/v1/../pay%2F1", fields=NOW)
    assert await judging.admit(plain) == judging.gate.at_once(plain) == Passage(address=LOCAL)
    assert told(await judging.admit(risky))["tier"] == 4
    for asked in (plain, risky):
        assert told(await house.admit(asked))["reason_id"] == "target_ambiguous"


async def test_what_is_only_observed_passes(house: Gatehouse, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged and counted as what would be held, and what is forbidden stays so."""
    watching = ruleset("mode: observe\n")
    observing = replace(house, gate=replace(house.gate, ruleset=lambda: watching))
    labels = {"tier": "4", "verdict": "would_hold", "reason_id": "default_delete"}
    before = house.metric("sidegate_admissions_total", **labels)
    with caplog.at_level(logging.INFO):
        assert await observing.admit(request("DELETE", "/v1/x", body=b"")) == Passage(address=LOCAL)
    assert house.metric("sidegate_admissions_total", **labels) == before + 1
    assert "gate.would_hold tier=4 reason=default_delete rule=None" in caplog.text
    assert not await house.store.list()


HELD = {
    "a rule's tier 4": (request("POST", "/pay/1", fields=NOW), 4, ReasonId.RULE),
    "an unknown write": (request("PUT", "/v1/things", fields=NOW), 3, ReasonId.DEFAULT_WRITE),
    "an unknown delete": (request("DELETE", "/v1/x", body=b"", fields=NOW), 4, ReasonId.DEFAULT_DELETE),
    "a read that claims to be a delete": (
        request("GET", "/v1/x", fields=((b"X-HTTP-Method-Override", b"DELETE"), *NOW)),
        4,
        ReasonId.METHOD_OVERRIDE,
    ),
}


@pytest.mark.parametrize("case", HELD)
async def test_tiers_3_and_4_are_held(house: Gatehouse, case: str) -> None:
    """The agent hears 403 with the hold's id, and what is stored is what was asked for."""
    asked, tier, reason_id = HELD[case]
    outcome = await house.admit(asked)
    members = told(outcome)
    assert isinstance(outcome, Reply)
    assert (outcome.status, members["state"], members["executed"]) == (403, "pending", False)
    assert (b"Sidegate-Hold", hold_id(outcome).encode()) in outcome.fields
    assert not any(name.lower() == b"retry-after" for name, _ in outcome.fields)
    assert (members["tier"], members["reason_id"]) == (tier, reason_id)
    hold = await house.find(outcome)
    action = house.sealed.open_action(hold, await house.store.sealed(hold.hold_id, part="sealed"))
    assert isinstance(action, Action)
    assert (action.method.encode(), action.target.encode()) == (asked.message.method, asked.message.target)
    assert action.body == asked.message.body
    assert (hold.digest, hold.policy) == (action.digest, ruleset().hash)
    assert house.metric("sidegate_holds_opened_total", tier=str(tier)) == 1
    judged = {"tier": str(tier), "verdict": "hold", "reason_id": reason_id}
    assert house.metric("sidegate_admissions_total", **judged) == 1


async def test_what_is_forbidden_is_blocked(house: Gatehouse) -> None:
    """No hold is made: nobody could approve it."""
    outcome = await house.admit(request("GET", "/never/ever"))
    members = told(outcome)
    assert isinstance(outcome, Reply)
    assert (outcome.status, members["type"], members["rule"]) == (403, "urn:sidegate:blocked", "never")
    assert not await house.store.list()


REFUSED = {
    "dot segments": (request("GET", "/a/../b"), 400, ReasonId.TARGET_AMBIGUOUS),
    "an unknown method": (request("BREW", "/pot"), 501, ReasonId.METHOD_UNKNOWN),
    "two hosts": (request("GET", "/", fields=((b"Host", b"evil.example"),)), 400, ReasonId.HEADER_REPEATED),
    "json that has two readings": (
        request("POST", "/pay/1", body=b'{"a": 1, "a": 2}'),
        400,
        ReasonId.JSON_INVALID,
    ),
    "loopback under another name": (request("GET", host="127.0.0.2"), 403, ReasonId.DESTINATION_REFUSED),
    "metadata": (request("GET", host="169.254.169.254", port=80), 403, ReasonId.DESTINATION_REFUSED),
    "a write to a private address": (request("POST", host="10.0.0.1"), 403, ReasonId.DESTINATION_REFUSED),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_judged_is_refused(house: Gatehouse, case: str) -> None:
    """A request without one reading, or to a closed place, is answered with its reason and counted."""
    asked, status, reason_id = REFUSED[case]
    outcome = await house.admit(asked)
    members = told(outcome)
    assert isinstance(outcome, Reply)
    assert (outcome.status, members["reason_id"], members["executed"]) == (status, reason_id, False)
    assert house.metric("sidegate_refusals_total", reason_id=reason_id) == 1
    assert not await house.store.list()


async def test_what_an_adapter_refuses_is_counted_here(
    house: Gatehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """One line with the facts, one count, and the same answer as to any other refusal."""
    refusal = Refusal(reason_id=ReasonId.TLS_FAILED, reason="no", status=400)
    with caplog.at_level(logging.INFO):
        outcome = house.gate.refused(refusal, event="tls.client_failed", host="api.example:443")
    assert (outcome.status, told(outcome)["reason_id"]) == (400, ReasonId.TLS_FAILED)
    assert house.metric("sidegate_refusals_total", reason_id="tls_failed") == 1
    assert caplog.messages == ["tls.client_failed reason_id=tls_failed host=api.example:443"]


async def test_a_failure_is_no_refusal_wherever_it_is_found(house: Gatehouse) -> None:
    """It counts where operators look for failures of the gate."""
    house.gate.refused(Refusal(reason_id=ReasonId.GATE_FAILED, reason="no", status=503))
    assert house.metric("sidegate_failed_closed_total", reason_id="gate_failed") == 1
    assert house.metric("sidegate_refusals_total", reason_id="gate_failed") == 0


async def test_a_name_that_does_not_resolve(house: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """502, as from any proxy, with a reason of its own."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    outcome = await house.admit(request("GET", host="api.example"))
    assert isinstance(outcome, Reply)
    assert (outcome.status, told(outcome)["reason_id"]) == (502, ReasonId.DESTINATION_UNRESOLVED)


async def test_the_destination_comes_before_the_judgement(house: Gatehouse) -> None:
    """What may not be reached is not held: nobody should be asked to approve it."""
    await house.admit(request("POST", "/pay/1", host="127.0.0.2", fields=NOW))
    assert not await house.store.list()


async def test_the_store_is_away() -> None:
    """Tier 1 passes without it; everything else is refused with 503, and all is well when it is back."""
    async with redis_child() as child, gatehouse(child.url) as house:
        crash(child)
        assert await house.admit(request("GET", "/v1/things")) == Passage(address=LOCAL)
        asked = (request("POST", "/drafts"), request("POST", "/pay/1"), request("PUT", "/v1/other"))
        for number, one in enumerate(asked, start=1):
            outcome = await house.admit(one)
            members = told(outcome)
            assert isinstance(outcome, Reply)
            assert (outcome.status, members["reason_id"]) == (503, ReasonId.STORE_UNAVAILABLE)
            assert members["executed"] is False
            assert house.metric("sidegate_failed_closed_total", reason_id="store_unavailable") == number
        await child.revive()
        assert await house.admit(asked[0]) == Passage(address=LOCAL)
        assert told(await house.admit(asked[1]))["state"] == "pending"


async def test_a_hold_is_on_disk_before_the_agent_hears_of_it() -> None:
    """The store is killed the moment the answer is there: after its restart the hold is too."""
    async with redis_child() as child, gatehouse(child.url) as house:
        outcome = await house.admit(request(fields=NOW))
        crash(child)
        await child.revive()
        hold = await house.find(outcome)
        action = house.sealed.open_action(hold, await house.store.sealed(hold.hold_id, part="sealed"))
        assert action.digest == hold.digest


async def test_a_store_that_hangs_makes_no_second_hold() -> None:
    """A hold whose recording nobody confirmed is a 503; the retry joins it where it was recorded."""
    async with redis_child() as child, gatehouse(child.url) as house:
        await house.store.check()
        child.freeze()
        assert told(await house.admit(request(fields=NOW)))["reason_id"] == ReasonId.STORE_UNAVAILABLE
        child.thaw()
        assert told(await house.admit(request(fields=NOW)))["state"] == "pending"
        assert len(await house.store.list()) == 1


async def test_the_kill_switch(house: Gatehouse) -> None:
    """While it is on, only reads pass and nothing new is held."""
    await house.store.kill("ada: something is wrong")
    assert await house.admit(request("GET", "/v1/things")) == Passage(address=LOCAL)
    for asked in (request("POST", "/drafts"), request("POST", "/pay/1"), request("PUT", "/v1/other")):
        outcome = await house.admit(asked)
        members = told(outcome)
        assert isinstance(outcome, Reply)
        assert (outcome.status, members["reason_id"]) == (403, ReasonId.KILL_SWITCH)
        assert "ada: something is wrong" in str(members["reason"])
    assert not await house.store.list()
    await house.store.kill(None)
    assert await house.admit(request("POST", "/drafts")) == Passage(address=LOCAL)


async def test_the_kill_switch_stops_a_retry_too(house: Gatehouse) -> None:
    """A request that would join a hold hears of the switch, not of the hold."""
    await house.admit(request(fields=NOW))
    await house.store.kill("ada: stop")
    assert told(await house.admit(request(fields=NOW)))["reason_id"] == ReasonId.KILL_SWITCH


TUNNELS: dict[str, tuple[str, int, type, int]] = {
    "an open host": ("localhost", 443, Tunnel, 0),
    "an open host, whatever the port": ("localhost", 8443, Tunnel, 0),
    "the status address": ("sidegate.internal", 443, Tunnel, 0),
    "a closed address": ("127.0.0.2", 443, Reply, 403),
    "an address in hexadecimal": ("0x7f.1", 443, Reply, 403),
    "metadata": ("169.254.169.254", 80, Reply, 403),
    "a name with a nul": ("a\0b", 443, Reply, 502),
    "an endless label": ("x" * 300, 443, Reply, 502),
    "no name": ("", 443, Reply, 502),
}


@pytest.mark.parametrize("case", TUNNELS)
async def test_where_a_tunnel_may_lead(house: Gatehouse, case: str) -> None:
    """A CONNECT is judged by its destination alone, without the store."""
    host, port, kind, status = TUNNELS[case]
    outcome = await house.gate.connect(host, port)
    assert type(outcome) is kind
    assert not isinstance(outcome, Reply) or outcome.status == status


async def test_a_failure_says_nothing_of_the_request(
    house: Gatehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """503, a metric, and a log line with the place of the failure and none of its words."""
    with caplog.at_level(logging.ERROR):
        outcome = house.gate.failed(ValueError("secret-of-the-request"))
    members = told(outcome)
    assert (outcome.status, members["reason_id"], members["executed"]) == (503, ReasonId.GATE_FAILED, False)
    assert house.metric("sidegate_failed_closed_total", reason_id="gate_failed") == 1
    assert "gate.failed error=ValueError" in caplog.text
    assert "secret-of-the-request" not in caplog.text + outcome.body.decode()


# Names that no rule of these tests speaks of; some of them mean much to some server.
_NAMES = st.one_of(
    st.sampled_from(
        [
            "X-Tier",
            "X-Sidegate-Tier",
            "X-Sidegate-Verdict",
            "Sidegate-Approve",
            "X-Forwarded-For",
            "X-Original-URL",
            "X-HTTP-Method-Override",
            "X-Http-Method",
            "Host",
            "Connection",
            "Upgrade",
            "Transfer-Encoding",
            "Content-Length",
            "Content-Encoding",
            "Content-Type",
            "Expect",
            "Range",
            "Prefer",
            "Authorization",
            "_method",
        ]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12),
)
_VALUES = st.one_of(
    st.sampled_from(["GET", "1", "pass", "approved", "wait=0", "chunked", "gzip", "localhost", "text/plain"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
_WRITES = st.sampled_from([("POST", "/pay/1"), ("PUT", "/v1/x"), ("PATCH", "/pay/2"), ("DELETE", "/v1/x")])


@given(call=_WRITES, name=_NAMES, value=_VALUES, in_query=st.booleans())
async def test_nothing_that_an_agent_adds_opens_the_gate(
    redis_url: str, call: tuple[str, str], name: str, value: str, in_query: bool
) -> None:
    """A held call with one more header or query parameter is held or refused, never passed."""
    method, path = call
    body = b"" if method == "DELETE" else b"{}"
    plain = request(method, path, body=body, fields=NOW)
    assert _verdict(plain) is Verdict.HOLD
    if in_query:
        more = request(method, f"{path}?{name}={value}", body=body, fields=NOW)
    else:
        more = request(method, path, body=body, fields=(*NOW, (name.encode(), value.encode())))
    async with gatehouse(redis_url) as house:
        assert isinstance(await house.admit(more), Reply)


def _verdict(asked: Request) -> Verdict | Refusal:
    call = normalize(asked.message)
    return call if isinstance(call, Refusal) else classify(call, ruleset()).verdict


def test_the_property_is_about_something() -> None:
    """The same question about a read finds the passage that it would have found."""
    assert _verdict(request("GET", "/v1/x", fields=((b"X-Tier", b"4"),))) is Verdict.PASS


async def test_many_at_once_make_one_hold(house: Gatehouse) -> None:
    """Twenty identical requests at the same moment join one hold."""
    outcomes = await asyncio.gather(*(house.admit(request(fields=NOW)) for _ in range(20)))
    assert len({hold_id(outcome) for outcome in outcomes}) == 1
    assert (await house.find(outcomes[0])).attempts == 20
    assert house.metric("sidegate_holds_opened_total", tier="4") == 1
    assert house.metric("sidegate_retries_joined_total") == 19


def test_the_gate_is_what_the_adapters_ask() -> None:
    """It has the three questions of `Admit`; tier 4 is the highest that they can be about."""
    assert {"admit", "connect", "failed"} <= set(dir(Gate))
    assert max(Tier) is Tier.HIGH_RISK
