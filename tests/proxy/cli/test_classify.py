"""`sidegate classify`: rows in, one line each out, whatever the rows are."""

import argparse
import base64
import contextlib
import io
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cli import classify
from proxy.cli.labelled import judging
from proxy.cli.labelled.row import read_call, read_id, read_row

RULES = """version: 1
rules:
  - id: charges
    match: {host: pay.test, method: POST, path: /v1/charges}
    tier: 4
    reason: moves money
    lower: [{when: {body: {amount: {lte: 100}}}, tier: 2, reason: small charge}]
  - id: ledger
    match: {host: pay.test, path: /v1/ledger}
    forbidden: true
  - id: files
    match: {server: files, tool: delete_*, arguments: {depth: {gt: 1.5}}}
    tier: 4
"""

type Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command on rows (values, or bytes as they are); its code, its lines and its complaints."""
    (tmp_path / "rules.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)

    def go(
        *rows: object, arguments: tuple[str, ...] = ("--rules", "rules.yaml")
    ) -> tuple[int, list[Any], str]:
        lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
        stdin = io.TextIOWrapper(io.BytesIO(b"".join(line + b"\n" for line in lines)))
        monkeypatch.setattr("sys.stdin", stdin)
        code = classify.run(parsed(*arguments))
        captured = capsys.readouterr()
        return code, [json.loads(line) for line in captured.out.splitlines()], captured.err

    return go


def parsed(*arguments: str) -> argparse.Namespace:
    """The command's arguments, as the whole command line reads them."""
    parser = argparse.ArgumentParser()
    classify.add_parser(parser.add_subparsers())
    return parser.parse_args(["classify", *arguments])


def http(url: str = "https://pay.test/v1/charges", **request: Any) -> dict[str, Any]:
    """A row of an HTTP request."""
    return {"id": "r", "protocol": "http", "request": {"method": "POST", "url": url, **request}}


def mcp(**request: Any) -> dict[str, Any]:
    """A row of a tool call."""
    return {"id": "r", "protocol": "mcp", "request": {"server": "files", "tool": "delete_all", **request}}


def test_the_contract(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Rows and lines, byte for byte: other programs read them."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    rows = (
        b'{"id":"a/1","protocol":"http","request":{"method":"GET","url":"https://pay.test/","headers":{},"body":null}}\n'
        b'{"id": 2, "label": {"x": 1}, "protocol":"mcp",'
        b'"request":{"server":"mail","tool":"send","arguments":{"to":"a"}}}\n'
        b'{"id":"\xc3\xa9","protocol":"http","request":{"method":"POST","url":"https://pay.test/v1/ledger"}}\n'
        b"\n"
        b'{"id":"c","protocol":"http","request":{"method":"GET","url":"https://pay.test/a/../b"}}\n'
        b'{"id":"d","protocol":"ftp","request":{}}\n'
        b'{"id":"e","protocol":"http","request":{"method":"POST","url":"https://pay.test/v1/charges"}}'
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rows)))
    assert classify.run(parsed("--rules", str(rules))) == 1
    assert capsys.readouterr().out == (
        '{"id": "a/1", "tier": 1, "verdict": "pass", "rule": null, "reason_id": "default_read", '
        '"reason": "no rule names this call, and GET only reads"}\n'
        '{"id": 2, "tier": 4, "verdict": "hold", "rule": null, "reason_id": "default_tool", '
        '"reason": "no rule names this call, and by its name the tool reaches other people"}\n'
        '{"id": "\\u00e9", "tier": 4, "verdict": "block", "rule": "ledger", "reason_id": "forbidden", '
        '"reason": "rule `ledger` forbids this call"}\n'
        '{"id": "c", "tier": 4, "verdict": "block", "rule": null, "reason_id": "target_ambiguous", '
        '"reason": "the path has dot segments, which servers resolve at different moments"}\n'
        '{"id": "d", "error": "`protocol` is neither `http` nor `mcp`"}\n'
        '{"id": "e", "tier": 4, "verdict": "hold", "rule": "charges", "reason_id": "rule", '
        '"reason": "moves money"}\n'
    )


def body_64(text: bytes) -> str:
    """Base64 text."""
    return base64.b64encode(text).decode()


JSON_HEADER = {"Content-Type": "application/json"}
JUDGED: dict[str, tuple[dict[str, Any], tuple[int, str, str]]] = {
    "body as text": (http(headers=JSON_HEADER, body='{"amount": 5}'), (2, "pass", "rule_lowered")),
    "body as base64": (
        http(headers=JSON_HEADER, body_b64=body_64(b'{"amount": 5}')),
        (2, "pass", "rule_lowered"),
    ),
    "body as an object": (http(headers=JSON_HEADER, body={"amount": 5}), (2, "pass", "rule_lowered")),
    "body as an object without a type": (http(body={"amount": 5}), (2, "pass", "rule_lowered")),
    "body as a list without a type": (http(body=[{"amount": 5}]), (4, "hold", "rule_unknown")),
    "body as text without a type": (http(body='{"amount": 5}'), (4, "hold", "rule_unknown")),
    "the other body is null": (
        http(headers=JSON_HEADER, body=None, body_b64=body_64(b'{"amount": 5}')),
        (2, "pass", "rule_lowered"),
    ),
    "headers as pairs": (
        http(headers=[["content-type", "application/json"]], body='{"amount": 5}'),
        (2, "pass", "rule_lowered"),
    ),
    "headers are null": (http(headers=None), (4, "hold", "rule")),
    "a header with outer white space": (
        http(headers={"Content-Type": " application/json\t"}, body='{"amount": 5}'),
        (2, "pass", "rule_lowered"),
    ),
    "a content length that lies": (
        http(headers={**JSON_HEADER, "Content-Length": "1"}, body='{"amount": 5}'),
        (2, "pass", "rule_lowered"),
    ),
    "a host header that agrees": (http(headers={"Host": "pay.test"}), (4, "hold", "rule")),
    "a host header that does not": (
        http(headers={"Host": "mail.test"}),
        (4, "block", "authority_mismatch"),
    ),
    "two host headers": (
        http(headers=[["Host", "pay.test"], ["host", "pay.test"]]),
        (4, "block", "header_repeated"),
    ),
    "a port": (http("https://pay.test:8443/v1/charges"), (4, "hold", "rule")),
    "capitals in scheme and host": (http("HTTPS://Pay.Test/v1/charges"), (4, "hold", "rule")),
    "plain http": (http("http://pay.test/v1/charges"), (4, "hold", "rule")),
    "no path": (http("https://pay.test"), (3, "hold", "default_write")),
    "a query without a path": (http("https://pay.test?a=b"), (3, "hold", "default_write")),
    "an address": (http("http://[::1]:8080/x"), (3, "hold", "default_write")),
    "an odd address": (http("http://0x7f.1/x"), (4, "block", "host_spelling")),
    "a host of nothing": (http("https:///x"), (4, "block", "host_spelling")),
    "a port of nothing": (http("https://pay.test:port/x"), (4, "block", "host_spelling")),
    "a space in the url": (http("https://pay.test/a b"), (4, "block", "target_malformed")),
    "a line in the url": (http("https://pay.test/a\r\nX: y"), (4, "block", "target_malformed")),
    "a letter in the url": (http("https://pay.test/\u00e9"), (4, "block", "target_malformed")),
    "half a letter in the url": (http("https://pay.test/\ud800"), (4, "block", "target_malformed")),
    "a fragment": (http("https://pay.test/a#b"), (4, "block", "target_malformed")),
    "an unknown method": (http(method="BREW"), (4, "block", "method_unknown")),
    "an empty method": (http(method=""), (4, "block", "method_unknown")),
    "a body that is not json": (http(headers=JSON_HEADER, body="{"), (4, "block", "json_invalid")),
    "a body of half a letter": (http(headers=JSON_HEADER, body='"\ud800"'), (4, "block", "json_invalid")),
    "a header that splits": (http(headers={"X-A": "a\r\nb"}), (4, "block", "header_malformed")),
    "a tool call": (mcp(arguments={"depth": 2}), (4, "hold", "rule")),
    "an exact argument": (mcp(arguments={"depth": 1.5}), (4, "hold", "default_tool")),
    "no arguments": (mcp(), (4, "hold", "default_tool")),
    "arguments of null": (mcp(arguments=None), (4, "hold", "default_tool")),
    "an argument beyond any double": (mcp(arguments={"depth": 2**60}), (4, "block", "json_invalid")),
    "look-alike arguments": (mcp(arguments={"a": 1, "A": 2}), (4, "block", "json_invalid")),
}


@pytest.mark.parametrize("name", JUDGED)
def test_rows_that_are_judged(run: Run, name: str) -> None:
    """Every well-formed row gets tier, verdict and reason id; what the gate refuses is blocked."""
    row, expected = JUDGED[name]
    code, [line], complaints = run(row)
    assert (line["tier"], line["verdict"], line["reason_id"]) == expected
    assert list(line) == ["id", "tier", "verdict", "rule", "reason_id", "reason"]
    assert (code, complaints) == (0, "")


def test_the_sentence_of_a_rule_comes_last(run: Run, tmp_path: Path) -> None:
    """Only where a rule has one, so that the other keys stay as they are."""
    rules = RULES + "    summary: deletes {path} and {depth} below\n"
    (tmp_path / "own.yaml").write_text(rules)
    row = mcp(tool="delete_all", arguments={"path": "/\u202e", "depth": 2})
    _, [line], _ = run(row, arguments=("--rules", "own.yaml"))
    assert list(line) == ["id", "tier", "verdict", "rule", "reason_id", "reason", "summary"]
    assert line["summary"] == "deletes `/\\u202e` and 2 below"


def test_arguments_twice_are_not_the_last(run: Run) -> None:
    """Servers differ on which of two equal members counts, so the row is blocked."""
    code, [line], _ = run(
        b'{"id":"r","protocol":"mcp","request":{"server":"s","tool":"t","arguments":{"a":1,"a":2}}}'
    )
    assert (line["verdict"], line["reason_id"], code) == ("block", "json_invalid", 0)


MALFORMED: dict[str, tuple[object, object, str]] = {
    "not json": (b"{", None, "the row is not a json object"),
    "not utf-8": (b'{"id": "\xff"}', None, "the row is not a json object"),
    "not an object": ([1], None, "the row is not a json object"),
    "nested very deep": (b"[" * 200_000, None, "the row is not a json object"),
    "no id": ({"protocol": "http", "request": {}}, None, "`id` is missing"),
    "an id of another type": (http() | {"id": [1]}, None, "`id` is missing"),
    "an id that is true": (http() | {"id": True}, None, "`id` is missing"),
    "no request": ({"id": "r", "protocol": "http"}, "r", "`request` is missing"),
    "a request of another type": ({"id": "r", "request": "x"}, "r", "`request` is missing"),
    "no protocol": ({"id": "r", "request": {}}, "r", "`protocol` is neither"),
    "a protocol of another type": (http() | {"protocol": ["http"]}, "r", "`protocol` is neither"),
    "no url": ({"id": 7, "protocol": "http", "request": {"method": "GET"}}, 7, "`url` is missing"),
    "no method": ({"id": 7, "protocol": "http", "request": {"url": "http://a/"}}, 7, "`method` is missing"),
    "a relative url": (http("/v1"), "r", "`url` does not start with"),
    "another scheme": (http("ftp://pay.test/"), "r", "`url` does not start with"),
    "user information": (http("https://a:b@pay.test/"), "r", "`url` has user information"),
    "headers of another type": (http(headers="a: b"), "r", "`headers` is neither"),
    "a header of another type": (http(headers={"a": 1}), "r", "`headers` is neither"),
    "a pair of three": (http(headers=[["a", "b", "c"]]), "r", "`headers` is neither"),
    "broken base64": (http(body_b64="a"), "r", "`body_b64` is not base64"),
    "base64 with a line": (http(body_b64="YWJj\nZGVm"), "r", "`body_b64` is not base64"),
    "base64 of another type": (http(body_b64=1), "r", "`body_b64` is missing or not text"),
    "two bodies": (http(body="a", body_b64="YQ=="), "r", "`body` and `body_b64` are both given"),
    "no tool": ({"id": "r", "protocol": "mcp", "request": {"server": "s"}}, "r", "`tool` is missing"),
    "a server of another type": (mcp(server=1), "r", "`server` is missing or not text"),
    "arguments of another type": (mcp(arguments=[1]), "r", "`arguments` is not an object"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_rows_that_are_malformed(run: Run, name: str) -> None:
    """A malformed row gets a line with id and error, and the rows around it are judged."""
    row, identity, words = MALFORMED[name]
    code, lines, complaints = run(http(), row, http())
    assert code == 1
    assert complaints == ""
    assert [line.get("verdict") for line in lines] == ["hold", None, "hold"]
    assert list(lines[1]) == ["id", "error"]
    assert lines[1]["id"] == identity
    assert words in lines[1]["error"]


def test_without_rules(run: Run) -> None:
    """The built-in defaults apply."""
    code, [line], _ = run(http(), arguments=())
    assert (line["tier"], line["reason_id"], code) == (4, "default_write", 0)


def test_several_rules_files(run: Run) -> None:
    """Files merge, whether behind one flag or several."""
    Path("more.yaml").write_text("version: 1\nrules: [{id: x, match: {host: '*'}, tier: 4}]\n")
    for arguments in (
        ("--rules", "rules.yaml", "more.yaml"),
        ("--rules", "rules.yaml", "--rules", "more.yaml"),
    ):
        code, [line], _ = run(http("http://other.test/"), arguments=arguments)
        assert (line["rule"], code) == ("x", 0)


def test_odd_paths_of_hosts_that_have_them(run: Run) -> None:
    """They are judged where the rules say so, and blocked elsewhere."""
    Path("odd.yaml").write_text("version: 1\nhosts: {odd.test: {paths: normalize}}\n")
    rows = [http(f"http://{host}/tags/arn%3Aaws%2Fx") for host in ("odd.test", "pay.test")]
    code, lines, _ = run(*rows, arguments=("--rules", "rules.yaml", "odd.yaml"))
    assert [line["reason_id"] for line in lines] == ["default_write", "target_ambiguous"]
    assert code == 0


def test_broken_rules(run: Run) -> None:
    """All problems of all files on stderr, nothing judged, exit code 2."""
    Path("bad.yaml").write_text("version: 1\nrules:\n  - {id: A, match: {host: a.test}, tier: 9}\n")
    Path("worse.yaml").write_bytes(b"\xff")
    files = ("rules.yaml", "bad.yaml", "worse.yaml", "none.yaml")
    code, lines, complaints = run(http(), arguments=("--rules", *files))
    assert (code, lines) == (2, [])
    places = sorted(line.split(": ")[0] for line in complaints.splitlines())
    assert places == ["bad.yaml:3:36", "bad.yaml:3:6", "none.yaml:1:1", "worse.yaml:1:1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "it is not json"),
        ("[" * 200_000, "it is not json"),
        ("[]", "it is not an object"),
        ('{"s": {}}', "the tools of `s` are not a list"),
        ('{"s": [{"name": 1}]}', "the tools of `s` are not a list"),
        ('{"s": ["t"]}', "the tools of `s` are not a list"),
        ('{"s": [{"name": "t"}, {"name": "t"}]}', "`s` lists `t` twice"),
    ],
)
def test_broken_tools(run: Run, text: str, words: str) -> None:
    """A file of tools that is not one is wrong use."""
    Path("tools.json").write_text(text)
    code, lines, complaints = run(http(), arguments=("--tools", "tools.json"))
    assert (code, lines) == (2, [])
    assert complaints.startswith("tools.json:1:1: document: ")
    assert words in complaints


def test_tools_that_are_not_there(run: Run) -> None:
    """A file that cannot be read is named."""
    code, _, complaints = run(arguments=("--tools", "none.json"))
    assert (code, "none.json" in complaints) == (2, True)


def test_tools_are_taken(run: Run) -> None:
    """A tool's hints do not lower it; its description counts where its name says nothing."""
    entry = {"name": "peek", "annotations": {"readOnlyHint": True}}
    Path("tools.json").write_text(json.dumps({"files": [entry]}))
    code, [line], _ = run(mcp(tool="peek"), arguments=("--tools", "tools.json", "--json", "--data-dir", "x"))
    assert (line["tier"], line["reason_id"], code) == (3, "default_tool", 0)
    Path("tools.json").write_text(json.dumps({"files": [entry | {"description": "Returns what is there."}]}))
    _, [line], _ = run(mcp(tool="peek"), arguments=("--tools", "tools.json"))
    assert (line["tier"], line["reason_id"]) == (1, "default_tool")


def test_lines_that_are_too_long(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line over the limit is one malformed row, however long; the next one is judged."""
    monkeypatch.setattr(judging, "MAX_LINE", 1000)
    code, lines, _ = run(http(body="x" * 5000), http(), b" " * 3000)
    assert [line.get("verdict") for line in lines] == [None, "hold"]
    assert code == 1


def test_memory_is_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read and written one by one."""
    row = json.dumps(http(body="x" * 200_000)).encode() + b"\n"
    stream = io.BufferedReader(_Repeated(row, times=500))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
    assert classify.run(parsed()) == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


class _Repeated(io.RawIOBase):
    """A stream of the same row again and again, which is never whole in memory."""

    def __init__(self, row: bytes, *, times: int) -> None:
        self._row = row
        self._left = times
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._left:
            self._rest = self._row
            self._left -= 1
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=4), value, max_size=3),
    max_leaves=6,
)
REQUESTS = st.dictionaries(
    st.sampled_from(["method", "url", "headers", "body", "body_b64", "server", "tool", "arguments"]),
    ANYTHING | st.sampled_from(["GET", "POST", "https://pay.test/", "http://a", "YQ=="]),
)
ROWS = st.fixed_dictionaries(
    {
        "id": st.just("r") | ANYTHING,
        "protocol": st.sampled_from(["http", "mcp"]) | ANYTHING,
        "request": REQUESTS | ANYTHING,
    }
)


@given(ROWS | ANYTHING)
def test_no_row_makes_it_fail(row: object) -> None:
    """A row is judged, refused or malformed: nothing else can happen."""
    line = json.dumps(row).encode()
    with contextlib.suppress(ValueError):
        read = read_row(line)
        read_id(read)
        read_call(read, line)
