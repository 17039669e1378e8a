"""What reviewers say without deciding."""

from datetime import timedelta

import httpx2
import pytest

from proxy.console.deciding.talking import WATCHING, Talking
from proxy.console.problem import Problem
from rules.hold import Event, State
from rules.reviewer import Reviewer
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

ADA, BOB = Reviewer(name="ada"), Reviewer(name="bob")


async def test_a_question_waits_for_its_answer(world: World) -> None:
    """Asked twice it is asked once, and nothing about the hold moves."""
    hold, talking = await world.hold(), Talking(world.reviewing())
    for _ in range(2):
        asked = await talking.ask(hold.hold_id, who=ADA, question="why?")
    assert (asked.asked, asked.state, asked.talk_count) == (True, State.PENDING, 1)


@pytest.mark.parametrize("event", [Event.REJECT, Event.APPROVE])
async def test_what_is_decided_is_not_asked_about(world: World, event: Event) -> None:
    """Nobody waits for the answer."""
    hold = await world.hold()
    await world.store.step(hold, event)
    with pytest.raises(Problem) as raised:
        await Talking(world.reviewing()).ask(hold.hold_id, who=ADA, question="why?")
    assert raised.value.members["why"] == "state"


async def test_an_approval_is_of_what_was_read(world: World, api: httpx2.AsyncClient) -> None:
    """A question, and an answer to it, make whoever has the page open read it again; a comment does not."""
    hold, talking = await world.hold(READ), Talking(world.reviewing())
    preview = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["package"]["preview"]
    await talking.comment(hold.hold_id, who=BOB, text="looks fine")
    same = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["package"]["preview"]
    assert same == preview
    await talking.ask(hold.hold_id, who=BOB, question="why?")
    said = {"digest": READ.digest, "preview": preview}
    answer = await api.post(f"/api/holds/{hold.hold_id}/approve", json=said)
    assert (answer.status_code, answer.json()["why"]) == (409, "preview")


async def test_who_looks_at_it(world: World) -> None:
    """The last one who said so, for a while; only that one can stop."""
    hold, talking = await world.hold(), Talking(world.reviewing())
    watched = await talking.watch(hold.hold_id, who=ADA)
    assert watched.watched_by == "ada"
    assert watched.watched_until is not None
    assert watched.watched_until - watched.created_at >= WATCHING
    assert (await talking.watch(hold.hold_id, who=BOB)).watched_by == "bob"
    nothing = timedelta(0)
    unmoved = await talking.watch(hold.hold_id, who=ADA, until=nothing)
    stopped = await talking.watch(hold.hold_id, who=BOB, until=nothing)
    assert unmoved.watched_until is not None
    assert stopped.watched_until is not None
    assert stopped.watched_until < unmoved.watched_until


async def test_words_that_do_not_open_any_more(world: World) -> None:
    """Nothing is added to what somebody has written over."""
    hold = await world.hold()
    await world.spoil(hold, "talk", b"x" * 100)
    with pytest.raises(Problem) as raised:
        await Talking(world.reviewing()).comment(hold.hold_id, who=ADA, text="hm")
    assert raised.value.members["why"] == "integrity"
