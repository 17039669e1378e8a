"""Which reads are sent for which call, and what they take over from it."""

import pytest

from rules.classify import classify
from rules.drift.read import MAX_READS, Read, Subject, carried, reads
from rules.drift.reference import Place
from rules.handling import Snapshot
from rules.normalize import normalize
from rules.verdict import Refusal, Tier
from tests.rules.calls import compiled, http

SNAPSHOT = Snapshot(path="/v1/accounts/{id}", fields=(("balance",),))
RULED = "https://pay.test/v1/accounts/7"

CASES: dict[str, tuple[str, list[tuple[Subject, str]]]] = {
    "put": ("PUT pay.test/items/7", [(Subject.RESOURCE, "https://pay.test/items/7")]),
    "patch": ("PATCH pay.test/items/7", [(Subject.RESOURCE, "https://pay.test/items/7")]),
    "delete with its query": (
        "DELETE pay.test/items/7?version=3&force=1",
        [(Subject.RESOURCE, "https://pay.test/items/7?version=3&force=1")],
    ),
    "post": ("POST pay.test/items", []),
    "get": ("GET pay.test/items/7", []),
    "sent draft": ("POST mail.test/drafts/7/send?a=1", [(Subject.PAYLOAD, "https://mail.test/drafts/7?a=1")]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reads_of_a_call(name: str) -> None:
    """The URL of what is replaced, changed or deleted, and of what is named instead of carried."""
    line, expected = CASES[name]
    assert [(read.subject, read.place.url) for read in reads(http(line))] == expected


def test_a_rules_snapshot_stands_in_for_the_general_read() -> None:
    """It is read in place of the call's URL, with the fields that count; without its path it is told."""
    call = http("DELETE pay.test/v1/payouts/7")
    [read] = reads(call, SNAPSHOT, filled="/v1/accounts/7")
    assert (read.subject, read.place.url, read.counted) == (Subject.SNAPSHOT, RULED, (("balance",),))
    [unread] = reads(call, SNAPSHOT)
    assert unread.obstacle == "its path cannot be made of this call"


def test_too_many_reads_are_told_and_not_sent() -> None:
    """Nobody can hide a reference behind others: those that are not read are in the record."""
    body = {"media_urls": [f"https://cdn.test/{n}" for n in range(MAX_READS + 3)]}
    found = reads(http("POST pay.test/messages", body))
    assert len(found) == MAX_READS + 3
    assert [bool(read.obstacle) for read in found] == [False] * MAX_READS + [True] * 3


HEADERS = {
    "Accept": "application/vnd.x+json",
    "X-Account": "acct_1",
    "If-Match": '"1"',
    "Range": "bytes=0-1",
    "Idempotency-Key": "k",
    "Accept-Encoding": "gzip",
    "Prefer": "return=minimal",
    "X-Amz-Copy-Source": "/b/k",
    "Content_Language": "de",
}


def test_a_read_takes_over_what_is_not_of_the_calls_body() -> None:
    """Tenant and format stay; conditions, ranges, keys and what describes the body do not."""
    call = http("PUT pay.test/items/7", {"a": 1}, headers=HEADERS)
    [read] = [read for read in reads(call) if read.subject is Subject.RESOURCE]
    assert carried(call.fields, read, origin=Place.of(call).origin) == (
        (b"Host", b"pay.test"),
        (b"Accept", b"application/vnd.x+json"),
        (b"X-Account", b"acct_1"),
        (b"Accept-Encoding", b"identity"),
    )


def test_nothing_is_taken_over_to_another_origin() -> None:
    """Neither an account nor anything else of the call is shown to the host of a picture."""
    call = http("POST pay.test/messages", {"media_url": "http://cdn.test:8080/p"}, headers=HEADERS)
    [read] = reads(call)
    fields = carried(call.fields, read, origin=Place.of(call).origin)
    assert fields == ((b"Host", b"cdn.test:8080"), (b"Accept", b"*/*"))
    sent = read.message(fields)
    assert (sent.scheme, sent.host, sent.port, sent.sni) == ("http", "cdn.test", 8080, None)


HOSTILE: dict[str, tuple[str, dict[str, str]]] = {
    "override": ("PUT pay.test/items/7", {"X-HTTP-Method-Override": "DELETE"}),
    "deleting url": ("DELETE pay.test/items/delete?_method=DELETE", {}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_read_that_would_do_something_is_judged_to(name: str) -> None:
    """What makes a server take a GET for something else stays in the read, so that it is judged by it."""
    line, headers = HOSTILE[name]
    call = http(line, headers=headers)
    read: Read = reads(call)[0]
    judged = normalize(read.message(carried(call.fields, read, origin=Place.of(call).origin)))
    assert not isinstance(judged, Refusal)
    assert classify(judged, compiled()).tier > Tier.READ_ONLY
