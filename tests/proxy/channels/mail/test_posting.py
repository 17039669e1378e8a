"""Tests of the letter for each new hold."""

import re
from dataclasses import replace
from pathlib import Path

from proxy.channels.mail.links import read
from proxy.channels.mail.posting import MailChannel
from proxy.channels.settings import Channels, Recipient
from proxy.console.people.entry import ConsoleEntry, PersonEntry
from proxy.console.reading.lines import Lines
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import Shots
from rules.hold import Event, Hold
from rules.reviewer import Role
from rules.verdict import Tier
from tests.proxy.channels.mail.postbox import Postbox, postbox
from tests.proxy.channels.stage import (
    LINK,
    asking,
    counted,
    eventually,
    in_tier_3,
    masked,
    reviewing_of,
    telling,
    twin_of,
)
from tests.proxy.console.deciding.test_drilled import a_drill
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

_LINK = re.compile(rf"{LINK}/channels/mail/([0-9A-Z]+)/([A-Za-z0-9_-]+)")


def of(world: World, box: Postbox, folder: Path, **changes: object) -> tuple[Reviewing, list[MailChannel]]:
    """The console's side, and two reviewers who are written to."""
    people = (("ada@books.example", "ada"), ("bob@books.example", "bob"))
    mail = box.settings(folder, *people, **changes)
    reviewing = reviewing_of(world, Channels(mail=mail))
    place = reviewing.channels
    assert place
    return reviewing, [MailChannel(each, place, reviewing, Lines(reviewing)) for each in mail.recipients]


def text_of(box: Postbox, number: int = 0) -> str:
    """The text of a letter."""
    plain = box.letters[number].get_body(("plain",))
    assert plain
    return str(plain.get_content())


async def test_each_reviewer_has_a_link(world: World, tmp_path: Path) -> None:
    """Of one's own, to what the letter shows, while it can be decided; later changes bring no letter."""
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path)
        async with telling(reviewing, channels):
            hold = await world.hold(READ, tier=Tier.EXTERNAL)
            await eventually(lambda: _came(box, 2))
            await world.store.step(hold, Event.CANCEL)
    assert sorted(box.sent_to) == [["ada@books.example"], ["bob@books.example"]]
    links = []
    for number in range(2):
        found = _LINK.search(text_of(box, number))
        assert found
        links.append(read(found[2], world.sealed.keyring, hold_id=found[1]))
    assert {link.reviewer for link in links if link} == {"ada", "bob"}
    for link in links:
        assert link
        assert (link.hold_id, link.digest) == (hold.hold_id, hold.digest)
        assert link.until == hold.decide_by.timestamp()
    assert len({link.nonce for link in links if link}) == 2


async def test_a_hold_that_nobody_decides(world: World, tmp_path: Path) -> None:
    """Who is of the group that is asked gets another letter, and says so in its subject."""
    ada = PersonEntry(name="ada", role=Role.LEAD, groups=("finance",), token_file="ada.token")
    world = replace(world, entry=ConsoleEntry(people=(ada,)))
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path)
        async with telling(reviewing, channels):
            hold = await world.hold(READ, tier=Tier.EXTERNAL)
            await eventually(lambda: _came(box, 2))
            await asking(world, hold, "finance")
            await eventually(lambda: _came(box, 3))
            await eventually(lambda: _skipped(reviewing, 1))
    assert box.sent_to[2] == ["ada@books.example"]
    assert str(box.letters[2]["Subject"]).startswith("[sidegate] still undecided, finance is asked: tier 3: ")


async def test_tier_4_leads_to_the_console(world: World, tmp_path: Path) -> None:
    """And so does what cannot be shown whole: no link decides."""
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path)
        async with telling(reviewing, channels[:1]):
            await world.hold(READ, tier=Tier.HIGH_RISK)
            await world.hold(replace(READ, body=b'{"to": "' + b"x" * 5000 + b'"}'), tier=Tier.EXTERNAL)
            await eventually(lambda: _came(box, 2))
    for number in range(2):
        assert "/channels/mail/" not in text_of(box, number)
        assert f"{LINK}/holds/" in text_of(box, number)


async def test_who_need_not_hear(world: World, tmp_path: Path) -> None:
    """Of other hosts, and of what is decided already."""
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path, hosts=("other.example",))
        async with telling(reviewing, channels[:1]):
            await world.hold(READ)
            await eventually(lambda: _skipped(reviewing, 1))
    assert box.raw == []


async def test_who_may_not_see_it_is_not_written_to(world: World, tmp_path: Path) -> None:
    """Nobody whom the console does not know, whatever the configuration says."""
    with postbox() as box:
        reviewing, _ = of(world, box, tmp_path)
        place = reviewing.channels
        assert place
        stranger = Recipient(address="mallory@books.example", reviewer="mallory")
        async with telling(reviewing, [MailChannel(stranger, place, reviewing, Lines(reviewing))]):
            await world.hold(READ, tier=Tier.EXTERNAL)
            await eventually(lambda: _skipped(reviewing, 1))
    assert box.raw == []


async def test_it_waits_for_what_would_change(world: World, tmp_path: Path) -> None:
    """The preview of its link is that with the snapshot."""
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path)
        async with telling(reviewing, channels[:1]):
            hold = await world.hold(READ, tier=Tier.EXTERNAL, probed=True)
            await eventually(lambda: _failed(reviewing))
            assert box.raw == []
            await Shots(world.store, world.sealed).keep(hold, ())
            await eventually(lambda: _came(box, 1))


async def test_a_drill_is_told_as_a_hold(world: World, tmp_path: Path) -> None:
    """With the same letter, which has a link of the same form; answered, it brings no other letter."""
    world = in_tier_3(world)
    with postbox() as box:
        reviewing, channels = of(world, box, tmp_path)
        async with telling(reviewing, channels[:1]):
            drill = await a_drill(world, tier=Tier.EXTERNAL)
            twin = await twin_of(world, drill)
            await eventually(lambda: _written(box, twin))
            await world.store.step(drill, Event.DRILL)
            last = await world.hold(READ, tier=Tier.EXTERNAL)
            await eventually(lambda: _written(box, last))
    [one], [other] = ([text for text in texts(box) if each.hold_id in text] for each in (drill, twin))
    assert _LINK.search(one)
    assert masked(one) == masked(other)


def texts(box: Postbox) -> list[str]:
    """All that the letters say, each as one text."""
    heads = (("Subject", "From", "To", "Auto-Submitted"), ("plain", "html"))
    return [
        "\n".join(
            [str(letter[name]) for name in heads[0]]
            + [str(part.get_content()) for kind in heads[1] if (part := letter.get_body((kind,)))]
        )
        for letter in box.letters
    ]


async def _written(box: Postbox, hold: Hold) -> bool:
    return any(hold.hold_id in text for text in texts(box))


async def _came(box: Postbox, count: int) -> bool:
    return len(box.raw) >= count


async def _skipped(reviewing: Reviewing, count: int) -> bool:
    return counted(reviewing, "mail", "skipped") >= count


async def _failed(reviewing: Reviewing) -> bool:
    return counted(reviewing, "mail", "failed") >= 1
