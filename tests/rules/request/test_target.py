"""A target has one reading: no server sees another path or query in it than the gate."""

import posixpath
import unicodedata
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.request.target import (
    MAX_PAIRS,
    MAX_TARGET_BYTES,
    decode_segments,
    read_pairs,
    read_query,
    read_segments,
    second_reading,
)
from rules.verdict import ReasonId, Refusal
from tests.rules.messages import TARGETS, assert_well_worded

_PATHS: dict[str, tuple[str, ...]] = {
    "/": ("",),
    "/v1": ("v1",),
    "/v1/": ("v1", ""),
    "/v1/charges/ch_1": ("v1", "charges", "ch_1"),
    "/v1/charges?x=/../y": ("v1", "charges"),
    "/V1/%61dmin": ("V1", "admin"),
    "/v1/files/report%202026.pdf": ("v1", "files", "report 2026.pdf"),
    "/v1/me+you": ("v1", "me+you"),
    "/tags/arn%3Aaws%3Asns": ("tags", "arn:aws:sns"),
    "/calendars/en%23holiday%40google.com/events": (
        "calendars",
        "en#holiday@google.com",
        "events",
    ),
    "/v1/caf%C3%A9": ("v1", "café"),
    "/reactions/%F0%9F%91%A8%E2%80%8D%F0%9F%92%BB": ("reactions", "\U0001f468\u200d\U0001f4bb"),
    "/page/Apple_Inc.": ("page", "Apple_Inc."),
    "/v1/...": ("v1", "..."),
    "/v1/.hidden": ("v1", ".hidden"),
    "/v1/a..b": ("v1", "a..b"),
    "/documents:batchGet": ("documents:batchGet",),
    "/v1/100%25": ("v1", "100%"),
    "/v1/100%25%20sure": ("v1", "100% sure"),
    "/odata/Users('a')": ("odata", "Users('a')"),
    '/x{id}|^"<>`': ('x{id}|^"<>`',),
}


@pytest.mark.parametrize(("target", "segments"), _PATHS.items(), ids=_PATHS)
def test_a_plain_path_is_decoded(target: str, segments: tuple[str, ...]) -> None:
    """Escapes are undone once, per segment; the query does not count."""
    assert read_segments(target) == segments


_MALFORMED = {
    "nothing": "",
    "an asterisk": "*",
    "no slash": "v1/charges",
    "a query alone": "?x=1",
    "an absolute target": "http://pay.test/v1",
    "a fragment": "/v1/status#/../admin",
    "a fragment in the query": "/v1?x#y",
    "a backslash": "/v1\\admin",
    "a backslash in the query": "/v1?x=\\",
    "a space": "/v1/a b",
    "a second version": "/v1 HTTP/1.1",
    "a tab": "/v1\t",
    "a newline": "/v1\n",
    "a NUL": "/v1\0",
    "a delete": "/v1\x7f",
    "raw latin-1": "/caf\xe9",
    "raw latin-1 in the query": "/v1?caf\xe9",
    "half an escape": "/v1/%",
    "half an escape at the end": "/v1/%2",
    "no escape": "/v1/%zz",
    "no escape in the query": "/v1?x=%zz",
    "an escape of IIS": "/v1/%u002e%u002e/admin",
    "over the limit": "/" + "a" * MAX_TARGET_BYTES,
    "far over the limit": "/" + "a" * 1_000_000,
}


@pytest.mark.parametrize("target", _MALFORMED.values(), ids=_MALFORMED)
def test_what_is_no_target_is_refused(target: str) -> None:
    """Bytes outside the grammar have no reading at all."""
    result = read_segments(target)
    assert isinstance(result, Refusal)
    assert result.reason_id is ReasonId.TARGET_MALFORMED
    assert_well_worded(result.reason)


@given(target=st.text("/.ab;%20c?=&é\\ ", max_size=12).map(lambda text: f"/{text}"))
def test_the_short_way_reads_what_the_long_one_reads(target: str) -> None:
    """Whether or not a path is plain, it is read as its segments are read one by one."""
    decoded = decode_segments(target)
    expected = None if isinstance(decoded, Refusal) else decoded
    if expected and ("" in expected[:-1] or any(map(second_reading, expected))):
        expected = None
    found = read_segments(target)
    assert (None if isinstance(found, Refusal) else found) == expected


def test_the_longest_target_is_read() -> None:
    """The limit itself is inside."""
    assert read_segments("/" + "a" * (MAX_TARGET_BYTES - 1)) == ("a" * (MAX_TARGET_BYTES - 1),)


_AMBIGUOUS = [
    "/v1/.",
    "/v1/./admin",
    "/v1/status/../admin/wipe",
    "/v1/..",
    "/..",
    "/v1/status/%2e%2e/admin",
    "/v1/status/%2E./admin",
    "/v1/status/.%2e/admin",
    "/v1/%2e/admin",
    "//v1/admin",
    "/v1//admin",
    "/v1/admin//",
    "//",
    "/v1/admin%2fwipe",
    "/v1/ADMIN%2FWIPE",
    "/v1/..%2fadmin",
    "/v1/%2e%2e%2fadmin",
    "/v1%5cadmin",
    "/v1/..%5C..%5Cadmin",
    "/v1/admin%00/wipe",
    "/v1/admin%00.json",
    "/v1/admin%0d%0aX-A:%20b",
    "/v1/admin%09",
    "/v1/admin%1f",
    "/v1/admin%7f",
    "/v1/admin%c2%85",
    "/v1/status/%252e%252e/admin",
    "/v1/status/%252E%252E/admin",
    "/v1/status/..%252fadmin",
    "/v1/status/..%255cadmin",
    "/v1/%2500",
    "/v1/%25%32%66admin",
    "/v1/%25%32%65%25%32%65/admin",
    "/v1/%252%66admin",
    "/v1/%25252fadmin",
    "/v1/%2561dmin",
    "/v1/%25u002fadmin",
    "/v1/admin;x=1/wipe",
    "/v1/status/..;/admin",
    "/v1/admin;",
    "/;/v1",
    "/v1/admin%3bx=1",
    "/v1/..%3b/admin",
    "/v1/%ef%bc%8e%ef%bc%8e/admin",
    "/v1/%e2%80%a5/admin",
    "/v1/status%ef%bc%8fadmin",
    "/v1/status%ef%bc%bcadmin",
    "/v1/%ef%bc%852fadmin",
    "/v1/admin%ef%bc%9bx",
    "/v1/admin%20/wipe",
    "/v1/admin/wipe%20",
    "/v1/%20admin",
    "/v1/admin%c2%a0",
    "/v1/%c0%ae%c0%ae/admin",
    "/v1/%c0%afadmin",
    "/v1/%ed%a0%80",
    "/v1/%ff",
    "/v1/caf%e9",
]


@pytest.mark.parametrize("target", _AMBIGUOUS)
def test_a_path_with_two_readings_is_refused(target: str) -> None:
    """What some server resolves, merges, cuts, trims or decodes again is ambiguous."""
    result = read_segments(target)
    assert isinstance(result, Refusal)
    assert result.reason_id is ReasonId.TARGET_AMBIGUOUS
    assert_well_worded(result.reason)


_QUERIES: dict[str, tuple[tuple[str, str], ...]] = {
    "/": (),
    "/?": (),
    "/v1/admin/wipe?": (),
    "/?a": (("a", ""),),
    "/?a=": (("a", ""),),
    "/?a=1&b=2": (("a", "1"), ("b", "2")),
    "/?b=1&a=1&b=2": (("b", "1"), ("a", "1"), ("b", "2")),
    "/?a=b=c": (("a", "b=c"),),
    "/?=v": (("", "v"),),
    "/?&&a=1&": (("a", "1"),),
    "/?a=x+y&c+d=1": (("a", "x y"), ("c d", "1")),
    "/?a=x%2By%26z%3D1": (("a", "x+y&z=1"),),
    "/?a=%2e%2e%2f%5c": (("a", "../\\"),),
    "/?a=/../x?y": (("a", "/../x?y"),),
    "/?url=https%3A%2F%2Fx.test%2F%253Fq": (("url", "https://x.test/%3Fq"),),
    "/?text=two%0D%0Alines": (("text", "two\r\nlines"),),
    "/?a=caf%C3%A9": (("a", "café"),),
    "/?a[]=1&a[]=2": (("a[]", "1"), ("a[]", "2")),
    "/?a[x]=1&a[y]=2": (("a[x]", "1"), ("a[y]", "2")),
    "/?a=x%3By": (("a", "x;y"),),
}


@pytest.mark.parametrize(("target", "pairs"), _QUERIES.items(), ids=_QUERIES)
def test_a_plain_query_is_decoded(target: str, pairs: tuple[tuple[str, str], ...]) -> None:
    """Pairs keep their order and their repetitions; every value is data, whatever it spells."""
    assert read_query(target) == pairs


_TWO_QUERIES = {
    "a semicolon": "/?a=1;action=delete",
    "a NUL in a value": "/?a=list%00delete",
    "a NUL in a name": "/?a%00b=1",
    "latin-1": "/?a=caf%e9",
    "latin-1 in a name": "/?%e9=1",
    "overlong utf-8": "/?a=%c0%ae",
    "names in two cases": "/?Action=List&action=Delete",
    "names with an invisible difference": "/?amount=1&amo%e2%80%8bunt=2",
    "names in full width": "/?amount=1&%ef%bd%81mount=2",
    "names with outer white space": "/?amount=1&+amount=2",
    "a name and its array": "/?amount=5&amount[]=90000",
    "a name and its escaped array": "/?amount%5B0%5D=90000&amount=5",
    "more pairs than servers read": "/?" + "&" * MAX_PAIRS + "amount=90000",
}


@pytest.mark.parametrize("target", _TWO_QUERIES.values(), ids=_TWO_QUERIES)
def test_a_query_with_two_readings_is_refused(target: str) -> None:
    """What servers split, cut, merge or leave out differently is ambiguous."""
    result = read_query(target)
    assert isinstance(result, Refusal)
    assert result.reason_id is ReasonId.TARGET_AMBIGUOUS
    assert_well_worded(result.reason)


def test_as_many_pairs_as_servers_read_are_read() -> None:
    """The limit itself is inside."""
    assert len(read_pairs("&".join(["a=1"] * MAX_PAIRS))) == MAX_PAIRS


@given(TARGETS | st.text(max_size=30))
@example("/v1/%25%32%66admin")
@example("/v1/%252%66admin")
def test_no_accepted_path_has_a_second_reading(target: str) -> None:
    """Resolving, decoding again, folding or splitting an accepted path elsewhere changes nothing."""
    segments = read_segments(target)
    if isinstance(segments, Refusal):
        return
    assert segments
    path = "/" + "/".join(segments)
    assert posixpath.normpath(path).rstrip("/") == path.rstrip("/")
    for segment in segments:
        assert unquote(segment) == segment
        assert segment == segment.strip()
        for text in (segment, unicodedata.normalize("NFKC", segment)):
            assert text not in (".", "..")
            assert not set(text) & set("/\\;\0\r\n\t\x7f")


@given(TARGETS)
def test_an_accepted_path_can_be_written_again(target: str) -> None:
    """Escaping the segments anew gives a target with the same reading."""
    segments = read_segments(target)
    if not isinstance(segments, Refusal):
        assert read_segments("/" + "/".join(quote(s, safe="") for s in segments)) == segments


@given(TARGETS)
def test_accepted_targets_split_as_any_url_parser_splits_them(target: str) -> None:
    """An ordinary parser sees the same path, the same query and no fragment."""
    segments, query = read_segments(target), read_query(target)
    if isinstance(segments, Refusal) or isinstance(query, Refusal):
        return
    parts = urlsplit(f"https://pay.test{target}")
    assert parts.fragment == ""
    assert tuple(unquote(s) for s in parts.path[1:].split("/")) == segments
    pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None)
    assert tuple(pair for pair in pairs if pair != ("", "")) == query


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No target raises, in its path or in its query."""
    for result in (read_segments(text), read_query(text)):
        assert isinstance(result, (tuple, Refusal))
