"""The suite itself: a gate that is broken on purpose has to be noticed, and a whole one left in peace."""

import base64
import json
from pathlib import Path

import pytest

from tests.evasion import corpus
from tests.evasion.__main__ import main
from tests.evasion.launcher import Plant
from tests.evasion.test_recorder import needs_low_ports

pytestmark = pytest.mark.acceptance

SMALL = b'{"amount":5,"currency":"usd"}'
BIG = b'{"amount":90000,"currency":"usd"}'
CHARGE = b"POST /v1/charges HTTP/1.1\r\nHost: pay.test\r\nContent-Type: application/json\r\nContent-Length: "


def row(id_: str, data: bytes, *, expected: str, transport: str = "connect-tls") -> dict[str, object]:
    """One line of a file of cases."""
    return {
        "id": id_,
        "layer": "framing",
        "title": f"case {id_}",
        "level": "must",
        "transport": transport,
        "connect": "pay.test:443",
        "sni": "pay.test",
        "alpn": None,
        "segments": [{"b64": base64.b64encode(data).decode(), "delay_ms": 0}],
        "expected": expected,
        "upstream_must_not_execute": None if expected == "pass" else [{"path": "/v1/charges"}],
    }


ROWS = [
    row("control", CHARGE + b"29\r\n\r\n" + SMALL, expected="pass"),
    row("held", CHARGE + b"33\r\n\r\n" + BIG, expected="hold|refuse"),
    row("refused", CHARGE + b"33\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", expected="refuse"),
    row(
        "foreign", b"GET /api/holds HTTP/1.1\r\nHost: x.example\r\n\r\n", expected="421", transport="console"
    ),
    row("elsewhere", b"", expected="isolate", transport="netns"),
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A file with a control, a case for a human, a case for nobody, and one that is skipped."""
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return file


@needs_low_ports
@pytest.mark.parametrize(
    ("plant", "code", "last"),
    [
        (Plant.NOTHING, 0, "4 cases, 0 escaped, 0 controls stopped"),
        (Plant.PASS, 1, "4 cases, 1 escaped, 0 controls stopped"),
        (Plant.BLOCK, 1, "4 cases, 0 escaped, 1 controls stopped"),
        (Plant.END, 1, "4 cases, 2 escaped, 0 controls stopped"),
    ],
)
def test_a_broken_gate_is_noticed(
    plant: Plant,
    code: int,
    last: str,
    cases: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is let through or ends the sidecar is an escape, a blocked control is a stopped one."""
    monkeypatch.setattr(corpus, "WHY_NOT", "not here")
    out = tmp_path / "results.json"
    assert main(["--file", str(cases), "--plant", plant, "--json", str(out)]) == code
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == last
    assert "skipped: 1 (needs the agent's own network namespace: not here)" in printed
    kept = json.loads(out.read_text())
    assert [result["id"] for result in kept["results"]] == ["control", "held", "refused", "foreign"]


@needs_low_ports
def test_only_some(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` runs the named cases."""
    assert main(["--file", str(cases), "--only", "control"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 cases, 0 escaped, 0 controls stopped"


@needs_low_ports
def test_a_link_that_decides_is_noticed(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The link is the one that was sent: where nothing is wrong with it, it decides."""
    asked = b"POST /d/h_1?act=approve&sig=VALID HTTP/1.1\r\nHost: console.test\r\n\r\n"
    link = row("link", asked, expected="403", transport="console") | {"connect": None, "sni": None}
    cases.write_text(json.dumps(link))
    assert main(["--file", str(cases)]) == 1
    printed = capsys.readouterr().out
    assert "answered 200 (answered); 1 decided" in printed
    assert printed.splitlines()[-1] == "1 cases, 1 escaped, 0 controls stopped"


WRONG_FILES = {
    "not json": ("{", "1: this is no case"),
    "a member missing": ('{"id": "a"}', "1: the case has no 'segments'"),
    "an unknown transport": (json.dumps(ROWS[0] | {"transport": "carrier-pigeon"}), "carrier-pigeon"),
    "an id twice": (f"{json.dumps(ROWS[0])}\n{json.dumps(ROWS[0])}", "`control` is the id of two cases"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and the message names the place and the fault."""
    text, words = WRONG_FILES[case]
    file = tmp_path / "cases.jsonl"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["--file", str(file)])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--file", "/nowhere/cases.jsonl"], "there are no cases at `/nowhere/cases.jsonl`"),
        (["--only", "nobody"], "`nobody` is the id of no case"),
    ],
)
def test_wrong_use(arguments: list[str], words: str, cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and a case that is not in it."""
    with pytest.raises(SystemExit) as ended:
        main(["--file", str(cases), *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
