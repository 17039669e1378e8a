"""What judges the rows: rules and tools by their flags, and nothing of a row but its request."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from proxy.cli.labelled import judging
from proxy.cli.labelled.judging import Judge, add_flags, read_judge, read_lines
from rules.call import ToolDefinition
from rules.verdict import Judgement
from tests.proxy.cli.labelled.labels import harmless, labelled


def parsed(*arguments: str) -> argparse.Namespace:
    """The flags, read."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(arguments)


def judge_of(*arguments: str) -> Judge:
    """The judge that the flags name."""
    judge = read_judge(parsed(*arguments))
    assert isinstance(judge, Judge), judge
    return judge


def verdict_on(judge: Judge, row: dict[str, Any]) -> Judgement:
    """The judgement of a row."""
    return judge.judge(row, json.dumps(row).encode())


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Give a file of tools."""
    entry = {"name": "peek", "description": "Returns it", "annotations": {"readOnlyHint": True, "x": 1}}
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"s": [entry, {"name": "poke", "description": 5, "annotations": 7}]}))
    return path


def test_tools(tools: Path) -> None:
    """What a server says of a tool, by server and name; what is of another type is not said."""
    both = frozenset({"peek", "poke"})
    assert judge_of("--tools", str(tools)).tools == {
        ("s", "peek"): ToolDefinition(description="Returns it", read_only=True, siblings=both),
        ("s", "poke"): ToolDefinition(siblings=both),
    }


def test_a_tool_is_that_of_its_server(tools: Path) -> None:
    """Another server's tool of the same name is another tool."""
    judge = judge_of("--tools", str(tools))
    tiers = []
    for server in ("s", "t"):
        request: dict[str, Any] = {"server": server, "tool": "peek", "arguments": {}}
        tiers.append(int(verdict_on(judge, labelled(protocol="mcp", request=request)).tier))
    assert tiers == [1, 3]


def test_only_the_request_is_judged(tools: Path) -> None:
    """Whatever else two rows say, the same request is judged alike."""
    judge = judge_of("--tools", str(tools))
    request = {"method": "POST", "url": "https://a.test/v1/things"}
    rows = (
        labelled(request=request, id="list", source="reads", meta={"tier": 1}, why="read-only"),
        harmless(request=request, id="delete", tools={"s": []}, reason="x", tier=1),
        {"id": 1, "protocol": "http", "request": request},
    )
    assert len({verdict_on(judge, row) for row in rows}) == 1


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """Those of the rules and those of the tools."""
    for name in ("rules.yaml", "tools.json"):
        (tmp_path / name).write_text("[")
    problems = read_judge(
        parsed("--rules", str(tmp_path / "rules.yaml"), "--tools", str(tmp_path / "tools.json"))
    )
    assert isinstance(problems, tuple)
    assert {Path(problem.file).name for problem in problems} == {"rules.yaml", "tools.json"}


def test_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One over the limit comes cut, and the next one whole."""
    monkeypatch.setattr(judging, "MAX_LINE", 4)
    assert list(read_lines(io.BytesIO(b"abc\nabcdefgh\n\nab"))) == [b"abc\n", b"abcd", b"\n", b"ab"]
