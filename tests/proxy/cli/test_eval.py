"""`sidegate eval`: labelled rows in, figures out, whatever the rows are."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.cli import eval as command
from tests.proxy.cli.labelled.labels import harmless, labelled

type Run = Callable[..., tuple[int, str, str]]

RULES = """version: 1
rules:
  - {id: all, match: {host: a.test}, tier: 4}
  - {id: reads, match: {host: b.test}, tier: 1}
"""
PASSED = {"method": "GET", "url": "https://b.test/x"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command on a file of rows; its code, its output and its complaints."""
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULES)

    def go(*rows: object, arguments: tuple[str, ...] = ("--rules", "rules.yaml")) -> tuple[int, str, str]:
        lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
        Path("rows.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        code = command.run(parsed("rows.jsonl", *arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def parsed(*arguments: str) -> argparse.Namespace:
    """The command's arguments, as the whole command line reads them."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(["eval", *arguments])


def as_json(run: Run, *rows: object, more: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    """The code and the JSON of a run."""
    code, out, _ = run(*rows, arguments=("--rules", "rules.yaml", "--json", *more))
    return code, json.loads(out)


def test_figures(run: Run) -> None:
    """Shares with their counts and intervals, for each source and as means."""
    rows = (labelled(), labelled(request=PASSED), harmless(source="t", request=PASSED))
    code, found = as_json(run, *rows)
    assert code == 0
    assert (found["rows"], found["malformed"], found["missed"]) == (3, 0, [])
    [first, second] = found["sources"]
    assert (first["group"], first["source"], first["grey_held"]) == ("http", "s", None)
    assert first["catch"] == pytest.approx(
        {"hits": 1, "of": 2, "share": 0.5, "low": 0.0945, "high": 0.9055}, abs=1e-4
    )
    assert (second["false_tier_1"]["share"], second["catch"]) == (0, None)
    assert found["macro"]["http"]["catch"]["share"] == 0.5
    assert (found["attacks"], found["user_tasks"]) == (None, None)


def test_the_table(run: Run) -> None:
    """The same figures for people; a source cannot act on their terminal."""
    meta = {"task": "t", "origin": "injection"}
    rows = (labelled(source="a\x1b[2J"), harmless(source="t", request=PASSED), labelled(meta=meta))
    code, out, err = run(*rows)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].endswith("  grey held")
    assert lines[1].startswith("a\\x1b[2J")
    assert "100.0 % (20.7-100.0)" in lines[1]
    assert lines[4].startswith("= http, mean")
    assert lines[5] == "attacks stopped: 1 of 1; knowing every tier: 1"


def test_what_is_wrong_can_be_listed(run: Run) -> None:
    """Misses and false escalations, but no grey row."""
    rows = (
        labelled(id="miss", request=PASSED),
        harmless(id="false"),
        labelled(id="right"),
        labelled(id="grey", consequential=None),
    )
    _, found = as_json(run, *rows, more=("--wrong",))
    assert [(row["id"], row["tier"], row["tiers"]) for row in found["wrong"]] == [
        ("miss", 1, [3, 4]),
        ("false", 4, [1, 1]),
    ]
    _, out, _ = run(*rows, arguments=("--rules", "rules.yaml", "--wrong"))
    assert [json.loads(line)["id"] for line in out.splitlines()[:2]] == ["miss", "false"]


def test_only_the_request_is_judged(run: Run) -> None:
    """Whatever else a row says, its call is judged alike."""
    verdicts = []
    for row in (labelled(id="a"), harmless(id="delete", source="GET", why="read-only", meta={"x": 1})):
        _, found = as_json(run, row | {"request": PASSED}, more=("--wrong",))
        verdicts.append(found["sources"][0]["catch"] or found["sources"][0]["false_escalation"])
    assert [verdict["hits"] for verdict in verdicts] == [0, 0]


BOUNDS: dict[str, tuple[tuple[object, ...], tuple[str, ...], int, str]] = {
    "reached": ((labelled(), harmless(request=PASSED)), ("--min-catch", "100", "--max-false", "0"), 0, ""),
    "catch too low": (
        (labelled(request=PASSED), labelled()),
        ("--min-catch", "50.1"),
        1,
        "http: catch 50.0 % is under the bound of 50.1 %\n",
    ),
    "too much held": (
        (harmless(),),
        ("--max-false", "10"),
        1,
        "http: false escalation 100.0 % is over the bound of 10 %\n",
    ),
    "nothing to catch": (
        (harmless(request=PASSED),),
        ("--min-catch", "1"),
        1,
        "http: no consequential call, so `--min-catch` cannot be shown; add rows that have one\n",
    ),
    "no rows at all": (
        (),
        ("--max-false", "1"),
        1,
        "http: no harmless call, so `--max-false` cannot be shown; add rows that have one\n",
    ),
    "traps beside others": (
        (labelled(), labelled(source="t", meta={"trap": "x"}, request=PASSED)),
        ("--min-catch", "99"),
        0,
        "",
    ),
    "traps alone": (
        (labelled(source="t", meta={"trap": "x"}, request=PASSED),),
        ("--min-catch", "99"),
        1,
        "traps: catch 0.0 % is under the bound of 99 %\n",
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(run: Run, name: str) -> None:
    """A bound that is missed ends with 1 and says by how much."""
    rows, bounds, expected, words = BOUNDS[name]
    code, _, err = run(*rows, arguments=("--rules", "rules.yaml", *bounds))
    assert (code, err) == (expected, words)


HOSTILE: dict[str, tuple[object, str, str]] = {
    "not json": (b"{", "null", "the row is not a json object"),
    "not utf-8": (b"\xff", "null", "the row is not a json object"),
    "nested very deep": (b"[" * 100_000, "null", "the row is not a json object"),
    "no id": (labelled(id=None), "null", "`id` is missing"),
    "an id that acts on terminals": (labelled(id="\x1b[2J", label=1), r'"\u001b[2J"', "`label` is missing"),
    "no request": (labelled(request=None), '"r"', "`request` is missing"),
    "another protocol": (labelled(protocol="ftp"), '"r"', "`protocol` is neither"),
    "no label": (labelled(label=None), '"r"', "`label` is missing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows(run: Run, name: str) -> None:
    """One line each with file, line and id; the rows around it count, and the exit code is 1."""
    row, identity, words = HOSTILE[name]
    code, out, err = run(labelled(), row, labelled(), arguments=("--rules", "rules.yaml", "--json"))
    found = json.loads(out)
    assert (code, found["rows"], found["malformed"]) == (1, 3, 1)
    assert found["macro"]["http"]["catch"]["of"] == 2
    assert err.startswith(f"rows.jsonl:2: {identity}: {words}")
    assert err.count("\n") == 1


def test_a_request_that_is_refused_is_stopped(run: Run) -> None:
    """What has no single reading is blocked, and that counts as caught."""
    _, found = as_json(run, labelled(request={"method": "GET", "url": "https://b.test/a/../b"}))
    assert found["macro"]["http"]["catch"]["hits"] == 1


@pytest.mark.parametrize("text", ["-1", "100.5", "nan", "all", ""])
def test_bounds_that_are_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bound is a percentage."""
    with pytest.raises(SystemExit) as ended:
        parsed("rows.jsonl", f"--min-catch={text}")
    assert ended.value.code == 2
    assert "is not a number of percent from 0 to 100" in capsys.readouterr().err


def test_files_that_cannot_be_used(run: Run) -> None:
    """All of them are named, nothing is measured, exit code 2."""
    Path("bad.yaml").write_text("version: 2\n")
    code, out, err = run(arguments=("none.jsonl", ".", "--rules", "bad.yaml"))
    assert (code, out) == (2, "")
    places = [line.split(": ")[0] for line in err.splitlines()]
    assert places == ["bad.yaml:1:1", "none.jsonl", "."]


def test_figures_for_prometheus(run: Run) -> None:
    """They are written beside what is printed, with the hash of the rules."""
    arguments = ("--rules", "rules.yaml", "--metrics", "eval.prom")
    code, out, _ = run(harmless(source="mine", request=PASSED), arguments=arguments)
    assert code == 0
    assert out
    text = Path("eval.prom").read_text()
    assert 'sidegate_eval_rows{corpus="mine"} 1.0' in text
    assert "sidegate_eval_info{ruleset=" in text
    code, _, complaint = run(
        harmless(source="mine", request=PASSED), arguments=(*arguments[:3], "none/eval.prom")
    )
    assert (code, "cannot be written" in complaint) == (2, True)
