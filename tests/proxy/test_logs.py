"""How the log is written: one event a line, whoever reads it, and nothing of what calls contain."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.logs import JsonLines, LogsEntry, PassLog
from rules.call import ToolCall
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.rules.calls import http

pytestmark = pytest.mark.observe

PASSES = Judgement(tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="r", rule="x")


def line(template: str, *given: object, error: bool = False) -> dict[str, object]:
    """A line as JSON."""
    try:
        raise ValueError("x")
    except ValueError:
        said = sys.exc_info() if error else None
    record = logging.LogRecord("proxy.gate", logging.INFO, "gate.py", 1, template, given, said)
    text = JsonLines().format(record)
    assert "\n" not in text
    found: dict[str, object] = json.loads(text)
    assert (found.pop("level"), found.pop("logger")) == ("info", "proxy.gate")
    assert str(found.pop("at")).endswith("+00:00")
    return found


def test_an_event_has_its_pairs_as_members() -> None:
    """Numbers stay numbers; enumerations are their values; what is not there is null."""
    found = line("hold.opened hold=%s tier=%d rule=%s", "01H", Tier.EXTERNAL, None)
    assert found == {"event": "hold.opened", "hold": "01H", "tier": 3, "rule": None}
    assert line("request.refused reason_id=%s", ReasonId.RULE) == {
        "event": "request.refused",
        "reason_id": "rule",
    }


@pytest.mark.parametrize(
    ("template", "given"),
    [
        ("Something of a library", ()),
        ("Something %s", ("odd",)),
        ("audit.checkpoint head=%s:%d:%s", ("c", 1, "h")),
        ("a line\nof two, with \x1b[31m and \u2028", ()),
    ],
    ids=range(4),
)
def test_what_is_no_event_is_one_message(template: str, given: tuple[object, ...]) -> None:
    """On one line all the same, with nothing that a terminal would do."""
    assert line(template, *given) == {"message": template % given}


def test_an_error_has_its_traceback_in_the_same_line() -> None:
    """Whoever collects lines gets it whole."""
    assert "ValueError: x" in str(line("gate.failed", error=True)["traceback"])


def test_no_pair_takes_the_place_of_ours() -> None:
    """Whatever it is called, and however long it is."""
    found = line("x.y level=%s at=%s why=%s", "a", "b", "c" * 9000)
    assert (found["level_"], found["at_"], len(str(found["why"]))) == ("a", "b", 2000)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.1, 0), (0.3, 1), (1.0, 1)])
def test_a_share_of_passes_has_a_line(share: float, count: int, caplog: pytest.LogCaptureFixture) -> None:
    """With where it went and why it passed; no path, no query, no argument."""
    caplog.set_level(logging.INFO)
    PassLog(share=share, chance=lambda: 0.2).note(http("POST a.example/hunter2?token=hunter2"), PASSES)
    assert caplog.messages == ["gate.passed tier=2 reason_id=rule rule=x to=a.example"] * count
    caplog.clear()
    call = ToolCall(server="bank", tool="pay", arguments={"pin": "hunter2"})
    PassLog(share=share, chance=lambda: 0.2).note(call, PASSES)
    assert caplog.messages == ["gate.passed tier=2 reason_id=rule rule=x to=bank"] * count


@pytest.mark.parametrize("wrong", [{"format": "xml"}, {"level": "debug"}, {"passes": 2.0}], ids=range(3))
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """Among it the level at which libraries write down requests."""
    with pytest.raises(ValidationError):
        LogsEntry.model_validate(wrong)


SAYING = """
import logging
from proxy.logs import LogsEntry, begin, begin_beside
{begin}(LogsEntry(format="{format}", level="{level}"))
logging.getLogger("proxy.gate").info("gate.quiet")
logging.getLogger("proxy.gate").warning("gate.loud n=%d", 7)
logging.getLogger("mitmproxy").info("client headers: hunter2")
"""


def said(begin: str, format_: str, level: str) -> list[str]:
    """What a process of its own writes to standard error."""
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", SAYING.format(begin=begin, format=format_, level=level)],
        check=True,
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
    )
    return ran.stderr.decode().splitlines()


@pytest.mark.parametrize(("begin", "level"), [("begin", "warning"), ("begin_beside", "info")])
def test_a_process_says_what_it_was_asked_to(begin: str, level: str) -> None:
    """Nothing below its level, nothing of a library's requests, and each line is JSON.

    Beside another program that is never less than a warning.
    """
    [line] = [json.loads(text) for text in said(begin, "json", level)]
    assert (line["event"], line["n"], line["level"]) == ("gate.loud", 7, "warning")


def test_beside_another_program_text_is_marked_as_ours() -> None:
    """And a level above a warning counts."""
    assert said("begin_beside", "text", "info") == ["sidegate: WARNING gate.loud n=7"]
    assert said("begin_beside", "text", "error") == []
