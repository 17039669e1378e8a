"""Whether a request shows a second factor: over the API, for one decision, once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from proxy.console.people.attempts import MOST_FAILURES
from proxy.console.people.entry import ConsoleEntry, StepUp
from proxy.console.people.factors.codes import code_at
from proxy.console.people.factors.kept import Factors, Kept
from rules.hold import Hold, State
from rules.verdict import Tier
from tests.proxy.console.people.test_asking import standing
from tests.proxy.console.world import TOKENS, World

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def stepping(world: World, tmp_path: Path) -> World:
    """Give a console at which tier 4 needs a second factor, and bob has codes."""
    Kept(tmp_path).change("bob", lambda _: Factors(name="bob", secret=SECRET))
    return replace(world, folder=tmp_path, entry=ConsoleEntry(step_up=StepUp(tiers=(4,))))


def code(world: World, *, ahead: int = 0) -> str:
    """What bob's device shows."""
    return code_at(SECRET, int(world.clock().timestamp()) // 30 + ahead)


async def approve(client: httpx2.AsyncClient, hold: Hold, **more: object) -> httpx2.Response:
    """Say yes to `hold`."""
    return await client.post(f"/api/holds/{hold.hold_id}/approve", json={"digest": hold.digest} | more)


async def test_a_code_approves_once(stepping: World) -> None:
    """Neither it nor an older one approves another hold; the next one does."""
    first, second = await stepping.hold(), await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await approve(bob, first)).json()["type"] == "urn:sidegate:api:step_up"
        assert (await approve(bob, first, code=code(stepping))).status_code == 200
        for ahead in (0, -1):
            answer = await approve(bob, second, code=code(stepping, ahead=ahead))
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:sidegate:api:step_up")
        assert await stepping.state(second) is State.PENDING
        stepping.clock.moment += timedelta(seconds=30)
        assert (await approve(bob, second, code=code(stepping))).status_code == 200


async def test_a_code_is_for_what_it_came_with(stepping: World) -> None:
    """Shown with another digest, it approves nothing and is used up."""
    hold = await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        answer = await approve(bob, hold, digest="0" * 64, code=code(stepping))
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:sidegate:api:step_up")
        assert (await approve(bob, hold, code=code(stepping))).status_code == 403
    assert await stepping.state(hold) is State.PENDING


@pytest.mark.parametrize("wrong", ["", "000000", "12345", "abcdef", "\u0661" * 6, " "])
async def test_wrong_codes(stepping: World, wrong: str) -> None:
    """Each is 403, and the hold waits."""
    hold = await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await approve(bob, hold, code=wrong)).status_code == 403
    assert await stepping.state(hold) is State.PENDING


@pytest.mark.parametrize("odd", [123456, None, ["123456"], {"code": 1}, True], ids=range(5))
async def test_codes_that_are_no_texts(stepping: World, odd: object) -> None:
    """Nothing is approved with them."""
    hold = await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await approve(bob, hold, code=odd)).status_code in (400, 403)
    assert await stepping.state(hold) is State.PENDING


async def test_guessing_ends(stepping: World) -> None:
    """After a few wrong ones even the right one has to wait; another person's is not touched."""
    hold = await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        codes = [(await approve(bob, hold, code="000000")).status_code for _ in range(MOST_FAILURES)]
        assert codes == [403] * MOST_FAILURES
        locked = await approve(bob, hold, code=code(stepping))
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "61")
        stepping.clock.moment += timedelta(minutes=1, seconds=1)
        assert (await approve(bob, hold, code=code(stepping))).status_code == 200


async def test_somebody_elses_code(stepping: World) -> None:
    """It is a factor of its owner."""
    hold = await stepping.hold()
    async with stepping.client(token=TOKENS["ada"]) as ada:
        assert (await approve(ada, hold, code=code(stepping))).status_code == 403


async def test_what_needs_none(stepping: World) -> None:
    """Tier 3, and saying no."""
    harmless, other = await stepping.hold(tier=Tier.EXTERNAL), await stepping.hold()
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await approve(bob, harmless)).status_code == 200
        path = f"/api/holds/{other.hold_id}/reject"
        assert (await bob.post(path, json={"reason": "no"})).status_code == 200


async def test_a_broken_file_proves_nothing(stepping: World) -> None:
    """It fails closed, in words."""
    hold = await stepping.hold()
    (stepping.folder / "factors.json").write_text("{")
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await approve(bob, hold, code=code(stepping))).status_code == 503
    assert await stepping.state(hold) is State.PENDING


async def test_what_became_of_it_needs_one_too(stepping: World) -> None:
    """A word about an unknown outcome binds as an approval does."""
    hold = await standing(stepping, State.OUTCOME_UNKNOWN)
    path, said = f"/api/holds/{hold.hold_id}/resolve", {"outcome": "executed", "reason": "seen"}
    async with stepping.client(token=TOKENS["bob"]) as bob:
        assert (await bob.post(path, json=said)).status_code == 403
        proof = {"digest": hold.digest, "code": code(stepping)}
        assert (await bob.post(path, json=said | proof)).status_code == 200
