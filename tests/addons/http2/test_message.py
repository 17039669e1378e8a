"""HTTP/2 flows as messages of ours, and our answers as theirs."""

import gzip

import pytest
from mitmproxy.http import Headers, HTTPFlow
from mitmproxy.test import tflow, tutils

from addons.http2.message import become, message_of, response_of, rewrite
from rules.headers import Fields
from rules.reply import Reply


def flow(
    *fields: tuple[bytes, bytes],
    authority: bytes = b"api.pay.test",
    body: bytes = b"",
    method: bytes = b"POST",
) -> HTTPFlow:
    """A request through a tunnel to api.pay.test."""
    made = tflow.tflow(
        req=tutils.treq(
            method=method,
            scheme=b"https",
            host="api.pay.test",
            port=443,
            authority=authority,
            path=b"/v1/x?y=1",
            http_version=b"HTTP/2.0",
            headers=Headers(fields),
            content=body,
        )
    )
    made.client_conn.sni = "sni.test"
    return made


def test_a_message_says_where_the_connection_leads() -> None:
    """The authority is only a header, and stands first as one."""
    message = message_of(flow((b"x-a", b"1"), authority=b"evil.test:1", body=b"hello"))
    assert (message.scheme, message.host, message.port) == ("https", "api.pay.test", 443)
    assert (message.sni, message.version) == ("sni.test", "HTTP/2")
    assert (message.method, message.target, message.body) == (b"POST", b"/v1/x?y=1", b"hello")
    assert message.fields == ((b"Host", b"evil.test:1"), (b"x-a", b"1"))


@pytest.mark.parametrize(
    ("authority", "fields", "seen"),
    [
        (b"", ((b"host", b"a.test"),), ((b"host", b"a.test"),)),
        (b"a.test", ((b"host", b"b.test"),), ((b"Host", b"a.test"), (b"host", b"b.test"))),
        (b"", (), ()),
    ],
    ids=["host only", "both", "neither"],
)
def test_nothing_about_the_host_is_hidden(authority: bytes, fields: Fields, seen: Fields) -> None:
    """Two names are two fields, for the gate to refuse."""
    assert message_of(flow(*fields, authority=authority)).fields == seen


def test_cookies_are_one_field() -> None:
    """HTTP/2 may send them apart."""
    message = message_of(flow((b"cookie", b"a=1"), (b"x-a", b"1"), (b"Cookie", b"b=2")))
    assert message.fields[1:] == ((b"x-a", b"1"), (b"cookie", b"a=1; b=2"))


@pytest.mark.parametrize(
    ("method", "fields", "body", "leaves"),
    [
        (b"POST", ((b"X-A", b"1"),), b"hello", ((b"x-a", b"1"), (b"content-length", b"5"))),
        (
            b"POST",
            ((b"content-length", b"9"), (b"x-a", b"1")),
            b"hello",
            ((b"content-length", b"5"), (b"x-a", b"1")),
        ),
        (b"POST", (), b"", ((b"content-length", b"0"),)),
        (b"GET", (), b"", ()),
        (
            b"GET",
            ((b"te", b"trailers"), (b"expect", b"100-continue"), (b"x-a", b"1")),
            b"",
            ((b"x-a", b"1"),),
        ),
        (b"GET", ((b"host", b"api.pay.test"),), b"", ()),
    ],
)
def test_a_request_becomes_what_was_judged(
    method: bytes, fields: Fields, body: bytes, leaves: Fields
) -> None:
    """Lower case, without this hop's fields, announcing the judged body."""
    made = flow(*fields, body=body, method=method)
    become(made.request, message_of(made))
    assert made.request.headers.fields == leaves
    assert made.request.data.authority == b"api.pay.test"
    assert made.request.raw_content == body


def test_secrets_take_the_place_of_values() -> None:
    """In what leaves; what was judged is as it was."""
    made = flow((b"authorization", b"Bearer x"), (b"x-a", b"x"), method=b"GET")
    judged = message_of(made)
    become(made.request, judged, ((b"authorization", b"Bearer s3cret"), (b"x-nobody", b"s3cret")))
    assert made.request.headers.fields == ((b"authorization", b"Bearer s3cret"), (b"x-a", b"x"))
    assert (b"authorization", b"Bearer x") in judged.fields


def test_a_host_field_becomes_the_authority() -> None:
    """Where it was the only name, it is the one that leaves."""
    made = flow((b"host", b"api.pay.test"), authority=b"")
    become(made.request, message_of(made))
    assert made.request.data.authority == b"api.pay.test"


@pytest.mark.parametrize(
    ("reply", "method", "fields", "content"),
    [
        (
            Reply(status=403, fields=((b"Sidegate-Hold", b"01H"),), body=b"{}"),
            b"GET",
            ((b"sidegate-hold", b"01H"), (b"content-length", b"2")),
            b"{}",
        ),
        (Reply(status=403, body=b"{}"), b"HEAD", ((b"content-length", b"2"),), b""),
        (Reply(status=204), b"GET", (), b""),
        (
            Reply(status=200, fields=((b"Content-Encoding", b"gzip"),), body=gzip.compress(b"x")),
            b"GET",
            ((b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(gzip.compress(b"x")))),
            gzip.compress(b"x"),
        ),
        (
            Reply(
                status=200, fields=((b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"9")), body=b"x"
            ),
            b"GET",
            ((b"content-length", b"1"),),
            b"x",
        ),
    ],
    ids=["held", "head", "no content", "compressed", "framed"],
)
def test_an_answer_of_ours(reply: Reply, method: bytes, fields: Fields, content: bytes) -> None:
    """The body as it is, and the framing of HTTP/2."""
    response = response_of(reply, method)
    assert response.status_code == reply.status
    assert response.headers.fields == fields
    assert response.raw_content == content


class _Louder:
    """A rewriting that gives everything on in capitals, and a mark at the end."""

    def head(self, status: int, fields: Fields) -> Fields | None:
        """Only for answers that say yes."""
        return tuple(field for field in fields if field[0] != b"content-length") if status == 200 else None

    def data(self, data: bytes) -> bytes:
        """In capitals."""
        return data.upper()

    def end(self) -> bytes:
        """The mark."""
        return b"!"


@pytest.mark.parametrize("status", [200, 404])
def test_a_streaming_answer_passes_its_rewriting(status: int) -> None:
    """Piece by piece, without its old length; one that is left alone streams as it is."""
    response = tutils.tresp(status_code=status, headers=Headers(((b"content-length", b"3"),)))
    response.stream = True
    rewrite(response, _Louder())
    stream = response.stream
    assert ("content-length" in response.headers) is (status == 404)
    if status == 404:
        assert stream is True
    else:
        assert callable(stream)
        assert [stream(b"abc"), stream(b"")] == [b"ABC", b"!"]


def test_what_leaves_is_what_the_gate_wrote() -> None:
    """Body, fields and length are those of the message that was judged."""
    made = flow((b"x-a", b"1"), body=b"theirs")
    message = message_of(flow((b"x-b", b"2"), body=b"ours, longer"))
    become(made.request, message)
    assert made.request.raw_content == b"ours, longer"
    assert made.request.headers["content-length"] == "12"
    assert "x-a" not in made.request.headers
