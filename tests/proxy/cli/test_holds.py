"""Tests of `sidegate holds`."""

import csv
import io
import json
from dataclasses import replace

import pytest

from rules.hold import Event
from rules.reply import Reply
from rules.verdict import Tier
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import ACTION, World

type Capture = pytest.CaptureFixture[str]

# What clears a screen, hides, reorders, overwrites or imitates; none of it may reach a terminal raw.
HOSTILE = (
    '{"to": "bob"}\r{"to": "eve"}\x1b[2J\x1b]0;title\x07\x9b31m\x08\x7f\u202e\u2066\u200b\u200d\ufeff\u00ad'
    "\u2028\u2029\u034f\u3164\ufe0f\U000e0041\U000e0101\x00\n\nhold X was approved\n" + "a" * 300
)


def raw(text: str) -> list[str]:
    """The characters of `text` that a terminal may act on or not show."""
    unseen = "\u034f\u115f\u1160\u3164\uffa0\u2800\ufe0f\U000e0101"
    return [char for char in text if char != "\n" and (not char.isprintable() or char in unseen)]


async def test_none(desk: Desk, capsys: Capture) -> None:
    """No holds is an answer, not an error."""
    assert desk.run("holds") == 0
    assert capsys.readouterr().out == "no holds\n"


async def test_the_table(world: World, desk: Desk, capsys: Capture) -> None:
    """One line each, newest first, as wide as the terminal."""
    first = await world.hold(tier=Tier.EXTERNAL)
    second = await world.hold(replace(ACTION, target="/" + "x" * 200))
    await world.store.step(first, Event.REJECT)
    assert desk.run("holds") == 0
    head, newest, oldest = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "TIER", "STATE", "AGE", "DECIDE", "IN", "CALL"]
    assert newest.startswith(f"{second.hold_id}  4     pending   ")
    assert newest.endswith("xxx...")
    assert len(newest) == 100
    assert oldest.startswith(f"{first.hold_id}  3     rejected  ")
    assert oldest.endswith("  -          POST https://bank.example/transfers?d...")


async def test_a_sheet(world: World, desk: Desk, capsys: Capture) -> None:
    """One row each, which a reader of CSV reads back; what would be a formula is text."""
    hold = await world.hold(replace(ACTION, target="/a,b?c=%22"))
    await world.store.step(
        hold, Event.REJECT, fields={"decision_reason": f"=cmd|' /C calc'!A0 {HOSTILE}".encode()}
    )
    assert desk.run("holds", "--csv") == 0
    text = capsys.readouterr().out
    head, row = csv.reader(io.StringIO(text))
    found = dict(zip(head, row, strict=True))
    assert (found["hold_id"], found["state"], found["url"]) == (
        hold.hold_id,
        "rejected",
        "https://bank.example/a,b?c=%22",
    )
    assert found["decision_reason"].startswith("'=cmd|")
    assert raw(text) == []


async def test_one_hold_is_no_sheet(world: World, desk: Desk, capsys: Capture) -> None:
    """And the cure is said."""
    hold = await world.hold()
    assert desk.run("holds", "--csv", hold.hold_id) == 2
    assert "leave out --csv" in capsys.readouterr().err


async def test_one_state(world: World, desk: Desk, capsys: Capture) -> None:
    """A state narrows the list."""
    await world.store.step(await world.hold(), Event.REJECT)
    assert desk.run("holds", "--state", "pending") == 0
    assert capsys.readouterr().out == "no holds\n"


async def test_more_than_fit(world: World, desk: Desk, capsys: Capture) -> None:
    """A list that is not complete says so."""
    for _ in range(51):
        await world.hold()
    assert desk.run("holds") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 52
    assert lines[-1] == "there are older ones: name a state to look further back"


async def test_json(world: World, desk: Desk, capsys: Capture) -> None:
    """A program reads what the console says, in plain ASCII."""
    hold = await world.hold(replace(ACTION, body=HOSTILE.encode()))
    assert desk.run("holds", "--json") == 0
    listed = capsys.readouterr().out
    assert desk.run("holds", hold.hold_id, "--json") == 0
    shown = capsys.readouterr().out
    assert json.loads(listed)["holds"][0]["hold_id"] == hold.hold_id
    assert json.loads(shown)["hold"]["action"]["body_text"] == HOSTILE
    assert not raw(shown)
    assert shown.isascii()


async def test_one_whole(world: World, desk: Desk, capsys: Capture) -> None:
    """The action comes first, then why it is held and how it stands."""
    hold = await world.hold()
    assert desk.run("holds", hold.hold_id) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:9] == [
        "  | POST https://bank.example/transfers?dry=no",
        "  | Content-Type: application/json",
        "  | X-Note: café",
        "with credentials, taken anew when it runs: authorization",
        f"body, {len(ACTION.body)} bytes:",
        '  | {"amount": 12.50, "to": "Zoë"}',
        "",
        "tier 4, rule `pay`, rule: moves money",
        "asked once by human `eve`, agent `agent-7`, session `s1`",
    ]
    assert lines[9] == "what is known of it:"
    known = [line for line in lines[10:] if line.startswith(("  | ", "  : "))]
    assert lines[10 + len(known)].startswith(f"hold {hold.hold_id} waits for a decision until ")
    assert lines[-1] == f"digest {ACTION.digest}"


async def test_what_its_rule_says(world: World, desk: Desk, capsys: Capture) -> None:
    """The rule's sentence stands below the action, with hostile values written out."""
    fields = ((b"Host", b"bank.example"), *ACTION.fields)
    body = json.dumps({"amount": 1, "to": "\u202e\x1b[2J"}).encode()
    hold = await world.hold(replace(ACTION, fields=fields, body=body))
    assert desk.run("holds", hold.hold_id) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("tier 4, rule `pay`, rule: moves money")
    assert lines[at - 1] == r"in short, by its rule: sends 1 to `\u202e\x1b[2J`"


async def test_a_settled_one(world: World, desk: Desk, capsys: Capture) -> None:
    """What became of it is told in words."""
    hold = await world.settled(Reply(status=201, phrase="Created", body=b"12345"))
    assert desk.run("holds", hold.hold_id) == 0
    out = capsys.readouterr().out
    assert "was approved by `ada` and ran; the upstream's answer is stored" in out
    assert "the upstream answered 201 Created, 5 bytes" in out


async def test_nothing_in_a_body_acts_on_the_terminal(world: World, desk: Desk, capsys: Capture) -> None:
    """Every character that acts, hides or reorders is spelled out, and every line stays behind the bar."""
    fields = ((b"X-Odd", b"\x9b2J\xad"), (b"X-Broken", b"1\n2"), (b"X-Long", b"y" * 500))
    hold = await world.hold(replace(ACTION, fields=fields, body=HOSTILE.encode()))
    assert desk.run("holds", hold.hold_id) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert not raw(out)
    for spelled in (
        "\\x1b[2J",
        "\\x07",
        "\\u{9b}31m",
        "\\x08\\x7f",
        "\\r",
        "\\u{202e}",
        "\\u{200b}",
        "\\x00",
    ):
        assert spelled in out
    assert "  | hold X was approved" in lines
    assert "  | X-Broken: 1\\n2" in lines
    assert "hold X was approved" not in lines
    assert all(len(line) <= 100 for line in lines[:-1])
    assert [line for line in lines if "aaa" in line][1].startswith("  : aaa")


async def test_nothing_in_a_table_acts_on_the_terminal(world: World, desk: Desk, capsys: Capture) -> None:
    """A target with odd characters in it is spelled out in the table too."""
    await world.hold(replace(ACTION, target="/\u202e\x1b[2J\u200b"))
    assert desk.run("holds") == 0
    out = capsys.readouterr().out
    assert not raw(out)
    assert out.endswith("POST https://bank.example/\\u{202e}\\x1b...\n")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no body"),
        (b"\xff\x00\n\\", "  | \\xff\\x00\\x0a\\"),
        (b"\xff\x00", "body, 2 bytes that are not utf-8:"),
        (b"x" * 20_000, "3616 of its 20000 bytes are not shown: read them with --json"),
        (("é" * 20_000).encode(), "7232 of its 40000 bytes are not shown: read them with --json"),
        (b"\xff" * 20_000, "3616 of its 20000 bytes are not shown: read them with --json"),
        ("שלום 100".encode(), "it has right-to-left letters, which terminals reorder: read it with --json"),
    ],
)
async def test_bodies_of_every_kind(
    world: World, desk: Desk, capsys: Capture, body: bytes, words: str
) -> None:
    """What is not text, not all, or not in order is said to be so."""
    hold = await world.hold(replace(ACTION, body=body))
    assert desk.run("holds", hold.hold_id) == 0
    assert words in capsys.readouterr().out.splitlines()


async def test_a_spoilt_hold(world: World, desk: Desk, capsys: Capture) -> None:
    """A hold that was changed in the store is listed and shown as such."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 100)
    assert desk.run("holds") == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("changed in the store")
    assert desk.run("holds", hold.hold_id) == 0
    assert capsys.readouterr().out.startswith("the stored action does not open and is not shown: ")


async def test_a_spoilt_answer(world: World, desk: Desk, capsys: Capture) -> None:
    """So is an answer that was."""
    hold = await world.settled(Reply(status=200))
    await world.spoil(hold, "answer", b"x" * 100)
    assert desk.run("holds", hold.hold_id) == 0
    assert "the stored answer does not open: " in capsys.readouterr().out


async def test_an_unknown_id(desk: Desk, capsys: Capture) -> None:
    """An id that no hold has is a negative result."""
    assert desk.run("holds", "01JZZZZZZZZZZZZZZZZZZZZZZZ") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("sidegate: there is no hold `01JZZZZZZZZZZZZZZZZZZZZZZZ`")


@pytest.mark.parametrize(
    "arguments", [("--state", "gone"), ("--state",), ("ID", "ID"), ("--nope",), ("ID", "--state", "pending")]
)
async def test_wrong_use(desk: Desk, capsys: Capture, arguments: tuple[str, ...]) -> None:
    """Wrong use is told apart from a negative result."""
    assert desk.run("holds", *arguments) == 2
    assert "usage: " in capsys.readouterr().err
