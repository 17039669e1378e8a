"""Tests of the pages behind a link: looking decides nothing, a button does, once, for the right person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proxy.channels.mail.links import Link, write
from proxy.channels.settings import Channels
from proxy.console.reading.packages import Packages
from rules.action import Action
from rules.drill.drill import Answer
from rules.hold import Event, Hold, State
from rules.verdict import Tier
from tests.proxy.channels.mail.postbox import Postbox
from tests.proxy.channels.stage import in_tier_3, reviewing_of
from tests.proxy.console.deciding.test_drilled import a_drill, answered, operational
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

APPROVE, REJECT = {"decision": "approve"}, {"decision": "reject", "reason": "not this one"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A console with mail, and links to it."""

    world: World
    client: httpx2.AsyncClient

    async def path(self, held: Hold, action: Action = READ, *, changes: Any = None) -> str:
        """Where the link of a letter leads."""
        packages = Packages(self.world.reviewing())
        package = await packages.document(held, await packages.facts(held, action), action)
        link = Link(
            hold_id=held.hold_id,
            digest=held.digest,
            preview=package["preview"],
            reviewer="ada",
            until=held.decide_by.timestamp(),
            nonce="0f",
        )
        link = replace(link, **(changes or {}))
        return f"/channels/mail/{link.hold_id}/{write(link, self.world.sealed.keyring)}"


@pytest.fixture
async def linked(world: World, tmp_path: Path) -> AsyncIterator[Linked]:
    """A console that writes to ada."""
    world = in_tier_3(world)
    mail = Postbox(port=25).settings(tmp_path)
    reviewing = reviewing_of(replace(world, strict=True), Channels(mail=mail))
    async with world.client(token=None, reviewing=reviewing) as client:
        yield Linked(world=world, client=client)


async def test_looking_decides_nothing(linked: Linked) -> None:
    """However often a scanner opens it, and whatever method it tries; it shows the facts and a form."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold)
    for _ in range(3):
        page = await linked.client.get(path)
        assert page.status_code == 200
        assert 'value="approve"' in page.text
        assert "Zo\u00eb" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert (await linked.client.head(path)).status_code == 200
    for query in ("?decision=approve", "?decision=reject&reason=x"):
        await linked.client.get(path + query)
    assert await linked.world.state(hold) is State.PENDING


@pytest.mark.parametrize(("form", "state"), [(APPROVE, State.APPROVED), (REJECT, State.REJECTED)])
async def test_a_button_decides_once(linked: Linked, form: dict[str, str], state: State) -> None:
    """As the reviewer whom the letter was for; after that the link is of no use."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold)
    done = await linked.client.post(path, data=form)
    assert done.status_code == 200
    found = await linked.world.store.find(hold.hold_id)
    assert found
    assert (found.state, found.decided_by) == (state, "ada")
    for again in (await linked.client.post(path, data=APPROVE), await linked.client.get(path)):
        assert again.status_code == 410
        assert "has been used" in again.text


@pytest.mark.parametrize(("form", "answer"), [(APPROVE, Answer.APPROVED), (REJECT, Answer.REJECTED)])
async def test_a_drill(linked: Linked, form: dict[str, str], answer: Answer) -> None:
    """Its page is that of a hold; the one decision ends it, and is answered with what it was."""
    world = linked.world
    drill = await a_drill(world, tier=Tier.EXTERNAL)
    before, action = operational(world), await world.reviewing().action(drill)
    assert isinstance(action, Action)
    path = await linked.path(drill, action)
    page = (await linked.client.get(path)).text
    assert 'value="approve"' in page
    assert "a drill" not in page.partition("</main>")[0]
    done = await linked.client.post(path, data=form)
    assert done.status_code == 200
    assert "was a drill, which can never run" in done.text
    assert "What made it a drill" in done.text
    found = await world.store.find(drill.hold_id)
    assert found
    assert (found.state, found.drill_answer, found.decided_by) == (State.DRILLED, answer, "ada")
    assert (answered(world, answer), operational(world)) == (1, before)
    assert (await linked.client.post(path, data=form)).status_code == 410


async def test_expired(linked: Linked) -> None:
    """410, and nothing is decided."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold, changes={"until": linked.world.clock().timestamp() - 1})
    for answer in (await linked.client.get(path), await linked.client.post(path, data=APPROVE)):
        assert answer.status_code == 410
        assert "time is over" in answer.text
    assert await linked.world.state(hold) is State.PENDING


@pytest.mark.parametrize("who", ["bob", "mallory", "operator"])
async def test_another_reviewer(linked: Linked, who: str) -> None:
    """A link for somebody who is not written to is not heard."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold, changes={"reviewer": who})
    assert (await linked.client.get(path)).status_code == 403
    assert (await linked.client.post(path, data=APPROVE)).status_code == 403
    assert await linked.world.state(hold) is State.PENDING


async def test_tier_4_is_not_decided_here(linked: Linked) -> None:
    """Whatever a link says."""
    hold = await linked.world.hold(READ, tier=Tier.HIGH_RISK)
    path = await linked.path(hold)
    for form in (APPROVE, REJECT):
        assert (await linked.client.post(path, data=form)).status_code == 403
    assert await linked.world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"preview": "0" * 64}, 409),
        ({"digest": "0" * 64}, 409),
        ({"hold_id": "01JZZZZZZZZZZZZZZZZZZZZZZZ"}, 404),
    ],
    ids=["preview", "digest", "gone"],
)
async def test_not_what_was_shown(linked: Linked, changes: dict[str, object], status: int) -> None:
    """What has changed since the letter is not approved by it."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold, changes=changes)
    if "preview" in changes:
        page = await linked.client.get(path)
        assert 'value="approve"' not in page.text
        assert f'href="/holds/{hold.hold_id}"' in page.text
    assert (await linked.client.post(path, data=APPROVE)).status_code == status
    assert await linked.world.state(hold) is State.PENDING


async def test_somebody_was_faster(linked: Linked) -> None:
    """The page says how it stands, and its form is refused."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold)
    await linked.world.store.step(hold, Event.CANCEL)
    page = await linked.client.get(path)
    assert "<form" not in page.text
    assert "taken back" in page.text
    assert (await linked.client.post(path, data=APPROVE)).status_code == 409


@pytest.mark.parametrize(
    "form",
    [
        *({}, {"decision": "yes"}, {"decision": "reject"}, {"decision": "reject", "reason": "a\nb"}),
        {"decision": "approve", "who": "bob"},
    ],
)
async def test_odd_forms(linked: Linked, form: dict[str, str]) -> None:
    """Are refused, and the link is still of use."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold)
    assert (await linked.client.post(path, data=form)).status_code in (400, 415)
    assert (await linked.client.post(path, data=APPROVE)).status_code == 200


@pytest.mark.parametrize("written", ["x", "A" * 300, "%00", "A" * 3000])
async def test_what_is_no_link(linked: Linked, written: str) -> None:
    """403, in words on a page."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    answer = await linked.client.get(f"/channels/mail/{hold.hold_id}/{written}")
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_seal_of_another_hold(linked: Linked) -> None:
    """A letter about one hold says nothing of another."""
    held = [await linked.world.hold(READ, tier=Tier.EXTERNAL) for _ in range(2)]
    paths = [await linked.path(hold) for hold in held]
    path = paths[0].replace(held[0].hold_id, held[1].hold_id)
    for answer in (await linked.client.get(path), await linked.client.post(path, data=APPROVE)):
        assert answer.status_code == 403
        assert "no letter has this link" in answer.text
    assert {await linked.world.state(hold) for hold in held} == {State.PENDING}
    assert (await linked.client.post(paths[0], data=APPROVE)).status_code == 200


async def test_a_page_of_another_origin(linked: Linked) -> None:
    """Cannot have a browser send the form."""
    hold = await linked.world.hold(READ, tier=Tier.EXTERNAL)
    path = await linked.path(hold)
    sent = await linked.client.post(path, data=APPROVE, headers={"Origin": "https://evil.example"})
    assert sent.status_code == 403
    assert await linked.world.state(hold) is State.PENDING


async def test_without_mail(world: World) -> None:
    """There are no links."""
    async with world.client(token=None) as client:
        assert (await client.get("/channels/mail/01X/x")).status_code == 404


async def test_hostile_facts(linked: Linked) -> None:
    """Nothing of a call acts or hides on the page."""
    action = replace(READ, body='{"to": "<script>alert(1)</script>\u202e"}'.encode())
    hold = await linked.world.hold(action, tier=Tier.EXTERNAL)
    page = (await linked.client.get(await linked.path(hold, action))).text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert 'value="approve"' not in page
