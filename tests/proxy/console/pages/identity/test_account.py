"""One's own account, and decisions with a second factor on the pages."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from proxy.console.app import create
from proxy.console.pages.identity.account import FRESH
from proxy.console.people.entry import ConsoleEntry, StepUp
from proxy.console.people.factors.codes import code_at
from proxy.console.people.factors.proving import CHALLENGE_LASTS
from rules.hold import Hold, State
from tests.proxy.console.pages.browser import READ, Browser
from tests.proxy.console.people.factors.device import Device
from tests.proxy.console.world import World


class Person(Browser):
    """Bob at `localhost`, where browsers have passkeys."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world
        transport = httpx2.ASGITransport(create(world.reviewing()), raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(
            transport=transport,
            base_url="http://localhost:8081",
            headers={"Origin": "http://localhost:8081"},
        )

    async def csrf(self) -> dict[str, str]:
        """What every form of a page has."""
        return self.form_of((await self.get("/account")).text, "/logout")

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form."""
        return await self.client.post(path, data={**await self.csrf(), **fields})

    async def set_up_codes(self) -> str:
        """Follow the page; gives the secret."""
        page = (await self.post("/account/code/begin")).text
        found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
        assert found
        assert f"secret={found[1]}" in page
        assert (await self.post("/account/code", code=self.code(found[1]))).status_code == 303
        return found[1]

    def code(self, secret: str) -> str:
        """What the device shows now."""
        return code_at(secret, int(self.world.clock().timestamp()) // 30)

    async def add_passkey(self, device: Device, **fields: str) -> httpx2.Response:
        """Follow the script."""
        options = (await self.post("/account/passkey/offer")).json()
        return await self.post("/account/passkey", passkey=device.create(options), **fields)

    async def approve(self, hold: Hold, **fields: str) -> httpx2.Response:
        """Send the form of the hold's page."""
        page = (await self.get(f"/holds/{hold.hold_id}")).text
        hidden = self.form_of(page, f"/holds/{hold.hold_id}/approve")
        return await self.client.post(f"/holds/{hold.hold_id}/approve", data={**hidden, **fields})


@pytest.fixture
async def bob(world: World, tmp_path: Path) -> AsyncIterator[Person]:
    """Give somebody who is logged in where tier 4 needs a second factor."""
    entry = ConsoleEntry(step_up=StepUp(tiers=(4,)))
    made = Person(replace(world, folder=tmp_path, entry=entry))
    assert (await made.log_in("bob")).status_code == 303
    yield made
    await made.client.aclose()


async def test_codes_are_set_up_and_approve(bob: Person) -> None:
    """The page says that it needs one, offers a field once there are codes, and takes each once."""
    hold = await bob.world.hold(READ)
    before = (await bob.get(f"/holds/{hold.hold_id}")).text
    assert "set it up in your account" in before
    assert (await bob.approve(hold)).status_code == 403
    secret = await bob.set_up_codes()
    assert 'id="code-approve"' in (await bob.get(f"/holds/{hold.hold_id}")).text
    used = await bob.approve(hold, code=bob.code(secret))
    assert used.status_code == 403
    assert "was used" in used.text
    bob.world.clock.moment += timedelta(seconds=30)
    assert (await bob.approve(hold, code=bob.code(secret))).status_code == 303
    assert await bob.world.state(hold) is State.APPROVED


async def test_a_passkey_approves(bob: Person) -> None:
    """It signs what was made for this hold, once."""
    device, hold, other = Device(), await bob.world.hold(READ), await bob.world.hold(READ)
    assert (await bob.add_passkey(device, label="key on my desk")).status_code == 303
    assert "key on my desk" in (await bob.get("/account")).text
    options = (await bob.post(f"/holds/{hold.hold_id}/passkey")).json()
    said = device.get(options)
    wrong = await bob.approve(other, passkey=said)
    assert wrong.status_code == 403
    assert "was not asked for this decision" in wrong.text
    assert (await bob.approve(hold, passkey=said)).status_code == 303
    assert (await bob.approve(other, passkey=said)).status_code == 403
    assert (await bob.world.state(hold), await bob.world.state(other)) == (State.APPROVED, State.PENDING)


async def test_a_proof_of_another_session_or_of_before(bob: Person, world: World) -> None:
    """A challenge is of one session, and lasts two minutes."""
    device, hold = Device(), await bob.world.hold(READ)
    await bob.add_passkey(device)
    path = f"/holds/{hold.hold_id}/passkey"
    said = device.get((await bob.post(path)).json())
    assert (await bob.log_in("bob")).status_code == 303
    assert (await bob.approve(hold, passkey=said)).status_code == 403
    said = device.get((await bob.post(path)).json())
    world.clock.moment += CHALLENGE_LASTS
    assert (await bob.approve(hold, passkey=said)).status_code == 403
    assert (await bob.approve(hold, passkey="{}")).status_code == 403
    assert await bob.world.state(hold) is State.PENDING


async def test_factors_are_set_up_right_after_a_login(bob: Person) -> None:
    """A session that lies about adds none."""
    bob.world.clock.moment += FRESH
    for path in ("/account/code/begin", "/account/code", "/account/passkey/offer", "/account/passkey"):
        answer = await bob.post(path)
        assert answer.status_code == 403
        assert "log out and in again" in answer.text


async def test_a_passkey_besides_codes_needs_one(bob: Person) -> None:
    """Whoever has the session alone adds nothing."""
    secret = await bob.set_up_codes()
    assert (await bob.add_passkey(Device())).status_code == 403
    bob.world.clock.moment += timedelta(seconds=30)
    assert (await bob.add_passkey(Device(), code=bob.code(secret))).status_code == 303
    assert (await bob.post("/account/code/begin")).status_code == 409


async def test_removing_ones_own_takes_a_code(bob: Person) -> None:
    """Then there are none."""
    secret = await bob.set_up_codes()
    assert (await bob.post("/account/factors/remove", code="000000")).status_code == 403
    bob.world.clock.moment += timedelta(seconds=30)
    assert (await bob.post("/account/factors/remove", code=bob.code(secret))).status_code == 303
    assert "You have none." in (await bob.get("/account")).text


WRONG = {
    "no secret was shown": ("/account/code", {"code": "123456"}, 409),
    "no passkey was asked for": ("/account/passkey", {"passkey": "{}"}, 403),
    "a name of two lines": ("/account/passkey", {"passkey": "{}", "label": "a\nb"}, 400),
    "an endless name": ("/account/passkey", {"passkey": "{}", "label": "x" * 41}, 400),
    "an unknown field": ("/account/code", {"secret": "A" * 32}, 400),
    "a hold that is not there": ("/holds/01JZZZZZZZZZZZZZZZZZZZZZZZ/passkey", {}, 404),
}


@pytest.mark.parametrize("case", WRONG)
async def test_wrong_use(bob: Person, case: str) -> None:
    """Exact answers; nothing is set up."""
    path, fields, status = WRONG[case]
    assert (await bob.post(path, **fields)).status_code == status
    assert "You have none." in (await bob.get("/account")).text


async def test_a_wrong_first_code_sets_up_nothing(bob: Person) -> None:
    """The secret that was shown is forgotten with it."""
    await bob.post("/account/code/begin")
    assert (await bob.post("/account/code", code="000000")).status_code == 403
    assert (await bob.post("/account/code", code="000000")).status_code == 409


async def test_no_passkeys_under_an_address(browser: Browser, world: World) -> None:
    """Browsers have none there; the page says so."""
    text = (await browser.get("/account")).text
    assert "or at <code>localhost</code>" in text
    form = Browser.form_of(text, "/logout")
    assert (await browser.client.post("/account/passkey/offer", data=form)).status_code == 409


async def test_a_hold_without_passkeys(bob: Person) -> None:
    """Nothing is asked of a browser that has nothing to answer with."""
    hold = await bob.world.hold(READ)
    assert (await bob.post(f"/holds/{hold.hold_id}/passkey")).status_code == 409


async def test_logging_out_elsewhere(bob: Person) -> None:
    """One other place, or all of them; this one stays."""
    others = [Browser(bob.world) for _ in range(3)]
    for other in others:
        other.client._transport = bob.client._transport
        await other.log_in("bob")
    page = (await bob.get("/account")).text
    labels = re.findall(r'name="session" value="([0-9a-f]+)"', page)
    assert len(labels) == 3
    assert (await bob.post("/account/sessions", session=labels[0])).status_code == 303
    assert sorted([(await other.get("/holds")).status_code for other in others]) == [200, 200, 303]
    assert (await bob.post("/account/sessions")).status_code == 303
    assert {(await other.get("/holds")).status_code for other in others} == {303}
    assert (await bob.get("/account")).status_code == 200
    for other in others:
        await other.client.aclose()


async def test_somebody_elses_session_is_not_ended(bob: Person) -> None:
    """Whatever label is sent."""
    ada = Browser(bob.world)
    ada.client._transport = bob.client._transport
    await ada.log_in("ada")
    text = (await bob.get("/account")).text
    for label in ("", "x", json.dumps("x"), *re.findall(r"[0-9a-f]{16}", text)):
        await bob.post("/account/sessions", session=label)
    assert (await ada.get("/holds")).status_code == 200
    await ada.client.aclose()
