"""The witness: what leaves stands in it first, and what it cannot take does not leave."""

import hashlib
import json
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from addons.exchange import Passage
from proxy.witness import Witness, WitnessError
from rules.action import Action, Principal
from rules.hold import State
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.gatehouse import BODY, gatehouse, request, told
from tests.proxy.replays import action_to, replaying

MOMENT = datetime(2026, 11, 23, 12, 0, 0, 250, tzinfo=UTC)
JUDGED = Judgement(
    tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="a rule says so", rule="draft"
)


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def lines(path: Path) -> list[dict[str, Any]]:
    """What stands in a witness."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def action(**changes: Any) -> Action:
    """A request to write down."""
    made = Action(
        method="POST",
        scheme="https",
        host="api.example",
        port=443,
        target="/v1/drafts",
        fields=((b"Authorization", b"Bearer token-in-a-header"),),
        body=b"body-with-data",
        principal=Principal(agent="a"),
    )
    return replace(made, **changes)


@contextmanager
def full_disk(path: Path, *, room: int = 0) -> Iterator[None]:
    """Nothing of this process may grow over the size that `path` has now and `room` bytes more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_has_all_members_and_no_data(tmp_path: Path) -> None:
    """Neither the body nor the query nor a header stands in it, only their digests."""
    path = tmp_path / "witness"
    Witness(path, now=lambda: MOMENT).record(action(target="/v1/drafts?key=secret&x"), JUDGED)
    assert lines(path) == [
        {
            "time": "2026-11-23T12:00:00.000250+00:00",
            "method": "POST",
            "target": "https://api.example:443/v1/drafts",
            "query_sha256": digest(b"key=secret&x"),
            "body_sha256": digest(b"body-with-data"),
            "verdict": "pass",
            "tier": 2,
            "rule": "draft",
            "reason_id": "rule",
            "hold": None,
        }
    ]


TARGETS = {
    "no query": ("/a", "/a", None),
    "an empty query": ("/a?", "/a", digest(b"")),
    "a second question mark": ("/a?b?c", "/a", digest(b"b?c")),
    "bytes over ASCII": ("/caf\xe9?\xff", "/caf\xe9", digest(b"\xff")),
    "what would end a line": ("/a\nb\u2028", "/a\nb\u2028", None),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets(tmp_path: Path, case: str) -> None:
    """Each is one line that reads back as it was."""
    target, path, query = TARGETS[case]
    Witness(tmp_path / "w").record(action(target=target), JUDGED)
    (line,) = lines(tmp_path / "w")
    assert (line["target"], line["query_sha256"]) == (f"https://api.example:443{path}", query)


def test_an_ipv6_host_stands_in_brackets(tmp_path: Path) -> None:
    """Else host and port could be read in two ways."""
    Witness(tmp_path / "w").record(action(host="::1"), JUDGED)
    assert lines(tmp_path / "w")[0]["target"] == "https://[::1]:443/v1/drafts"


def test_the_file_is_private_and_appended_to(tmp_path: Path) -> None:
    """What stood in it stays, and nobody else may read it any more."""
    path = tmp_path / "witness"
    path.write_text("{}\n")
    path.chmod(0o644)
    for _ in range(2):
        witness = Witness(path)
        witness.record(action(), JUDGED)
        witness.close()
    assert len(lines(path)) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_file(tmp_path: Path) -> None:
    """A folder, a pipe, a device and a place that is not there are refused, and nothing waits."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "no" / "such"):
        with pytest.raises(OSError, match=str(path)):
            Witness(path)
    with pytest.raises(WitnessError, match="no regular file: give it a path of its own"):
        Witness(Path("/dev/null"))


@pytest.mark.parametrize("room", [0, 20])
def test_a_full_disk(tmp_path: Path, room: int) -> None:
    """The request may not leave; a line that was cut short does not spoil the next one."""
    path = tmp_path / "witness"
    witness = Witness(path)
    with full_disk(path, room=room), pytest.raises(WitnessError, match="cannot be written"):
        witness.record(action(), JUDGED)
    assert path.stat().st_size == room
    witness.record(action(target="/after"), JUDGED)
    *torn, last = path.read_text().splitlines()
    assert json.loads(last)["target"].endswith("/after")
    assert len(torn) == (room > 0)


def test_a_deleted_file(tmp_path: Path) -> None:
    """Lines that nobody will ever see are none."""
    witness = Witness(tmp_path / "witness")
    (tmp_path / "witness").unlink()
    with pytest.raises(WitnessError, match="was deleted: start the sidecar again"):
        witness.record(action(), JUDGED)


PASSING = {"a read": ("GET", "/v1/things?x=1", b"", 1), "a tier 2 write": ("POST", "/drafts", BODY, 2)}


@pytest.mark.parametrize("case", PASSING)
async def test_what_passes_is_recorded(redis_url: str, tmp_path: Path, case: str) -> None:
    """Once, by whichever way it was judged; what is held or refused is not recorded."""
    method, path, body, tier = PASSING[case]
    asked = request(method, path)
    async with gatehouse(redis_url) as house:
        gate = replace(house.gate, witness=Witness(tmp_path / "w"))
        await gate.admit(request("POST", "/pay/1"))
        await gate.admit(request("GET", "/never/1"))
        await gate.admit(request("GET", "/a/../b"))
        assert isinstance(gate.at_once(asked) or await gate.admit(asked), Passage)
    (line,) = lines(tmp_path / "w")
    assert (line["method"], line["tier"], line["verdict"]) == (method, tier, "pass")
    assert line["body_sha256"] == digest(body)
    assert line["hold"] is None


@pytest.mark.parametrize("case", PASSING)
async def test_nothing_passes_without_it(redis_url: str, tmp_path: Path, case: str) -> None:
    """A passage is refused with 503, as soon and as long as the witness cannot be written."""
    method, path, _, _ = PASSING[case]
    asked = request(method, path)
    async with gatehouse(redis_url) as house:
        gate = replace(house.gate, witness=Witness(tmp_path / "w"))
        with full_disk(tmp_path / "w"):
            outcomes = [each for each in (gate.at_once(asked), await gate.admit(asked)) if each is not None]
        for outcome in outcomes:
            assert told(outcome)["reason_id"] == "witness_unavailable"
            assert told(outcome)["executed"] is False
        assert isinstance(await gate.admit(asked), Passage)
        refused = house.metric("sidegate_failed_closed_total", reason_id="witness_unavailable")
    assert refused == len(outcomes)


async def test_a_replay_is_recorded(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """With its hold, and with what the upstream got."""
    witness = Witness(tmp_path / "w")
    with Upstream(authority.issue()) as upstream:
        async with replaying(redis_url, authority, witness=witness) as replays:
            hold = await replays.ran(action_to(upstream.port, "/pay?to=x"))
        (line,) = lines(tmp_path / "w")
        assert line["target"] == upstream.url("/pay")
        assert line["query_sha256"] == digest(b"to=x")
        assert line["body_sha256"] == digest(upstream.executed[0].body)
    assert (line["hold"], line["verdict"], line["tier"]) == (hold.hold_id, "hold", int(hold.tier))


async def test_no_replay_without_it(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Not a byte is sent, the hold stays approved and runs when the witness can be written again."""
    witness = Witness(tmp_path / "w")
    with Upstream(authority.issue()) as upstream:
        async with replaying(redis_url, authority, witness=witness) as replays:
            with full_disk(tmp_path / "w"):
                hold = await replays.ran(action_to(upstream.port))
            assert hold.state is State.APPROVED
            assert "cannot be written" in hold.note
            assert (upstream.executed, upstream.fragments) == ([], [])
            assert (await replays.replayer.run(hold)).state is State.EXECUTED
        assert len(lines(tmp_path / "w")) == upstream.count() == 1
