"""Templates: what a call's parts become in a sentence, and in the path of a read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall
from rules.matching.pattern import read_path
from rules.normalize import normalize
from rules.request.path_readings import PathPolicy
from rules.request.target import read_query, read_segments
from rules.template import fill, read_probe, tell
from tests.rules.calls import http, message, tool

INVOICE = (read_path("/v1/{account}/invoices/{invoice:int}"), read_path("/v1/{account}/drafts/{draft}.json"))

FILLED = {
    "a part of the path": ("POST pay.test/v1/acme/invoices/7", None, "/i/{invoice}", "/i/7"),
    "between the ends of a part": ("POST pay.test/v1/acme/drafts/9.json", None, "/d/{draft}.txt", "/d/9.txt"),
    "a member": ("POST pay.test/v1", {"to": {"id": "a b"}}, "/users/{to.id}", "/users/a%20b"),
    "a number": ("POST pay.test/v1", {"id": 12}, "/users/{id}", "/users/12"),
    "a fraction": ("POST pay.test/v1", {"v": 1.50}, "/at/{v}", "/at/1.5"),
    "a truth": ("POST pay.test/v1", {"live": True}, "/live/{live}", "/live/true"),
    "a form's field": ("POST pay.test/v1", "id=a%26b", "/a?id={id}", "/a?id=a%26b"),
    "an item": ("POST pay.test/v1", {"items": ["x", "y"]}, "/{items.1}", "/y"),
    "the path before the body": (
        "POST pay.test/v1/acme/invoices/7",
        {"invoice": "8"},
        "/i/{invoice}",
        "/i/7",
    ),
    "text and query": ("POST pay.test/v1", {"id": "7"}, "/a b/x{id}?k=v w&i={id}", "/a%20b/x7?k=v%20w&i=7"),
    "separators in a query's value": (
        "POST pay.test/v1",
        {"q": "a/b&c=d#e?+f"},
        "/?q={q}",
        "/?q=a%2Fb%26c%3Dd%23e%3F%2Bf",
    ),
    "beyond ascii": ("POST pay.test/v1", {"id": "é"}, "/{id}", "/%C3%A9"),
    "no names": ("POST pay.test/v1", None, "/me?a=b", "/me?a=b"),
}


@pytest.mark.parametrize("case", FILLED)
def test_fill(case: str) -> None:
    """Each value is one segment or one value of the query."""
    line, body, template, expected = FILLED[case]
    assert fill(template, http(line, body), paths=INVOICE) == expected


UNCERTAIN: dict[str, tuple[str, object]] = {
    "missing": ("POST pay.test/v1", {"other": 1}),
    "null": ("POST pay.test/v1", {"id": None}),
    "a list": ("POST pay.test/v1", {"id": [7]}),
    "an object": ("POST pay.test/v1", {"id": {"a": 7}}),
    "empty": ("POST pay.test/v1", {"id": ""}),
    "a dot": ("POST pay.test/v1", {"id": "."}),
    "two dots": ("POST pay.test/v1", {"id": ".."}),
    "a line end": ("POST pay.test/v1", {"id": "7\r\nHost: x"}),
    "a hidden character": ("POST pay.test/v1", {"id": "7\u200b"}),
    "over the bound": ("POST pay.test/v1", {"id": "7" * 20_000}),
    "two spellings of the name": ("POST pay.test/v1", {"ID": "7"}),
    "in body and query": ("POST pay.test/v1?id=8", {"id": "7"}),
    "in the query alone": ("POST pay.test/v1?id=8", {}),
    "twice in a form": ("POST pay.test/v1", "id=7&id=8"),
    "a body that is not understood": ("POST pay.test/v1", b"\x00"),
    "a number with an exponent": ("POST pay.test/v1", {"id": 1e300}),
    "a number with two spellings": ("POST pay.test/v1", {"id": 1.0}),
}

AMBIGUOUS = {
    "dots that look alike": "\u2024\u2024",
    "a slash": "7/../8",
    "a back slash": "7\\8",
    "a parameter": "7;v=2",
    "an escape": "%2e%2e",
    "outer white space": " 7",
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_nothing_is_filled_in_that_is_not_certain(case: str) -> None:
    """Neither in a path nor in a query, wherever two readers could differ."""
    line, body = UNCERTAIN[case]
    assert fill("/users/{id}", http(line, body), paths=INVOICE) is None
    assert fill("/users?id={id}", http(line, body), paths=INVOICE) is None


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_servers_read_differently_is_no_segment(case: str) -> None:
    """As a value of the query it has one reading."""
    call = http("POST pay.test/v1", {"id": AMBIGUOUS[case]})
    assert fill("/users/{id}", call) is None
    assert fill("/users?id={id}", call) is not None


def test_parts_of_a_segment_make_no_dots() -> None:
    """Two values that are harmless alone are judged together."""
    call = http("POST pay.test/v1", {"a": ".x", "b": "x"})
    assert fill("/{a}{b}", call) == "/.xx"
    assert fill("/.{a}", http("POST pay.test/v1", {"a": "."})) is None
    assert fill("/{a}.", http("POST pay.test/v1", {"a": "."})) is None


def test_a_part_that_paths_disagree_on_is_not_certain() -> None:
    """So is one of a path that only a lenient server takes for the rule's."""
    paths = (read_path("/{kind}/{id}"), read_path("/{id}/x"))
    assert fill("/{id}", http("GET pay.test/a/b"), paths=paths) == "/b"
    assert fill("/{id}", http("GET pay.test/a/x"), paths=paths) is None
    assert fill("/{id}", http("POST pay.test/V1/a", {"id": "7"}), paths=(read_path("/v1/{id}"),)) is None
    assert fill("/{id}", http("POST pay.test/V2/a", {"id": "7"}), paths=(read_path("/v1/{id}"),)) == "/7"


def test_a_path_with_several_readings_has_no_certain_part() -> None:
    """Under `normalize`, the first reading is only one of them."""
    call = normalize(message("GET pay.test/v1/a%2Fb"), paths=lambda _: PathPolicy.NORMALIZE)
    assert isinstance(call, HttpCall)
    assert fill("/x/{id}", call, paths=(read_path("/v1/{id}"),)) is None
    assert "(unreadable)" in tell("reads {id}", call, paths=(read_path("/v1/{id}"),))


@given(
    value=st.text(max_size=12), template=st.sampled_from(["/a/{v}", "/a/x{v}y", "/a?v={v}", "/{v}/b?v={v}"])
)
def test_what_is_filled_in_is_read_back(value: str, template: str) -> None:
    """No value leaves its segment or its place in the query."""
    try:
        call = http("POST pay.test/v1", {"v": value})
    except (AssertionError, UnicodeEncodeError):
        return  # refused before it is a call
    target = fill(template, call)
    if target is not None:
        path, _, query = template.partition("?")
        assert read_segments(target) == tuple(part.replace("{v}", value) for part in path[1:].split("/"))
        assert read_query(target) == ((("v", value),) if query else ())


TOLD: dict[str, tuple[object, str, str]] = {
    "text in backticks": ({"to": "a@b.test"}, "mails {to}", "mails `a@b.test`"),
    "a number": ({"n": 7.50}, "pays {n}", "pays 7.5"),
    "a truth": ({"n": False}, "live: {n}", "live: false"),
    "missing": ({}, "mails {to}", "mails (nothing)"),
    "null": ({"to": None}, "mails {to}", "mails (nothing)"),
    "of a list": ({"to": ["a", "b", "a"]}, "mails {to.*}", "mails `a`, `b`"),
    "a long list": ({"to": list("abcdefg")}, "mails {to.*}", "mails `a`, `b`, `c`, `d`, `e`, 2 more"),
    "a list whole": ({"to": [1, 2]}, "mails {to}", "mails (a list of 2)"),
    "an object": ({"to": {"a": 1}}, "mails {to}", "mails (an object of 1)"),
    "two readings": ({"To": "x"}, "mails {to}", "mails (nothing) or `x`"),
    "direction and zero width": (
        {"to": "a\u202eb\u200bc"},
        "mails {to}",
        "mails `a\\u202eb\\u200bc`",
    ),
    "line ends": ({"to": "a\napproved"}, "mails {to}", "mails `a\\napproved`"),
    "backticks": ({"to": "a` for 1, not `"}, "mails {to}", "mails `a' for 1, not '`"),
    "long": ({"to": "x" * 200}, "mails {to}", f"mails `{'x' * 80}...` (200 characters)"),
    "a template in a value": ({"to": "{n}", "n": 1}, "mails {to}", "mails `{n}`"),
    "not understood": (b"\x00", "mails {to}", "mails (unreadable)"),
}


@pytest.mark.parametrize("case", TOLD)
def test_tell(case: str) -> None:
    """A value is never taken for a word of the sentence, and nothing in it hides."""
    body, template, expected = TOLD[case]
    assert tell(template, http("POST pay.test/v1", body)) == expected


def test_tell_names_parts_of_the_path_and_arguments() -> None:
    """The path's parts come first; a tool call has arguments alone."""
    call = http("POST pay.test/v1/acme/invoices/7", {"account": "other", "to": "x"})
    assert tell("{account} mails {invoice} to {to}", call, paths=INVOICE) == "`acme` mails `7` to `x`"
    assert tell("mails {to.name}", tool("mail", "send", to={"name": "x"})) == "mails `x`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v1/a", "does not start with `/`"),
        ("//evil.test/a", "an empty segment"),
        ("/a/../b", "dot segments"),
        ("/a/{x}/**", "is not one path"),
        ("/a{", "without its other half"),
        ("/a?b", "write `name=value`"),
        ("/a?={b}", "write `name=value`"),
        ("/a?{b}=c", "write `name=value`"),
        ("/a?b={c", "without its other half"),
        ("/a?b=c#d", "is not a plain query"),
        ("/a?b=%2e", "is not a plain query"),
        ("/a#b", "has a query or fragment"),
        ("/%2e%2e", "percent-escapes"),
        ("/a\u200b", "cannot be printed"),
    ],
)
def test_templates_that_are_no_path(text: str, message: str) -> None:
    """Each is refused where it is written, with the cure."""
    with pytest.raises(ValueError, match=r"; write|; leave|; match") as refused:
        read_probe(text)
    assert message in str(refused.value)


def test_names_of_a_template() -> None:
    """In their order."""
    assert read_probe("/a/{b}/{c.0}?d={e}") == ["b", "c.0", "e"]
