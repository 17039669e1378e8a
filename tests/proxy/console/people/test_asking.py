"""Every route, asked by every role, within a scope and outside of it: exact answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from starlette.routing import BaseRoute, Mount, Route

from proxy.console.app import create
from proxy.console.pages.routes import routes
from proxy.console.pages.shell import Shell
from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry, StepUp
from proxy.console.reading.lines import Lines
from rules.authority import ALLOWED, Act
from rules.hold import Event, Hold, State
from rules.reviewer import Role
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import ACTION, TOKENS, World
from tests.rules.calls import compiled


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A route, what it does, and the body that it takes. `state`: how the hold has to stand."""

    act: Act
    body: dict[str, Any] | None = None
    state: State = State.PENDING
    status: int = 200
    form: dict[str, str] = field(default_factory=dict)


API = {
    "GET /api/holds": Asked(act=Act.VIEW),
    "GET /api/holds/{hold_id}": Asked(act=Act.VIEW),
    "GET /api/holds/{hold_id}/content": Asked(act=Act.VIEW),
    "GET /api/holds/{hold_id}/receipt": Asked(act=Act.VIEW),
    "GET /api/kill": Asked(act=Act.VIEW),
    "GET /api/pins": Asked(act=Act.VIEW),
    "POST /api/holds/{hold_id}/approve": Asked(act=Act.APPROVE, body={"digest": "DIGEST"}),
    "POST /api/holds/{hold_id}/reject": Asked(act=Act.REJECT, body={"reason": "no"}),
    "POST /api/holds/{hold_id}/cancel": Asked(act=Act.CANCEL, body={"reason": "no"}),
    "POST /api/holds/{hold_id}/resolve": Asked(
        act=Act.RESOLVE, body={"outcome": "executed", "reason": "seen"}, state=State.OUTCOME_UNKNOWN
    ),
    "POST /api/holds/{hold_id}/ask-again": Asked(act=Act.ASK_AGAIN, body={}, status=409),
    "POST /api/holds/approve": Asked(
        act=Act.APPROVE,
        body={"holds": [{"hold_id": "none", "digest": "DIGEST", "preview": "0" * 64}]},
        status=404,
    ),
    "POST /api/holds/{hold_id}/undo": Asked(act=Act.UNDO, body={}),
    "POST /api/holds/{hold_id}/respond": Asked(act=Act.RESPOND, body={"answer": "no"}),
    "POST /api/holds/{hold_id}/edit": Asked(
        act=Act.EDIT, body={"digest": "DIGEST", "body": {"amount": 1}}, status=409
    ),
    "POST /api/holds/{hold_id}/edit/preview": Asked(
        act=Act.VIEW, body={"digest": "DIGEST", "body": {"amount": 1}}, status=409
    ),
    "POST /api/holds/{hold_id}/ask": Asked(act=Act.ASK, body={"question": "why"}),
    "POST /api/holds/{hold_id}/comment": Asked(act=Act.COMMENT, body={"text": "hm"}),
    "POST /api/holds/{hold_id}/label": Asked(act=Act.LABEL, body={"label": "necessary"}),
    "POST /api/holds/{hold_id}/claim": Asked(act=Act.WATCH, body={}),
    "POST /api/holds/{hold_id}/unclaim": Asked(act=Act.WATCH, body={}),
    "POST /api/kill": Asked(act=Act.KILL, body={"reason": "stop"}),
    "DELETE /api/kill": Asked(act=Act.UNKILL),
    "POST /api/pins/accept": Asked(act=Act.PINS, body={"key": "none", "tools": {}}, status=404),
    "POST /api/holds/{hold_id}/grant": Asked(
        act=Act.GRANT, body={"digest": "DIGEST", "preview": "0" * 64, "reason": "more"}, status=409
    ),
    "GET /api/grants": Asked(act=Act.VIEW),
    "DELETE /api/grants/{grant_id}": Asked(act=Act.GRANT, status=404),
    "GET /api/openapi.json": Asked(act=Act.VIEW),
    "GET /api/passed": Asked(act=Act.VIEW),
    "GET /api/passed/{sample_id}": Asked(act=Act.VIEW, status=404),
    "POST /api/passed/{sample_id}/label": Asked(act=Act.VIEW, body={"label": "right"}, status=404),
    "GET /api/deliveries": Asked(act=Act.CHANNELS),
    "POST /api/deliveries/again": Asked(act=Act.CHANNELS, body={"delivery_id": "none"}, status=404),
    "GET /api/keys": Asked(act=Act.KEYS),
    "POST /api/keys/prepare": Asked(act=Act.KEYS, status=409),
    "POST /api/keys/rotate": Asked(act=Act.KEYS, status=409),
    "POST /api/keys/rewrap": Asked(act=Act.KEYS, body={"cursor": 0}),
}
OF_HOLDS = [route for route in API if "{hold_id}" in route]


def bob(role: Role, **scope: Any) -> ConsoleEntry:
    """Bob with that role and scope."""
    bounds = ScopeEntry.model_validate_json(json.dumps(scope))
    return ConsoleEntry(people=(PersonEntry(name="bob", role=role, scope=bounds, token_file="bob.token"),))


def _routes(found: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in found:
        if isinstance(route, Mount):
            yield from _routes(list(route.routes), prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield f"{method} {prefix}{route.path}"


async def ask(world: World, route: str, *, token: str | None = TOKENS["bob"]) -> httpx2.Response:
    """What the route answers about a hold that stands as it wants it."""
    asked = API[route]
    method, _, path = route.partition(" ")
    hold = await standing(world, asked.state)
    body = json.loads(json.dumps(asked.body).replace("DIGEST", hold.digest))
    query = "?part=body" if path.endswith("/content") else ""
    async with world.client(token=token) as client:
        return await client.request(method, path.replace("{hold_id}", hold.hold_id) + query, json=body)


async def standing(world: World, state: State) -> Hold:
    """A hold in that state."""
    hold = await world.hold()
    if state is State.OUTCOME_UNKNOWN:
        hold = await world.approve(hold)
        for event in (Event.CLAIM, Event.SEND, Event.LOSE):
            hold = await world.store.step(hold, event)
    return hold


async def test_every_route_of_the_api_is_asked_about(world: World) -> None:
    """One that is added has to say who may use it."""
    found = {route for route in _routes(list(create(world.reviewing()).routes)) if " /api/" in route}
    # What never ends is asked about where it is tested.
    assert found == {*API, "GET /api/events"}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", API)
async def test_roles(world: World, route: str, role: Role) -> None:
    """A role does what it may, and is told 403 for the rest."""
    answer = await ask(replace(world, entry=bob(role)), route)
    if API[route].act in ALLOWED[role]:
        assert answer.status_code == API[route].status, answer.text
        return
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sidegate:api:role")
    assert answer.json()["why"] == "role"


@pytest.mark.parametrize("route", API)
async def test_nobody(world: World, route: str) -> None:
    """Without a token it is 401, whatever is asked."""
    for token in (None, "no-such-token-at-all", "sgt_" + "A" * 43):
        answer = await ask(world, route, token=token)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:sidegate:api:unauthenticated")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.LEAD, Role.ADMIN])
@pytest.mark.parametrize("route", OF_HOLDS)
async def test_a_hold_out_of_scope_is_not_there(world: World, route: str, role: Role) -> None:
    """It is told apart in nothing from one that never was, whatever the role."""
    world = replace(world, entry=bob(role, hosts=["other.example"]))
    answer = await ask(world, route)
    assert answer.status_code == 404
    said = answer.json()
    async with world.client(token=TOKENS["bob"]) as client:
        never = (await client.get("/api/holds/01JZZZZZZZZZZZZZZZZZZZZZZZ")).json()
    hold_id = said["detail"].split("`")[1]
    assert said == {**never, "detail": never["detail"].replace("01JZZZZZZZZZZZZZZZZZZZZZZZ", hold_id)}


async def test_lists_leave_out_what_is_hidden(world: World) -> None:
    """Over the API and on the pages; an auditor sees it."""
    hidden = await world.hold()
    shown = await world.hold(replace(ACTION, host="shop.example"))
    scoped = replace(world, entry=bob(Role.REVIEWER, hosts=["*.shop.example", "shop.example"]))
    async with scoped.client(token=TOKENS["bob"]) as client:
        listed = (await client.get("/api/holds?limit=1")).json()
    assert [hold["hold_id"] for hold in listed["holds"]] == [shown.hold_id]
    assert listed["complete"] is True
    browser = Browser(scoped)
    await browser.log_in("bob")
    for path in ("/holds", "/holds/list", "/agents"):
        assert hidden.hold_id not in (await browser.get(path)).text
    assert shown.hold_id in (await browser.get("/holds")).text
    assert 'data-waiting="1"' in (await browser.get("/holds")).text
    for path in (f"/holds/{hidden.hold_id}", f"/holds/{hidden.hold_id}/parts/body"):
        assert (await browser.get(path)).status_code == 404
    await browser.client.aclose()
    async with replace(world, entry=bob(Role.AUDITOR)).client(token=TOKENS["bob"]) as client:
        assert len((await client.get("/api/holds")).json()["holds"]) == 2


async def test_a_damaged_hold_is_hidden_from_whoever_has_a_scope(world: World) -> None:
    """Nobody knows whose host it is; without a scope it can still be rejected."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x")
    path, body = f"/api/holds/{hold.hold_id}/reject", {"reason": "damaged"}
    async with replace(world, entry=bob(Role.REVIEWER, hosts=["bank.example"])).client(
        token=TOKENS["bob"]
    ) as client:
        assert (await client.post(path, json=body)).status_code == 404
    async with replace(world, entry=bob(Role.REVIEWER)).client(token=TOKENS["bob"]) as client:
        assert (await client.post(path, json=body)).status_code == 200


async def test_nobody_approves_what_is_asked_for_them(world: World) -> None:
    """Whoever the agent works for hears why, and may reject."""
    own = replace(ACTION, principal=replace(ACTION.principal, human="Bob"))
    hold = await world.hold(own)
    async with world.client(token=TOKENS["bob"]) as client:
        path = f"/api/holds/{hold.hold_id}"
        answer = await client.post(f"{path}/approve", json={"digest": hold.digest})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:sidegate:api:own_request")
        assert await world.state(hold) is State.PENDING
        assert (await client.post(f"{path}/reject", json={"reason": "mine"})).status_code == 200


PRICED = (
    "rules: [{id: pay, match: {host: bank.example, path: /transfers}, tier: 4, "
    "amount: amount, currency: currency, category: financial}]"
)


@pytest.mark.parametrize(
    ("rules", "body", "status"),
    [
        (PRICED, {"amount": 10, "currency": "EUR"}, 200),
        (PRICED, {"amount": "10.01", "currency": "EUR"}, 403),
        (PRICED, {"amount": 1, "currency": "USD"}, 403),
        (PRICED, {"amount": 1}, 403),
        (PRICED, {"amount": [1], "currency": "EUR"}, 403),
        (PRICED, {"currency": "EUR"}, 403),
        ("rules: []", {"amount": 1, "currency": "EUR"}, 403),
        ("rules: []", {"text": "hello"}, 200),
    ],
    ids=["at the limit", "over", "another currency", "none", "a list", "no amount", "no rule", "no money"],
)
async def test_amounts(world: World, rules: str, body: dict[str, Any], status: int) -> None:
    """A limit is for sums that a rule names for certain; what moves none is not bounded."""
    world = replace(world, ruleset=compiled(rules), entry=bob(Role.REVIEWER, amounts={"EUR": 10}))
    content = (b"Content-Type", b"application/json")
    host = b"bank.example" if "amount" in body or "currency" in body else b"notes.example"
    action = replace(
        ACTION,
        host=host.decode(),
        target="/transfers" if host == b"bank.example" else "/notes",
        fields=((b"Host", host), content),
        body=json.dumps(body).encode(),
    )
    hold = await world.hold(action)
    async with world.client(token=TOKENS["bob"]) as client:
        path = f"/api/holds/{hold.hold_id}/approve"
        answer = await client.post(path, json={"digest": hold.digest})
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["type"] == "urn:sidegate:api:scope"


async def test_tiers(world: World) -> None:
    """A hold of another tier is seen and not decided."""
    world = replace(world, entry=bob(Role.REVIEWER, tiers=[3]))
    for path, status in (("reject", 403), ("cancel", 403)):
        answer = await ask(world, f"POST /api/holds/{{hold_id}}/{path}")
        assert (answer.status_code, answer.json()["type"]) == (status, "urn:sidegate:api:scope")
    assert (await ask(world, "GET /api/holds/{hold_id}")).status_code == 200


async def test_a_second_factor_that_is_missing(world: World) -> None:
    """Approving tier 4 asks for it, and rejecting does not."""
    world = replace(world, entry=ConsoleEntry(step_up=StepUp(tiers=(4,))))
    answer = await ask(world, "POST /api/holds/{hold_id}/approve")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sidegate:api:step_up")
    assert (await ask(world, "POST /api/holds/{hold_id}/reject")).status_code == 200


@pytest.mark.parametrize("role", Role)
async def test_pages_offer_what_may_be_done(world: World, role: Role) -> None:
    """A form that would be refused is not there; one that is sent all the same is refused."""
    world = replace(world, entry=bob(role))
    hold, browser = await world.hold(), Browser(world)
    await browser.log_in("bob")
    page = (await browser.get(f"/holds/{hold.hold_id}")).text
    switch = (await browser.get("/kill")).text
    forms = {
        f"/holds/{hold.hold_id}/cancel": (Act.CANCEL, page, {"reason": "no"}),
        f"/holds/{hold.hold_id}/reject": (Act.REJECT, page, {"reason": "no", "preset": ""}),
        "/kill/on": (Act.KILL, switch, {"reason": "stop"}),
    }
    csrf = Browser.form_of(page, "/logout")
    for path, (act, text, said) in forms.items():
        may = act in ALLOWED[role]
        assert (f'action="{path}"' in text) == may
        if not may:
            answer = await browser.client.post(path, data={**csrf, **said})
            assert answer.status_code == 403
            assert "is not for the role" in answer.text
    assert await world.state(hold) is State.PENDING
    assert await world.store.killed() is None
    assert f'<span class="role">{role}</span>' in page
    await browser.client.aclose()


def test_pages_are_known(world: World) -> None:
    """What the pages do goes through the same functions; each that acts is one of these."""
    acting = {
        route
        for route in _routes(list(routes(Shell(world.reviewing()), Lines(world.reviewing()))))
        if route.startswith("POST")
    }
    assert acting >= {"POST /holds/{hold_id}/approve", "POST /kill/off", "POST /kill/on"}
