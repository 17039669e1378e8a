"""A planted credential and a planted body are searched for wherever Sidegate keeps or says anything."""

import pytest
from redis import Redis

from tests.acceptance.clients import Call, curl
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

CONFIG = """
version: 1
destinations: {allow: [localhost]}
inline_wait: {usual: 0}
secret_headers: [X-House-Key]
"""
PLANTED = {
    "authorization": "Bearer canary-authorization-5731",
    "cookie": "sid=canary-cookie-8812",
    "x-api-key": "canary-api-key-1904",
    "x-house-key": "canary-house-key-3377",
    "x-remark": "canary-header-6042",
}
BODY = b'{"amount": 1, "memo": "canary-body-4490"}'
QUERY = "memo=canary-query-2218"
CANARIES = [value.split()[-1].split("=")[-1] for value in PLANTED.values()]
CANARIES += ["canary-body-4490", "canary-query-2218"]


@pytest.fixture
def used(start_sidecar: StartSidecar, upstream: Upstream) -> Sidecar:
    """A sidecar through which the planted request was held, approved, run with its retry, and answered."""
    sidecar = start_sidecar(config=CONFIG)
    call = Call(
        method="POST",
        url=upstream.url(f"/v1/charges?{QUERY}"),
        headers=(("Content-Type", "application/json"), *PLANTED.items()),
        body=BODY,
        proxy=sidecar.proxy,
        ca=sidecar.ca_bundle,
    )
    hold_id = curl(call).header("Sidegate-Hold")
    assert hold_id is not None
    sidecar.approve(hold_id)
    assert curl(call).status == 201
    (ran,) = upstream.select("POST")
    sent = {name.lower(): value for name, value in ran.headers}
    assert PLANTED.items() <= sent.items(), "the agent's own retry supplies what was taken off"
    assert sidecar.wait_state(hold_id, {"executed"})["action"]["credentials"] == [
        "authorization",
        "cookie",
        "x-api-key",
        "x-house-key",
    ]
    return sidecar


def test_no_canary_is_in_clear_anywhere(used: Sidecar) -> None:
    """Redis' memory, its append-only file, every file of the data folder, the log, the metrics."""
    with Redis(unix_socket_path=str(used.redis_socket)) as redis:
        dump = b"".join(redis.dump(key) or b"" for key in redis.scan_iter())
    assert dump, "the store holds something"
    places = {
        "redis": dump,
        "log": used.log.encode(),
        "metrics": "\n".join(used.metrics()).encode(),
        **{str(path): path.read_bytes() for path in used.data_dir.rglob("*") if path.is_file()},
    }
    assert any("appendonly" in place for place in places)
    found = [
        (place, canary) for place, text in places.items() for canary in CANARIES if canary.encode() in text
    ]
    assert found == []


def test_the_search_would_find_one(used: Sidecar) -> None:
    """The same search finds a canary that is really written, so an empty result means something."""
    (used.data_dir / "leak").write_text(CANARIES[0])
    files = [path.read_bytes() for path in used.data_dir.rglob("*") if path.is_file()]
    assert any(CANARIES[0].encode() in text for text in files)


def test_private_files_are_private(used: Sidecar) -> None:
    """Keys, tokens and the authority's key can be read by their owner only; agents' files by all."""
    modes = {
        str(path.relative_to(used.data_dir)): path.stat().st_mode & 0o777
        for path in used.data_dir.rglob("*")
        if path.is_file()
    }
    for name in (
        "operator.token",
        "serve.json",
        "keys/seal.key",
        "keys/fingerprint.key",
        "ca/mitmproxy-ca.pem",
    ):
        assert modes[name] == 0o600, name
    assert used.data_dir.stat().st_mode & 0o777 == 0o700
