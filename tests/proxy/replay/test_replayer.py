"""What an approved action sends, byte for byte, and what is kept of the answer."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.credentials.credentials import Credentials
from proxy.credentials.header import Header
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Stated
from proxy.replay import exchange
from rules.action import Action
from rules.headers import Fields
from rules.hold import Hold, State
from rules.reply import Reply
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.replays import BODY, action_to, canned, head_of, replaying

ZIPPED = gzip.compress(b"ok", mtime=0)
VARIABLE = "SIDEGATE_TEST_SECRET"


def ours(hold: Hold) -> tuple[bytes, bytes]:
    """The idempotency key that the hold was given."""
    return (b"Idempotency-Key", hold.idempotency_key.encode())


ODD: dict[str, dict[str, Any]] = {
    "plain": {},
    "odd target": {"target": "/a%20b/%E2%82%AC/(x)'!*,=@:$&+~._-?q=%2F%01&b=[1]{2}|^\"<>`&c=%F0%9F%92%A3&d"},
    "empty query": {"target": "/?"},
    "order, case, repeats": {
        "fields": ((b"x-B", b"1"), (b"A-x", b"2"), (b"X-b", b"3"), (b"x-B", b"1"), (b"ACCEPT", b"*/*"))
    },
    "header bytes": {
        "fields": ((b"X-Name", b"caf\xe9 \xff\x80\tx"), (b"X-Empty", b""), (b"X_Under", b"'\"\\"))
    },
    "length in its place": {"fields": ((b"Content-length", b"13"), (b"X-After", b"1"))},
    "empty body": {"body": b""},
    "put": {"method": "PUT"},
    "patch": {"method": "PATCH", "body": b""},
    "delete": {"method": "DELETE", "body": b"", "target": "/status/204"},
    "head": {"method": "HEAD", "body": b"", "target": "/bytes/9"},
    "get": {"method": "GET", "body": b"", "target": "/bytes/9"},
    "large body": {"body": bytes(range(256)) * 4096},
    "binary body": {"body": b"\x00\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"},
}
BODILESS = ("HEAD", "GET", "DELETE")


@pytest.mark.parametrize("name", ODD)
async def test_exactly_the_approved_bytes(
    redis_url: str, authority: Authority, upstream: Upstream, name: str
) -> None:
    """The head in the agent's order and spelling, the body as it was, and one key added at the end."""
    given = dict(ODD[name])
    host = (b"Host", b"localhost:%d" % upstream.port)
    fields: Fields = (host, *given.pop("fields", ()))
    action = action_to(upstream.port, fields=fields, **given)
    async with replaying(redis_url, authority) as replays:
        hold = await replays.ran(action)
    assert hold.state is State.EXECUTED
    [received] = upstream.executed
    sized = name == "length in its place" or action.method in BODILESS
    length = () if sized else ((b"Content-Length", b"%d" % len(action.body)),)
    assert received.head == head_of(action.method, action.target, (*fields, *length, ours(hold)))
    assert received.raw_body == action.body
    assert upstream.fragments == []


async def test_the_host_comes_first(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """Wherever the agent wrote it, Host leads (RFC 9110 section 7.2); the others keep their order."""
    host = (b"host", b"localhost:%d" % upstream.port)
    async with replaying(redis_url, authority) as replays:
        hold = await replays.ran(
            action_to(upstream.port, fields=((b"A", b"1"), host, (b"B", b"2")), body=b"")
        )
    expected = (host, (b"A", b"1"), (b"B", b"2"), (b"Content-Length", b"0"), ours(hold))
    assert upstream.executed[0].head == head_of("POST", "/pay", expected)


async def test_our_key_replaces_the_agents(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """However the agent spelled its key, the upstream sees one key, and it is the hold's."""
    host = (b"Host", b"localhost:%d" % upstream.port)
    fields = (host, (b"idempotency-KEY", b"agent"), (b"X", b"1"), (b"Idempotency-Key", b"again"))
    async with replaying(redis_url, authority) as replays:
        hold = await replays.ran(action_to(upstream.port, fields=fields))
    assert upstream.executed[0].values("idempotency-key") == [hold.idempotency_key]


def with_credential(header: str = "Authorization", template: str = "Bearer {secret}") -> Credentials:
    """Credentials for localhost, from the environment."""
    source = Stated(reference=FromEnvironment(VARIABLE), keyed=str.upper)
    return Credentials({"localhost": (Header(name="bank", source=source, header=header, template=template),)})


async def test_fresh_credentials(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's secret of this moment goes with the action, before our key."""
    monkeypatch.setenv(VARIABLE, "fresh")
    action = action_to(upstream.port, credentials=("authorization",))
    async with replaying(redis_url, authority, credentials=with_credential()) as replays:
        assert not replays.replayer.waits_for_agent(action)
        hold = await replays.ran(action)
    [received] = upstream.executed
    assert received.values("authorization") == ["Bearer fresh"]
    expected = (*action.fields, (b"Content-Length", b"13"), ours(hold), (b"Authorization", b"Bearer fresh"))
    assert received.head == head_of("POST", "/pay", expected)


async def test_a_placeholder_is_replaced(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header of the credential's name that the agent sent does not go out beside it."""
    monkeypatch.setenv(VARIABLE, "fresh")
    action = action_to(upstream.port)
    action = replace(action, fields=(*action.fields, (b"x-CUSTOM", b"placeholder"), (b"X-Custom", b"other")))
    async with replaying(
        redis_url, authority, credentials=with_credential("X-Custom", "{secret}")
    ) as replays:
        await replays.ran(action)
    assert upstream.executed[0].values("x-custom") == ["fresh"]


async def test_the_agents_live_credentials(
    redis_url: str, authority: Authority, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    """What the agent's identical retry brought runs the approved action, and is kept nowhere."""
    action = action_to(upstream.port, credentials=("authorization", "cookie"))
    live = ((b"authorization", b"Bearer l1ve"), (b"Cookie", b"a=l1ve"))
    caplog.set_level("DEBUG", "proxy")
    async with replaying(redis_url, authority) as replays:
        assert replays.replayer.waits_for_agent(action)
        hold = await replays.ran(action, live=live)
        kept = [await replays.world.redis.dump(key) for key in await replays.world.redis.keys()]
    assert hold.state is State.EXECUTED
    [received] = upstream.executed
    assert (received.values("authorization"), received.values("cookie")) == (["Bearer l1ve"], ["a=l1ve"])
    assert not [text for text in kept if text and b"l1ve" in text]
    assert "l1ve" not in caplog.text


@pytest.mark.parametrize("value", [None, "two\nlines", "\u2603"], ids=repr)
async def test_credentials_that_cannot_be_had(
    redis_url: str,
    authority: Authority,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    value: str | None,
) -> None:
    """Without its credential the action is given back with the reason, and nothing is even connected."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    async with replaying(redis_url, authority, credentials=with_credential()) as replays:
        hold = await replays.ran(action_to(upstream.port))
        assert hold.state is State.APPROVED
        assert hold.note.startswith("not sent: the ")
        assert value is None or value not in hold.note
        monkeypatch.setenv(VARIABLE, "fresh")
        assert (await replays.replayer.run(hold)).state is State.EXECUTED
    assert (upstream.connections, upstream.count()) == (1, 1)


STATUSES = [
    (200, State.EXECUTED),
    (204, State.EXECUTED),
    (302, State.EXECUTED),
    (399, State.EXECUTED),
    (400, State.EXECUTION_ERROR),
    (401, State.EXECUTION_ERROR),
    (429, State.EXECUTION_ERROR),
    (500, State.EXECUTION_ERROR),
    (503, State.EXECUTION_ERROR),
    (599, State.EXECUTION_ERROR),
]


@pytest.mark.parametrize(("status", "state"), STATUSES)
async def test_what_the_answer_makes_of_the_hold(
    redis_url: str, authority: Authority, upstream: Upstream, status: int, state: State
) -> None:
    """Below 400 it ran, from 400 on it failed upstream; both are answers, stored and final."""
    async with replaying(redis_url, authority) as replays:
        hold = await replays.ran(action_to(upstream.port, f"/status/{status}"))
        answer = await replays.answer(hold)
        counted = replays.count("sidegate_hold_transitions_total", event="answer")
    assert (hold.state, hold.note, answer.status) == (state, "", status)
    assert answer.body == (b"" if status == 204 else b"1")
    assert counted == (state is State.EXECUTED)
    assert upstream.count() == 1


ANSWERS: dict[str, tuple[bytes, Reply]] = {
    "fields in order, repeated, any bytes": (
        b"HTTP/1.1 200 So it is\r\nset-COOKIE: a\r\nX-B: \xe9\r\nSet-Cookie: b\r\n"
        b"Content-Length: 2\r\n\r\nok",
        Reply(
            status=200,
            phrase="So it is",
            fields=((b"set-COOKIE", b"a"), (b"X-B", b"\xe9"), (b"Set-Cookie", b"b")),
            body=b"ok",
        ),
    ),
    "chunked": (
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n"
        b"2;x=y\r\nok\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n",
        Reply(status=201, phrase="Created", fields=((b"X", b"1"),), body=b"ok!"),
    ),
    "until the end of the line": (
        b"HTTP/1.0 200 OK\r\nX: 1\r\n\r\n" + b"ok" * 5000,
        Reply(status=200, phrase="OK", fields=((b"X", b"1"),), body=b"ok" * 5000),
    ),
    "compressed stays as it is": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + ZIPPED,
        Reply(
            status=200,
            phrase="OK",
            fields=((b"Content-Encoding", b"gzip"),),
            body=ZIPPED,
        ),
    ),
    "said to be compressed": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        Reply(status=200, phrase="OK", fields=((b"Content-Encoding", b"gzip"),), body=b"ok"),
    ),
    "a hint before it": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Reply(status=200, phrase="OK"),
    ),
    "a redirect elsewhere": (
        b"HTTP/1.1 307 Moved\r\nLocation: https://127.0.0.1:1/evil\r\nContent-Length: 0\r\n\r\n",
        Reply(status=307, phrase="Moved", fields=((b"Location", b"https://127.0.0.1:1/evil"),)),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_the_answer_is_kept_as_it_came(redis_url: str, authority: Authority, name: str) -> None:
    """Status, phrase, end-to-end fields and raw content; only the framing is not."""
    said, kept = ANSWERS[name]
    async with (
        canned(authority.issue(), said) as upstream,
        replaying(redis_url, authority) as replays,
    ):
        hold = await replays.ran(action_to(upstream.port))
        assert hold.state is State.EXECUTED
        assert await replays.answer(hold) == kept
    assert len(upstream.requests) == 1


BROKEN = {
    "nothing": b"",
    "garbage": b"garbage\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
    "no end of chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 50_000,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxxxx",
    "only a hint": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_an_answer_that_is_none(redis_url: str, authority: Authority, name: str) -> None:
    """The request is out and its answer cannot be read: it may have run, and is never sent again."""
    async with (
        canned(authority.issue(), BROKEN[name]) as upstream,
        replaying(redis_url, authority) as replays,
    ):
        hold = await replays.ran(action_to(upstream.port))
        assert hold.state is State.OUTCOME_UNKNOWN
        assert hold.note == "the connection to the upstream ended before its whole answer was there"
        assert await replays.store.approved() == []
        assert await replays.store.sealed(hold.hold_id, part="answer") is None
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked", b"X: 1"])
async def test_an_answer_over_the_bound(
    redis_url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch, framing: bytes
) -> None:
    """Of an answer that is too large, or has no end, the beginning is kept and marked."""
    monkeypatch.setattr(exchange, "_MAX_ANSWER_BYTES", 5000)
    chunk = b"x" * 3000
    piece = b"%x\r\n%b\r\n" % (len(chunk), chunk) if b"chunked" in framing else chunk
    pieces = [b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n", *[piece] * 1000]
    async with (
        canned(authority.issue(), *pieces) as upstream,
        replaying(redis_url, authority) as replays,
    ):
        hold = await replays.ran(action_to(upstream.port))
        answer = await replays.answer(hold)
    assert (hold.state, answer.body) == (State.EXECUTED, b"x" * 5000)
    assert answer.fields[-1] == (b"Sidegate-Answer", b"cut")


@pytest.mark.parametrize("size", [4999, 5000])
async def test_an_answer_within_the_bound(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """An answer of exactly the bound's size is whole and not marked."""
    monkeypatch.setattr(exchange, "_MAX_ANSWER_BYTES", 5000)
    async with replaying(redis_url, authority) as replays:
        answer = await replays.answer(await replays.ran(_read(upstream.port, f"/bytes/{size}")))
    assert len(answer.body) == size
    assert b"Sidegate-Answer" not in dict(answer.fields)


def _read(port: int, target: str) -> Action:
    return action_to(port, target, method="GET", body=b"", fields=((b"Host", b"localhost:%d" % port),))


async def test_the_environment_changes_nothing(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy nor a CA file nor a netrc of the environment has a say in a replay."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine localhost login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    async with replaying(redis_url, authority) as replays:
        assert (await replays.ran(action_to(upstream.port))).state is State.EXECUTED
    assert upstream.executed[0].values("authorization") == []


async def test_without_tls(redis_url: str, authority: Authority) -> None:
    """An action that was approved for plain HTTP goes out as plain HTTP."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with canned(None, said) as upstream, replaying(redis_url, authority) as replays:
        hold = await replays.ran(action_to(upstream.port, scheme="http"))
        assert (hold.state, (await replays.answer(hold)).body) == (State.EXECUTED, b"ok")
    assert upstream.requests[0].endswith(b"\r\n\r\n" + BODY)


async def test_an_ipv6_address(redis_url: str, authority: Authority) -> None:
    """An address as host: connected to, and looked for in the certificate, without its brackets."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    async with (
        canned(authority.issue("::1"), said, host="::1") as upstream,
        replaying(redis_url, authority) as replays,
    ):
        assert (await replays.ran(action_to(upstream.port, host="::1"))).state is State.EXECUTED


@pytest.mark.parametrize(
    ("taken", "host", "waits"),
    [
        ((), "localhost", False),
        (("authorization",), "localhost", False),
        (("authorization",), "other.example", True),
        ((), "other.example", False),
    ],
)
async def test_who_waits_for_the_agent(
    redis_url: str, authority: Authority, taken: tuple[str, ...], host: str, waits: bool
) -> None:
    """Only an action whose credentials were taken off and that no provider serves."""
    action = action_to(443, host=host, credentials=taken)
    async with replaying(redis_url, authority, credentials=with_credential()) as replays:
        assert replays.replayer.waits_for_agent(action) is waits


async def test_a_configured_credential_stays_off_plain_http(
    redis_url: str, authority: Authority, tmp_path: Path
) -> None:
    """Nothing is sent, and the hold says why for as long as it stays approved."""
    (tmp_path / "token").write_text("bank-token")
    source = Stated(reference=FromFile(tmp_path / "token"), keyed=str.upper)
    own = Header(name="bank", source=source, header="Authorization", template="{secret}")
    async with (
        canned(None, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as upstream,
        replaying(redis_url, authority, credentials=Credentials({"localhost": (own,)})) as replays,
    ):
        hold = await replays.ran(action_to(upstream.port, scheme="http"))
        assert (hold.state, upstream.requests) == (State.APPROVED, [])
        assert hold.note == "not sent: the credential for `localhost` goes out over TLS only: ask for https"
