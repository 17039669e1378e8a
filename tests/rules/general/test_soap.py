"""The operation that a SOAP envelope names."""

from dataclasses import replace

import pytest

from rules.call import HttpCall
from rules.general.effect import Effect
from rules.general.http import read_http
from rules.general.soap import MAX_BYTES
from rules.normalize import normalize
from tests.rules.calls import http, message

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DELETES = "<m:DeleteCustomer xmlns:m='urn:x'/>"


def envelope(inside: str, *, before: str = "<?xml version='1.0'?>", header: str = "") -> str:
    """An envelope with `inside` as its body, after `before`."""
    return (
        f"{before}<s:Envelope xmlns:s='{SOAP}'><s:Header>{header}</s:Header>"
        f"<s:Body>{inside}</s:Body></s:Envelope>"
    )


CASES: dict[str, tuple[str, Effect]] = {
    "a deletion": (envelope(DELETES), Effect.DELETION),
    "a read": (envelope("<GetCustomer/>"), Effect.READ),
    "no known verb": (envelope("<Customer/>"), Effect.CHANGE),
    "after a comment": (envelope(f"<!-- <GetCustomer/> -->{DELETES}"), Effect.DELETION),
    "after text": (envelope(f"<![CDATA[<GetCustomer/>]]>{DELETES}"), Effect.DELETION),
    "after a body in its header": (
        envelope(DELETES, header="<Envelope><Body><GetCustomer/></Body></Envelope><Body><Get/></Body>"),
        Effect.DELETION,
    ),
    "with an attribute that looks like it": (
        envelope("<DeleteCustomer a='&lt;/s:Body>' b=\"<!--\"/>".replace("<!--", "&lt;!--")),
        Effect.DELETION,
    ),
    "with more before": (
        f"\ufeff{envelope(DELETES, before='<?xml version="1.0"?><?a b?><!-- c -->')}",
        Effect.DELETION,
    ),
    "cut off after it": (envelope(DELETES).removesuffix("</s:Body></s:Envelope>"), Effect.DELETION),
    "cut off before it": (f"<s:Envelope xmlns:s='{SOAP}'><s:Body>", Effect.CHANGE),
    "nothing in it": (envelope(""), Effect.CHANGE),
    "a doctype": (envelope("<GetCustomer/>", before="<!DOCTYPE a [<!ENTITY b 'c'>]>"), Effect.CHANGE),
    "a prefix of nothing": (envelope("<m:GetCustomer/>"), Effect.CHANGE),
    "too late": (envelope("<GetCustomer/>", header="a" * MAX_BYTES), Effect.CHANGE),
    "in time": (envelope(f"<GetCustomer>{'a' * MAX_BYTES}</GetCustomer>"), Effect.READ),
    "another encoding": (
        envelope("<GetCustomer/>", before="<?xml version='1.0' encoding='utf-7'?>"),
        Effect.CHANGE,
    ),
    "an encoding that is none": (
        envelope("<GetCustomer/>", before="<?xml version='1.0' encoding='x-none'?>"),
        Effect.CHANGE,
    ),
    "no envelope": ("<query><Body><DeleteCustomer/></Body></query>", Effect.READ),
    "what only begins as xml": ("<p>a<br>b</p>", Effect.READ),
    "no xml at all": ("<", Effect.CHANGE),
}


@pytest.mark.parametrize("kind", ["text/xml; charset=utf-8", "application/octet-stream", None])
@pytest.mark.parametrize("name", CASES)
def test_it_counts_where_the_path_reads(name: str, kind: str | None) -> None:
    """By whatever type: some servers look at nothing but the bytes."""
    text, effect = CASES[name]
    headers = {"Content-Type": kind} if kind else {}
    assert _effect(text.encode(), headers) is effect


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/xml; charset=utf-16"}, envelope("<GetCustomer/>").encode("utf-16")),
        ({"Content-Type": "text/xml; charset=utf-7"}, envelope("<GetCustomer/>").encode()),
        ({"Content-Type": "text/xml; charset"}, envelope("<GetCustomer/>").encode()),
        ({"Content-Type": "application/soap+xml", "Content-Encoding": "br"}, b"\x0b\x02\x80"),
        ({"Content-Type": 'multipart/related; type="application/xop+xml"; boundary=b'}, b"--b\r\n"),
    ],
    ids=["utf-16", "utf-7", "half a charset", "encoded", "in parts"],
)
def test_what_cannot_be_read_is_no_read(headers: dict[str, str], body: bytes) -> None:
    """Neither by the gate nor, for certain, in the same way by a server."""
    assert _effect(body, headers) is Effect.CHANGE


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_the_bytes_may_say_the_encoding(encoding: str) -> None:
    """By their mark or by their first character, as every reader of XML tells it."""
    assert _effect(envelope(DELETES, before="").encode(encoding), {}) is Effect.DELETION


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        ("urn:x/DeleteCustomer", Effect.DELETION),
        ('"http://a.test/Service#DeleteCustomer"', Effect.DELETION),
        ("urn:x/GetCustomer", Effect.READ),
        ('""', Effect.READ),
    ],
)
def test_the_header_counts_too(action: str, effect: Effect) -> None:
    """Some servers find the operation by it, whatever the envelope says."""
    headers = {"Content-Type": "text/xml", "SOAPAction": action}
    assert _effect(envelope("<GetCustomer/>").encode(), headers) is effect


def test_a_type_with_parameters_is_read() -> None:
    """As clients of SOAP 1.2 send it."""
    headers = {"Content-Type": 'application/soap+xml; charset="UTF-8"; action="urn:a"'}
    assert _effect(envelope("<GetCustomer/>").encode(), headers) is Effect.READ


def test_binary_frames_are_no_envelope() -> None:
    """gRPC's begin with zeros."""
    frame = b"\x00\x00\x00\x00\x00"
    assert _effect(frame, {"Content-Type": "application/grpc-web+proto"}) is Effect.READ


def test_it_lowers_nothing() -> None:
    """An envelope that reads is no proof where nothing else says so, and a file is none."""
    body = envelope("<GetCustomer/>").encode()
    assert read_http(http("POST a.test/ws", body)).effect is Effect.CHANGE
    assert read_http(http("POST a.test/DeleteCustomer", body)).effect is Effect.DELETION
    stored = http("PUT b.s3.amazonaws.com/a", envelope(DELETES).encode())
    assert read_http(stored).effect is Effect.CHANGE


def _effect(body: bytes, headers: dict[str, str]) -> Effect:
    """What a call does whose path reads."""
    bare = message("POST a.test/GetCustomer")
    fields = (*bare.fields, *((name.encode(), value.encode()) for name, value in headers.items()))
    call = normalize(replace(bare, body=body, fields=fields))
    assert isinstance(call, HttpCall), call
    return read_http(call).effect
