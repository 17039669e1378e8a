"""Header fields and framing with one reading, or a refusal that says what is wrong with them."""

from dataclasses import replace

import pytest

from rules.headers import Fields
from rules.normalize import MAX_FIELDS, MAX_HEAD_BYTES
from rules.verdict import ReasonId
from tests.rules.messages import (
    HOST,
    JSON,
    PLAIN,
    accepted,
    assert_well_worded,
    carrying,
    refusal,
)


@pytest.mark.parametrize(
    "name",
    [
        *(b"Authorization", b"Content-Encoding", b"Content-Type", b"Expect", b"If-Match", b"Range"),
        *(b"Content-Range", b"Content-Length", b"Transfer-Encoding", b"Host", b"SOAPAction"),
        *(b"X-Amz-Target", b"X-HTTP-Method-Override", b"Mcp-Method", b"Mcp-Name", b"Mcp-Session-Id"),
        *(b"If-None-Match", b"Mcp-Protocol-Version", b"X-HTTP-Method", b"X-Method-Override"),
    ],
)
def test_what_can_stand_once_stands_once(name: bytes) -> None:
    """Of two, one server takes the first and another the last, also where they are equal."""
    once = tuple(field for field in PLAIN.fields if field[0] != name)
    for other in (name, name.upper(), name.lower()):
        message = replace(PLAIN, fields=(*once, (name, b"x"), (b"X-A", b"1"), (other, b"x")))
        refused = refusal(message)
        assert refused.reason_id is ReasonId.HEADER_REPEATED
        assert_well_worded(refused.reason)


@pytest.mark.parametrize(
    "name",
    [
        *(b"Content_Type", b"content_length", b"Transfer_Encoding", b"X_HTTP_Method_Override"),
        *(b"X-HTTP_Method-Override", b"Content_Encoding", b"X_Amz_Target", b"Mcp_Name", b"If_Match"),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_an_underscore_never_hides_a_header(name: bytes, *, beside: bool) -> None:
    """Many servers read `_` as `-`: such a name is refused, alone or beside its twin."""
    twin = ((name.replace(b"_", b"-"), b"0"),) if beside else ()
    assert refusal(carrying(*twin, (name, b"0"))).reason_id is ReasonId.HEADER_MALFORMED


def test_an_underscore_in_other_names_is_nobodys_business() -> None:
    """Names that mean nothing to the gate travel as they are, once or more."""
    message = carrying((b"X_Note", b"1"), (b"X-Note", b"2"), (b"Accept", b"a"), (b"Accept", b"b"))
    assert accepted(message).fields == message.fields


_BAD_FIELDS: dict[str, tuple[bytes, bytes]] = {
    "a line end": (b"X-A", b"b\r\nX-HTTP-Method-Override: DELETE"),
    "a carriage return": (b"X-A", b"b\rTransfer-Encoding: chunked"),
    "a line feed": (b"X-A", b"b\nc"),
    "a trailing line feed": (b"X-A", b"b\n"),
    "a NUL": (b"X-A", b"b\x00c"),
    "a vertical tab": (b"Transfer-Encoding", b"\x0bchunked"),
    "a form feed": (b"X-A", b"\x0c"),
    "an escape": (b"X-A", b"\x1b[2J"),
    "a delete": (b"X-A", b"\x7f"),
    "an empty name": (b"", b"x"),
    "a space before the colon": (b"Transfer-Encoding ", b"chunked"),
    "a folded name": (b" X-HTTP-Method-Override", b"DELETE"),
    "a colon in a name": (b"X:A", b"b"),
    "a line end in a name": (b"X-A\r\nX-B", b"b"),
    "a trailing line end in a name": (b"X-A\n", b"b"),
    "a NUL in a name": (b"X-A\x00", b"b"),
    "a non-ascii name": ("Contént-Type".encode(), b"b"),
    "a pseudo header": (b":authority", b"evil.test"),
    "quotes in a name": (b'"X"', b"b"),
}


@pytest.mark.parametrize("field", _BAD_FIELDS.values(), ids=_BAD_FIELDS)
def test_a_header_outside_the_grammar_is_refused(field: tuple[bytes, bytes]) -> None:
    """A byte that ends a line, a name or a text somewhere is in no header."""
    assert refusal(carrying(field)).reason_id is ReasonId.HEADER_MALFORMED


@pytest.mark.parametrize("value", [b"", b"a\tb", b"caf\xe9", "é".encode(), b'"a, b"; c=d'])
def test_a_value_inside_the_grammar_travels(value: bytes) -> None:
    """Tabs, quotes and bytes beyond ASCII are allowed."""
    assert accepted(carrying((b"X-A", value))).fields[-1] == (b"X-A", value)


def test_a_head_is_bounded() -> None:
    """Neither many nor large fields get any further; the limits themselves are inside."""
    many = ((b"X-A", b""),) * (MAX_FIELDS - 1)
    assert accepted(carrying(*many))
    overhead = len(b"Host" + HOST[1]) + 4 + len(b"X-A") + 4
    assert accepted(carrying((b"X-A", b"v" * (MAX_HEAD_BYTES - overhead))))
    for fields in ((*many, (b"X", b"")), ((b"X-A", b"v" * (MAX_HEAD_BYTES - overhead + 1)),)):
        refused = refusal(carrying(*fields))
        assert refused.reason_id is ReasonId.HEADERS_TOO_LARGE
        assert refused.status == 431


@pytest.mark.parametrize("name", [b"X-Original-URL", b"x-rewrite-url", b"X_Original_Url"])
def test_a_second_target_is_refused(name: bytes) -> None:
    """Some front ends take the path from a header; the gate has judged the one in the line."""
    refused = refusal(carrying((name, b"/v1/admin")))
    assert refused.reason_id is ReasonId.TARGET_AMBIGUOUS
    assert_well_worded(refused.reason)


@pytest.mark.parametrize("value", [b"h2c", b"H2C", b"websocket", b"TLS/1.0", b""])
def test_every_upgrade_is_refused(value: bytes) -> None:
    """After a switch of protocol the gate would see nothing."""
    refused = refusal(carrying((b"Connection", b"Upgrade"), (b"uPgrade", value)))
    assert refused.reason_id is ReasonId.UPGRADE_REFUSED


@pytest.mark.parametrize(
    "value", [b"close", b"keep-alive", b"Keep-Alive, TE", b"close,, ", b"", b"Upgrade, HTTP2-Settings"]
)
def test_connection_may_name_what_is_this_hops_own(value: bytes) -> None:
    """Ordinary options pass; they never travel."""
    assert accepted(carrying((b"Connection", value)))


@pytest.mark.parametrize(
    "value", [b"content-type", b"close, Content-Type", b"host", b"x-note", b"Idempotency-Key", b"\xa0te"]
)
def test_connection_takes_no_judged_header_away(value: bytes) -> None:
    """A header that is dropped on the way would have been judged and not have arrived."""
    assert refusal(carrying(JSON, (b"Connection", value))).reason_id is ReasonId.HEADER_MALFORMED


@pytest.mark.parametrize("value", [b"y 100-continue", b"100-continue, x", b"", b"200-ok"])
def test_other_expectations_are_refused(value: bytes) -> None:
    """Nobody knows what a server does with them."""
    refused = refusal(carrying((b"Expect", value)))
    assert refused.reason_id is ReasonId.EXPECTATION_UNSUPPORTED
    assert refused.status == 417


def test_the_one_expectation_is_accepted_in_any_case() -> None:
    """Large uploads ask first."""
    assert accepted(carrying((b"Expect", b"100-Continue"), body=b"x"))


_FRAMED: dict[str, tuple[Fields, str]] = {
    "no framing": ((), "HTTP/1.1"),
    "a length": (((b"Content-Length", b"2"),), "HTTP/1.1"),
    "chunks": (((b"Transfer-Encoding", b"Chunked"),), "HTTP/1.1"),
    "a length in 1.0": (((b"Content-Length", b"2"),), "HTTP/1.0"),
    "a length in 2": (((b"content-length", b"2"),), "HTTP/2"),
}


@pytest.mark.parametrize(("fields", "version"), _FRAMED.values(), ids=_FRAMED)
def test_framing_that_fits_the_body_is_accepted(fields: Fields, version: str) -> None:
    """One way to frame, and it says what was read."""
    assert accepted(carrying(*fields, version=version, body=b"{}")).body == b"{}"


_MISFRAMED: dict[str, tuple[Fields, str]] = {
    "too long": (((b"Content-Length", b"3"),), "HTTP/1.1"),
    "too short": (((b"Content-Length", b"0"),), "HTTP/1.1"),
    "a sign": (((b"Content-Length", b"+2"),), "HTTP/1.1"),
    "a leading zero": (((b"Content-Length", b"02"),), "HTTP/1.1"),
    "an underscore": (((b"Content-Length", b"1_0"),), "HTTP/1.1"),
    "two in one": (((b"Content-Length", b"2, 2"),), "HTTP/1.1"),
    "white space": (((b"Content-Length", b" 2"),), "HTTP/1.1"),
    "nothing": (((b"Content-Length", b""),), "HTTP/1.1"),
    "hexadecimal": (((b"Content-Length", b"0x2"),), "HTTP/1.1"),
    "both": (((b"Content-Length", b"2"), (b"Transfer-Encoding", b"chunked")), "HTTP/1.1"),
    "identity and chunks": (((b"Transfer-Encoding", b"identity, chunked"),), "HTTP/1.1"),
    "identity": (((b"Transfer-Encoding", b"identity"),), "HTTP/1.1"),
    "gzip chunks": (((b"Transfer-Encoding", b"gzip, chunked"),), "HTTP/1.1"),
    "chunks twice": (((b"Transfer-Encoding", b"chunked, chunked"),), "HTTP/1.1"),
    "quoted chunks": (((b"Transfer-Encoding", b'"chunked"'),), "HTTP/1.1"),
    "no coding": (((b"Transfer-Encoding", b""),), "HTTP/1.1"),
    "chunks in 1.0": (((b"Transfer-Encoding", b"chunked"),), "HTTP/1.0"),
    "chunks in 2": (((b"transfer-encoding", b"chunked"),), "HTTP/2"),
    "trailers": (((b"Trailer", b"X-HTTP-Method-Override"),), "HTTP/1.1"),
    "trailers in 2": (((b"trailer", b"?"),), "HTTP/2"),
}


@pytest.mark.parametrize(("fields", "version"), _MISFRAMED.values(), ids=_MISFRAMED)
def test_framing_with_two_readings_is_refused(fields: Fields, version: str) -> None:
    """Where another parser could find another end of the body, nothing passes."""
    refused = refusal(carrying(*fields, version=version, body=b"{}"))
    assert refused.reason_id is ReasonId.FRAMING_AMBIGUOUS
    assert_well_worded(refused.reason)


@pytest.mark.parametrize("version", ["", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3", "http/1.1", "1.1"])
def test_other_versions_are_refused(version: str) -> None:
    """The gate judges only the versions it reads."""
    refused = refusal(replace(PLAIN, version=version))
    assert refused.reason_id is ReasonId.VERSION_UNSUPPORTED
    assert refused.status == 505
