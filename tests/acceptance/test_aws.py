"""A signed call that is approved two hours later: signed anew at that time, taken by AWS, run once."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.credentials.aws import Keys, Signature
from proxy.credentials.credentials import with_fields
from proxy.credentials.supply import Outgoing
from rules.headers import first
from tests.acceptance.authority import Authority, Leaf
from tests.acceptance.clients import Call, curl
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.proxy.credentials.moto import aws, robot, send

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
TWO_HOURS = timedelta(hours=2)
TOO_SKEWED = timedelta(minutes=15)
CONFIG = """
version: 1
destinations: {allow: [localhost]}
windows: {decision: 86400, approval_tier_3: 86400, approval_tier_4: 86400, grace_tier_3: 0, grace_tier_4: 0}
credentials:
  - host: localhost
    name: aws
    aws_sigv4:
      access_key_id: {env: TEST_ACCESS}
      secret_access_key: {env: TEST_SECRET}
      service: s3
      region: us-east-1
"""


@dataclass(slots=True)
class Front:
    """TLS before the AWS: remembers what came, and refuses a date that is far from its own clock."""

    port: int = 0
    ahead: timedelta = timedelta()
    heads: list[bytes] = field(default_factory=list)
    skewed: list[bytes] = field(default_factory=list)

    def puts(self) -> list[bytes]:
        """The heads of what changed something."""
        return [head for head in self.heads if head.startswith(b"PUT ")]


@contextmanager
def fronting(url: str, leaf: Leaf) -> Iterator[Front]:
    """It, in a thread of its own."""
    front, started, done = Front(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    host, _, port = url.removeprefix("http://").partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            front.heads.append(head)
            body = await reader.readexactly(_length(head))
            if _skew(head, front.ahead) > TOO_SKEWED:
                front.skewed.append(head)
                answer = b"HTTP/1.1 403 RequestTimeTooSkewed\r\nContent-Length: 0\r\n\r\n"
            else:
                answer = await _asked(host, int(port), head + body)
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        front.port = server.sockets[0].getsockname()[1]
        started.set()
        await done.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    try:
        assert started.wait(60)
        yield front
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


async def _asked(host: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    return answer


def _value(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b": ")
        if key.lower() == name:
            return value
    return b""


def _length(head: bytes) -> int:
    return int(_value(head, b"content-length") or 0)


def _skew(head: bytes, ahead: timedelta) -> timedelta:
    stamp = datetime.fromisoformat(_value(head, b"x-amz-date").decode())
    return abs(datetime.now(UTC) + ahead - stamp)


class _Held:
    """Keys that a test has."""

    def __init__(self, access: str, secret: str) -> None:
        self._keys = Keys(access=access, secret=secret)

    async def keys(self) -> Keys:
        """They."""
        return self._keys


def signature(access: str, secret: str) -> Signature:
    """One by these keys."""
    return Signature(name="t", source=_Held(access, secret), keyed=str, service="s3", region="us-east-1")


def put(target: str, host: str, body: bytes = b"") -> Outgoing:
    """A request that changes something."""
    fields = ((b"Host", host.encode()), (b"Content-Length", b"%d" % len(body)))
    return Outgoing(
        method="PUT", scheme="https", host="localhost", port=443, target=target, fields=fields, body=body
    )


@pytest.fixture
def bucket() -> Iterator[tuple[str, str, str]]:
    """Run an AWS with an empty bucket; its URL and a key to it."""
    with aws() as url:
        access, secret = robot(url)
        made = put("/books", url.removeprefix("http://"))
        supplied = asyncio.run(signature(access, secret).supply(made, past=None))
        assert send(url, made, with_fields(made.fields, supplied.fields)) == 200
        yield url, access, secret


def faked(clock: Path) -> dict[str, str]:
    """The environment in which time is what `clock` says."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
    }


def move(clock: Path, by: timedelta) -> None:
    """Let time pass for whoever looks at this clock."""
    part = clock.with_suffix(".part")
    part.write_text(f"+{by.total_seconds():.0f}s")
    part.replace(clock)


def test_signed_at_the_time_of_the_replay(
    bucket: tuple[str, str, str], authority: Authority, tmp_path: Path
) -> None:
    """What the agent signed two hours ago is refused by then; what we sign is taken, and runs once."""
    if not FAKETIME.exists():
        pytest.skip(f"there is no {FAKETIME}: install the package faketime")
    url, access, secret = bucket
    clock = tmp_path / "clock"
    move(clock, timedelta())
    environment = {"TEST_ACCESS": access, "TEST_SECRET": secret} | faked(clock)
    with (
        fronting(url, authority.issue()) as front,
        Sidecar(upstream_ca=authority.ca, config=CONFIG, environment=environment) as sidecar,
    ):
        out = put("/books/one", f"localhost:{front.port}", b"hello")
        signed = asyncio.run(signature(access, secret).supply(out, past=None)).fields
        call = Call(
            method="PUT",
            url=f"https://localhost:{front.port}/books/one",
            headers=(("Prefer", "wait=0"), *((n.decode(), v.decode()) for n, v in signed)),
            body=b"hello",
            proxy=sidecar.proxy,
            ca=sidecar.ca_bundle,
        )
        hold_id = curl(call, "--http1.1").header("Sidegate-Hold")
        assert hold_id is not None
        assert front.puts() == []

        # Started anew, because a clock that is moved under a running process moves its patience with it.
        sidecar.stop()
        move(clock, TWO_HOURS)
        sidecar.start()
        front.ahead = TWO_HOURS
        sidecar.approve(hold_id)
        ran = sidecar.wait_state(hold_id, {"executed", "execution_error", "drift_refused"})
        assert (ran["state"], ran["note"]) == ("executed", None)
        [sent] = front.puts()
        stamp = datetime.fromisoformat(_value(sent, b"x-amz-date").decode())
        assert abs(datetime.now(UTC) + TWO_HOURS - stamp) < timedelta(minutes=5)
        assert _value(sent, b"authorization") != first(signed, b"authorization")
        assert front.skewed == []

        # What the agent signed is no longer worth anything there.
        old = with_fields(out.fields, signed)
        direct = Call(
            method="PUT",
            url=call.url,
            headers=tuple((n.decode(), v.decode()) for n, v in old if n != b"Content-Length"),
            body=b"hello",
            ca=authority.ca,
        )
        assert curl(direct, "--http1.1").status == 403
        assert len(front.skewed) == 1

        assert curl(call, "--http1.1").status == 200, "its agent gets the stored answer"
        until(lambda: sidecar.hold(hold_id)["state"] == "executed" or None, deadline=10, what="the state")
        assert len(front.puts()) == 2
