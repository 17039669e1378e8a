"""Tests that a decision is taken in one place: the API and the pages are refused alike."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import httpx2
import pytest

import proxy.console
from proxy.console.deciding.deciding import Deciding
from proxy.console.problem import Problem
from proxy.console.reading.seen import Named
from rules.action import Action
from rules.hold import Event, Hold, Resolution, State
from rules.reviewer import Reviewer
from tests.proxy.console.pages.browser import READ, Browser, posting
from tests.proxy.console.world import World

_CONSOLE = Path(proxy.console.__file__).parent
_ADA = Reviewer(name="ada")
OTHER = "0" * 64
LONG = posting(b'{"memo": "' + b"x" * 5000 + b'"}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """One reviewer at both of them."""

    world: World
    api: httpx2.AsyncClient
    browser: Browser

    async def shown(self, hold: Hold) -> dict[str, str]:
        """What an approval of `hold` has to name."""
        package = (await self.api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["package"]
        return {"digest": hold.digest, "preview": package["preview"] if package else OTHER}

    async def by_api(self, hold: Hold, verb: str, members: dict[str, str]) -> httpx2.Response:
        """Decide as a script does."""
        return await self.api.post(f"/api/holds/{hold.hold_id}/{verb}", json=members)

    async def by_page(self, hold: Hold, verb: str, members: dict[str, str]) -> httpx2.Response:
        """Decide as somebody in a browser does, who may send what the page does not offer."""
        csrf = Browser.form_of((await self.browser.get("/rules")).text, "/rules")["csrf"]
        return await self.browser.client.post(f"/holds/{hold.hold_id}/{verb}", data={"csrf": csrf, **members})


@pytest.fixture
async def both(world: World) -> AsyncIterator[Surfaces]:
    """A console that wants previews, as one does unless configured otherwise."""
    strict = replace(world, strict=True)
    browser = Browser(strict)
    await browser.log_in()
    async with strict.client() as api:
        yield Surfaces(world=strict, api=api, browser=browser)
    await browser.client.aclose()


async def untouched(_world: World, _hold: Hold) -> None:
    """Leave the hold as it is."""


async def spoilt(world: World, hold: Hold) -> None:
    """Write over its contents."""
    await world.spoil(hold, "sealed", b"x" * 300)


async def rejected(world: World, hold: Hold) -> None:
    """Have somebody else reject it."""
    await world.store.step(hold, Event.REJECT, fields={"decided_by": b"bob", "decision_reason": b"no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An approval that is none, and the API's word for why."""

    why: str
    said: dict[str, str]
    action: Action = READ
    before: Callable[[World, Hold], Awaitable[None]] = untouched


REFUSALS = {
    "stale digest": Refusal(why="digest", said={"digest": OTHER}),
    "digest in capitals": Refusal(why="digest", said={"digest": READ.digest.upper()}),
    "wrong preview": Refusal(why="preview", said={"preview": OTHER}),
    "unseen part": Refusal(why="unseen", said={}, action=LONG),
    "changed contents": Refusal(why="integrity", said={}, before=spoilt),
    "decided already": Refusal(why="state", said={}, before=rejected),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_both_are_refused_alike(both: Surfaces, case: str) -> None:
    """With the same status and the same words, and nothing is changed or counted."""
    refusal = REFUSALS[case]
    hold = await both.world.hold(refusal.action)
    said = await both.shown(hold) | refusal.said
    await refusal.before(both.world, hold)
    state = await both.world.state(hold)
    api, page = await both.by_api(hold, "approve", said), await both.by_page(hold, "approve", said)
    assert (api.status_code, page.status_code) == (409, 409)
    assert api.json()["why"] == refusal.why
    assert api.json()["detail"] in unescape(page.text)
    assert await both.world.state(hold) is state
    steps = "sidegate_hold_transitions_total"
    assert both.world.metrics.registry.get_sample_value(steps, {"event": "approve"}) == 0


@pytest.mark.parametrize("surface", ["by_api", "by_page"])
async def test_what_was_shown_is_approved_by_either(both: Surfaces, surface: str) -> None:
    """With what refuses nothing, so that the refusals above are for what they say."""
    hold = await both.world.hold(READ)
    response = await getattr(both, surface)(hold, "approve", await both.shown(hold))
    assert response.status_code in (200, 303)
    found = await both.world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decided_by) == (State.APPROVED, "ada")
    assert found.decision


async def test_of_both_at_once_one_decides(both: Surfaces) -> None:
    """A page and a script of one person that approve the same hold do so once, and both are told so."""
    hold = await both.world.hold(READ)
    said = await both.shown(hold)
    tries = [decide(hold, "approve", said) for decide in (both.by_api, both.by_page) * 4]
    assert {answer.status_code for answer in await asyncio.gather(*tries)} == {200, 303}
    steps = "sidegate_hold_transitions_total"
    assert both.world.metrics.registry.get_sample_value(steps, {"event": "approve"}) == 1


DECISIONS: dict[str, Callable[[Deciding, str], Awaitable[Hold]]] = {
    "approve": lambda to, hold_id: to.approve(
        hold_id, who=_ADA, digest=READ.digest, named=Named(preview=None, viewed=frozenset())
    ),
    "reject": lambda to, hold_id: to.reject(hold_id, who=_ADA, reason="no"),
    "respond": lambda to, hold_id: to.respond(hold_id, who=_ADA, answer="no"),
    "undo": lambda to, hold_id: to.undo(hold_id, who=_ADA),
    "cancel": lambda to, hold_id: to.cancel(hold_id, who=_ADA, reason="no"),
    "ask again": lambda to, hold_id: to.ask_again(hold_id, who=_ADA),
    "resolve": lambda to, hold_id: to.resolve(
        hold_id, Resolution.EXECUTED, who=_ADA, reason="seen", digest=None
    ),
}


@pytest.mark.parametrize("verb", DECISIONS)
@pytest.mark.parametrize(
    "hold_id",
    ["", "01JZZZZZZZZZZZZZZZZZZZZZZZ", "*", "a\x00b", "}:kill", "\udc80", "0" * 5000],
    ids=["empty", "unknown", "star", "zero", "key", "surrogate", "long"],
)
async def test_there_is_nothing_to_decide(world: World, verb: str, hold_id: str) -> None:
    """Whatever is given for a hold, one that is not there is not decided."""
    with pytest.raises(Problem) as raised:
        await DECISIONS[verb](Deciding(world.reviewing()), hold_id)
    assert raised.value.status == 404


async def test_sending_again_needs_the_digest_of_what_would_run(world: World) -> None:
    """Also where a caller of this place forgets to ask for it."""
    hold = await world.hold(READ)
    for event in (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE):
        hold = await world.store.step(hold, event, fields={"decided_by": b"ada"})
    for digest in (None, "", OTHER):
        with pytest.raises(Problem) as raised:
            await Deciding(world.reviewing()).resolve(
                hold.hold_id, Resolution.TRY_AGAIN, who=_ADA, reason="looked", digest=digest
            )
        assert raised.value.members["why"] == "digest"
    assert await world.state(hold) is State.OUTCOME_UNKNOWN


def test_no_other_place_of_the_console_changes_a_hold() -> None:
    """A surface that stepped a hold by itself would go past everything that is checked here."""
    stepping = {
        path.relative_to(_CONSOLE).as_posix()
        for path in _CONSOLE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "step"
    }
    assert stepping == {"deciding/deciding.py", "deciding/drilled.py"}
