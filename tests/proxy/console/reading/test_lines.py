"""Tests of what a list says of each hold."""

import asyncio
import json
from dataclasses import replace

import pytest

from proxy.console.reading.lines import Line, Lines, Told
from rules.hold import Hold
from tests.proxy.console.pages.browser import READ, posting
from tests.proxy.console.world import ACTION, World
from tests.proxy.redis_child import eventually
from tests.rules.calls import compiled


async def told(lines: Lines, hold: Hold) -> Told:
    """What is said of `hold`."""
    (line,) = await lines.of([hold])
    return line.told


async def sealed_of(world: World, hold: Hold) -> bytes:
    """The contents of `hold` as they are stored."""
    found = await world.redis.hget(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}", "sealed")
    assert isinstance(found, bytes)
    return found


async def test_it_says_what_the_call_would_do(world: World) -> None:
    """In the rule's words, with where it goes and whose it is."""
    said = await told(Lines(world.reviewing()), await world.hold(READ))
    assert said.words.startswith("sends 12.50 to ")
    assert (said.method, said.host, said.principal) == ("POST", "bank.example", ACTION.principal)
    assert said.url == "https://bank.example/transfers?dry=no"


async def test_the_words_follow_the_rules_of_now(world: World) -> None:
    """What is kept is not kept beyond the rules that worded it."""
    rules = [world.ruleset]
    lines = Lines(replace(world.reviewing(), ruleset=lambda: rules[-1]))
    hold = await world.hold(READ)
    before = await told(lines, hold)
    rules.append(compiled("rules: [{id: pay, match: {host: bank.example}, tier: 4, summary: moves money}]"))
    assert before.words != (await told(lines, hold)).words == "moves money"


async def test_what_was_shredded_is_not_kept_here_either(world: World) -> None:
    """Once its time is over, nothing of it is told, although it was told before."""
    lines, hold = Lines(world.reviewing()), await world.hold(READ)
    assert "12.50" in (await told(lines, hold)).words
    said = await told(lines, replace(hold, shredded=True))
    assert said == Told(words="do what is not kept any more: its time was over")


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * 300], ids=["none", "one", "many"])
async def test_what_was_changed_is_said_and_not_remembered(world: World, sealed: bytes) -> None:
    """One such hold does not take the list away, and what opens again is told again."""
    lines, good, bad = Lines(world.reviewing()), await world.hold(READ), await world.hold(READ)
    kept = await sealed_of(world, bad)
    await world.spoil(bad, "sealed", sealed)
    first, second = await lines.of([bad, good])
    assert first.told == Told(words="do what does not open: what is stored was changed")
    assert second.told.host == "bank.example"
    await world.spoil(bad, "sealed", kept)
    assert (await told(lines, bad)).host == "bank.example"


async def test_another_holds_contents_are_not_taken(world: World) -> None:
    """What was sealed for one hold opens in no other."""
    small, large = await world.hold(posting(b'{"to": "A"}')), await world.hold(posting(b'{"to": "B"}'))
    await world.spoil(large, "sealed", await sealed_of(world, small))
    said = await told(Lines(world.reviewing()), large)
    assert said == Told(words="do what does not open: what is stored was changed")


async def test_no_agent_fills_the_list(world: World) -> None:
    """However long the values and the address are, a line is short and nothing in it is unseen."""
    body = json.dumps({"amount": 5, "to": "\u202e" + "x" * 50_000}, ensure_ascii=False).encode()
    hold = await world.hold(replace(posting(body), target="/transfers?" + "y" * 5000))
    said = await told(Lines(world.reviewing()), hold)
    assert len(said.words) <= 300
    assert len(said.url) <= 200
    assert "\u202e" not in said.words


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://bank.example:8443/x", "bank.example"),
        ("https://bank.example@evil.example/", "evil.example"),
        ("mcp:files/delete", "files"),
        ("https://[::1", ""),
        ("https://[x]/", ""),
        ("", ""),
    ],
    ids=["port", "userinfo", "mcp", "open bracket", "no address", "empty"],
)
def test_where_it_goes(url: str, host: str) -> None:
    """A URL that cannot be read goes nowhere that a filter would find."""
    assert Told(words="", url=url).host == host


@pytest.mark.parametrize(
    ("text", "found"),
    [("MONEY", True), ("Sends", True), ("bank.EXAMPLE", True), ("", True), ("None", False), ("\x00", False)],
    ids=["reason", "words", "url", "all", "a field that is empty", "zero"],
)
async def test_what_is_searched(world: World, text: str, found: bool) -> None:
    """Everything that the line is about, whatever its case, and not how a missing value is written."""
    told_of = Told(words="sends 5", url="https://bank.example/")
    assert Line(hold=await world.hold(), told=told_of).says(text) is found


async def test_a_view_finds_all_opened(world: World) -> None:
    """What comes is opened beside the views, so that a filter over thousands has nothing to open."""
    lines, hold = Lines(world.reviewing()), await world.hold(READ)
    async with asyncio.TaskGroup() as tasks:
        keeping_up = tasks.create_task(lines.keep_up())

        async def opened() -> bool:
            return any(key[0] == hold.hold_id for key in lines._known)

        await eventually(opened, what="the hold to be opened")
        keeping_up.cancel()


async def test_a_line_is_shown_as_it_stands(world: World) -> None:
    """Between the board and the page a decision may have come; what is gone from the store is gone here."""
    lines, decided, gone = Lines(world.reviewing()), await world.hold(READ), await world.hold(READ)
    known = await lines.of([decided, gone])
    await world.approve(decided)
    await world.redis.delete(f"{{sidegate:{world.domain}}}:hold:{gone.hold_id}")
    [line] = await lines.fresh(known)
    assert (line.hold.hold_id, line.hold.state) == (decided.hold_id, "approved")
    assert line.told == known[0].told
