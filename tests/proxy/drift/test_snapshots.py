"""Changes of a real server's resources: read when held, read again when claimed, refused if changed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from proxy.drift.shots import DRIFT, SNAPSHOT, Shots
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.action import Action
from rules.call import HttpCall
from rules.drift.image import MAX_BYTES, Image
from rules.drift.read import reads
from rules.drift.shot import Shot
from rules.headers import Fields
from rules.hold import Event, Hold, State
from rules.message import Message
from rules.normalize import normalize
from tests.acceptance.authority import Authority
from tests.proxy.drafts import PATIENT
from tests.proxy.replays import Replays, action_to, replaying, rules
from tests.proxy.rest import Rest, rest

ITEM = '{"name": "a", "to": {"iban": "x"}, "updated_at": 1, "views": 7}'
PATH = "/items/7"
BODILESS = {"body": b""}


@pytest.fixture(params=[True, False], ids=["etags", "no etags"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Rest]:
    """Run a server that has an item; once with entity tags and once without."""
    with rest(authority.issue(), etags=request.param) as server:
        server.set(PATH, ITEM)
        yield server


@pytest.fixture
def tagging(authority: Authority) -> Iterator[Rest]:
    """Run a server with entity tags that has an item."""
    with rest(authority.issue()) as server:
        server.set(PATH, ITEM)
        yield server


def put(server: Rest, content: object = None, **changes: Any) -> Action:
    """A change of the item."""
    given = {"method": "PUT", "target": PATH, "body": json.dumps(content or {"name": "b"}).encode()}
    return action_to(server.port, **given | changes)


def call_of(action: Action) -> HttpCall:
    """The call that became `action`."""
    message = Message(
        scheme=action.scheme,
        host=action.host,
        port=action.port,
        sni=action.host,
        method=action.method.encode(),
        target=action.target.encode(),
        fields=action.fields,
        body=action.body,
    )
    call = normalize(message)
    assert isinstance(call, HttpCall), call
    return call


async def held(replays: Replays, action: Action, *, live: Fields = (), probed: bool = True) -> Hold:
    """A hold of `action` whose snapshot is recorded, or would be if it had one."""
    hold = await replays.world.hold(action, probed=probed)
    replays.replayer.snapshots.begin(hold, action, reads(call_of(action)), live=live)
    await asyncio.gather(*replays.replayer.snapshots.busy)
    return hold


async def ran(replays: Replays, hold: Hold) -> Hold:
    """What becomes of `hold` once it is approved."""
    return await replays.replayer.run(await replays.world.approve(hold))


async def shots(replays: Replays, hold: Hold) -> tuple[Shot, ...]:
    """What was read for `hold`."""
    recorded = await replays.replayer.snapshots.shots.before(hold)
    assert recorded is not None
    return recorded


CHANGES: dict[str, tuple[str, str | None, str]] = {
    "member": ("PUT", '{"name": "a", "to": {"iban": "EVIL"}, "updated_at": 1, "views": 7}', "`to.iban`"),
    "patched": ("PATCH", '{"name": "c", "to": {"iban": "x"}, "status": 1}', "`name`, `updated_at`"),
    "deleted": ("DELETE", None, "the resource is gone"),
    "another type": ("DELETE", "[]", "the resource"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_changed_meanwhile_is_not_overwritten(replays: Replays, server: Rest, name: str) -> None:
    """The hold ends with the names of what moved, its values sealed, and no write reaches the server."""
    method, after, named = CHANGES[name]
    hold = await held(replays, put(server, method=method))
    if after is None:
        del server.things[PATH]
    else:
        server.set(PATH, after)
    refused = await ran(replays, hold)
    assert refused.state is State.DRIFT_REFUSED
    expected = "`name`, `status`" if name == "patched" else named
    assert refused.note == f"drift: since it was held these have changed: {expected}"
    assert server.count("PUT", "PATCH", "DELETE") == 0
    [drift] = await replays.replayer.snapshots.shots.drifted(refused)
    assert len(drift.changes) == (2 if name == "patched" else 1)
    assert replays.count("sidegate_drift_refusals_total", cause="changed") == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_what_is_unchanged_runs(replays: Replays, server: Rest, method: str) -> None:
    """With our condition where the server gave a tag; a time stamp or a counter is no change."""
    action = put(server, method=method) if method != "DELETE" else put(server, method=method, **BODILESS)
    hold = await held(replays, action)
    server.set(PATH, ITEM.replace('"updated_at": 1, "views": 7', '"updated_at": 2, "views": 8'))
    tag = server.things[PATH].etag
    executed = await ran(replays, hold)
    assert (executed.state, executed.note) == (State.EXECUTED, "")
    assert server.count(method) == 1
    assert server.last(method).headers.get("if-match") == (tag if server.etags else None)
    assert replays.count("sidegate_probes_total", moment="hold", outcome="shown") == 1
    assert replays.count("sidegate_probes_total", moment="claim", outcome="shown") == 1


async def test_a_lost_race(replays: Replays, tagging: Rest) -> None:
    """What changes between the last read and the write: the server refuses, and the hold says that."""
    hold = await held(replays, put(tagging))
    tagging.before_write = lambda: tagging.set(PATH, '{"name": "meanwhile"}')
    refused = await ran(replays, hold)
    assert refused.state is State.DRIFT_REFUSED
    assert refused.note.startswith("drift: the upstream refused it with 412")
    assert tagging.things[PATH].content == b'{"name": "meanwhile"}'
    assert replays.count("sidegate_drift_refusals_total", cause="precondition") == 1


async def test_a_race_that_an_earlier_sending_may_have_won(replays: Replays, tagging: Rest) -> None:
    """Where the same action was sent before, a 412 does not say that nothing ran."""
    hold = await held(replays, put(tagging))
    await replays.world.spoil(hold, "sends", b"01ARZ3NDEKTSV4RRFFQ69G5FAV")
    tagging.before_write = lambda: tagging.set(PATH, '{"name": "meanwhile"}')
    unknown = await ran(replays, hold)
    assert unknown.state is State.OUTCOME_UNKNOWN
    assert unknown.note.startswith("the upstream answered 412 to a repetition")


async def test_the_agents_own_condition_is_its_own(replays: Replays, tagging: Rest) -> None:
    """Its If-Match goes as it is, ours does not join it, and its 412 is an answer like any other."""
    action = put(tagging)
    action = replace(action, fields=(*action.fields, (b"If-Match", b'"old"')))
    executed = await ran(replays, await held(replays, action))
    assert executed.state is State.EXECUTION_ERROR
    assert (await replays.answer(executed)).status == 412
    assert tagging.last("PUT").headers["if-match"] == '"old"'


async def test_what_a_put_makes(replays: Replays, server: Rest) -> None:
    """Nothing there and still nothing there: it runs; made by somebody else meanwhile: it does not."""
    first = await held(replays, put(server, target="/items/8"))
    second = await held(replays, put(server, target="/items/9"))
    server.set("/items/9", "{}")
    assert (await ran(replays, first)).state is State.EXECUTED
    refused = await ran(replays, second)
    assert refused.note.endswith("these have changed: the resource is there now")


def _stalls(server: Rest) -> None:
    server.stalled = True


UNSHOWN: dict[str, tuple[Callable[[Rest], object], str]] = {
    "redirect": (lambda s: s.set(PATH, "", status=302, headers=(("Location", "/items/8"),)), "answers 302"),
    "refused": (lambda s: s.set(PATH, "", status=401), "answers 401"),
    "failing": (lambda s: s.set(PATH, "", status=503), "answers 503"),
    "huge": (lambda s: s.set(PATH, " " * (MAX_BYTES + 1)), "over 1048576 bytes"),
    "endless": (_stalls, "no whole answer came within 3 s"),
}


@pytest.mark.parametrize("name", UNSHOWN)
async def test_what_shows_nothing_when_it_is_held(redis_url: str, authority: Authority, name: str) -> None:
    """The hold says why there is no snapshot; an approval of it runs, without a condition of ours."""
    prepare, why = UNSHOWN[name]
    with rest(authority.issue(), etags=False) as server:
        prepare(server)
        async with replaying(redis_url, authority) as replays:
            hold = await held(replays, put(server))
            [shot] = await shots(replays, hold)
            assert isinstance(shot.shown, str)
            assert why in shot.shown
            assert server.count("GET") == 1
            assert (await ran(replays, hold)).state is State.EXECUTED
            assert "if-match" not in server.last("PUT").headers


@pytest.mark.parametrize("name", ["redirect", "refused", "failing", "huge"])
async def test_what_cannot_be_read_again_is_not_sent(redis_url: str, authority: Authority, name: str) -> None:
    """It is given back with the reason and runs as soon as it can be compared."""
    prepare, why = UNSHOWN[name]
    with rest(authority.issue(), etags=False) as server:
        server.set(PATH, ITEM)
        async with replaying(redis_url, authority) as replays:
            hold = await held(replays, put(server))
            prepare(server)
            back = await ran(replays, hold)
            assert back.state is State.APPROVED
            assert back.note.startswith("not sent: what the action would change cannot be compared")
            assert why in back.note
            assert server.count("PUT") == 0
            server.set(PATH, ITEM)
            assert (await replays.replayer.run(back)).state is State.EXECUTED


async def test_hostile_json_is_compared_by_its_bytes(replays: Replays, server: Rest) -> None:
    """What has two readings has no members here: any change of it counts."""
    server.set(PATH, '{"a": 1, "a": 2, "updated_at": 1}')
    same, other = await held(replays, put(server, target=PATH)), await held(replays, put(server, {"n": 1}))
    server.etags = False
    server.set(PATH, '{"a": 1, "a": 2, "updated_at": 2}')
    for hold in (same, other):
        assert (await ran(replays, hold)).note.endswith("changed: the resource")


async def test_bytes_that_are_no_json(replays: Replays, server: Rest) -> None:
    """A file is compared by its hash."""
    server.set(PATH, b"\x00\xff", media="image/png")
    hold, other = (
        await held(replays, put(server)),
        await held(replays, put(server, method="DELETE", **BODILESS)),
    )
    assert (await ran(replays, hold)).state is State.EXECUTED
    refused = await ran(replays, other)
    assert refused.state is State.DRIFT_REFUSED


async def test_a_draft_is_pinned(replays: Replays, server: Rest) -> None:
    """Who approves that a draft is sent approves the draft as it was."""
    server.set("/drafts/7", '{"to": "a@x.test", "text": "hello", "updatedAt": 1}')
    send = put(server, {}, method="POST", target="/drafts/7/send")
    calm, changed = await held(replays, send), await held(replays, replace(send, body=b"[]"))
    assert (await ran(replays, calm)).state is State.EXECUTED
    server.set("/drafts/7", '{"to": "b@x.test", "text": "hello", "updatedAt": 2}')
    refused = await ran(replays, changed)
    assert (refused.state, refused.note[-4:]) == (State.DRIFT_REFUSED, "`to`")
    assert server.count("POST") == 1


async def test_media_are_pinned_without_credentials(
    redis_url: str, authority: Authority, server: Rest
) -> None:
    """The picture that a message names is read without anything of the agent's, and held by its bytes."""
    with rest(authority.issue(), etags=False) as cdn:
        cdn.set("/a", '{"updated_at": 1}')
        body = {"image_url": f"https://localhost:{cdn.port}/a"}
        async with replaying(redis_url, authority) as replays:
            action = put(server, body, method="POST", target="/messages", credentials=("authorization",))
            hold = await held(replays, action, live=((b"Authorization", b"Bearer t"),))
            cdn.set("/a", '{"updated_at": 2}')
            refused = await replays.replayer.run(
                await replays.world.approve(hold), live=((b"Authorization", b"Bearer t"),)
            )
    assert refused.note.endswith("changed: the payload")
    assert [sorted(one.headers) for one in cdn.heard] == [["accept", "host"]] * 2
    assert server.heard == []


async def test_the_agents_credentials_read_where_no_others_are(replays: Replays, server: Rest) -> None:
    """At the hold with those of the call itself, at the claim with those of its retry."""
    action = put(server, credentials=("authorization",))
    hold = await held(replays, action, live=((b"Authorization", b"Bearer first"),))
    approved = await replays.world.approve(hold)
    await replays.replayer.run(approved, live=((b"Authorization", b"Bearer second"),))
    assert [one.headers["authorization"] for one in server.heard] == [
        "Bearer first",
        "Bearer second",
        "Bearer second",
    ]


HELD = "version: 1\nrules:\n  - {id: r, match: {host: localhost, method: GET}, tier: 3}\n"


async def test_a_read_that_is_not_tier_1_is_not_sent(
    redis_url: str, authority: Authority, server: Rest
) -> None:
    """What needs a human's yes from an agent is not done by ourselves either."""
    async with replaying(redis_url, authority, ruleset=lambda: rules(HELD)) as replays:
        hold = await held(replays, put(server))
        [shot] = await shots(replays, hold)
    assert shot.shown == "reading it is tier 3: rule `r` names this call"
    assert server.heard == []


RULED = """
version: 1
rules:
  - id: payout
    match: {host: localhost, method: POST, path: "/accounts/{id}/payouts"}
    tier: 4
    snapshot: {path: "/accounts/{id}", fields: [iban]}
"""


async def test_a_rules_snapshot(redis_url: str, authority: Authority, server: Rest) -> None:
    """What the rule names is read, and only the fields that it names count."""
    server.set("/accounts/7", '{"iban": "x", "balance": 1}')
    action = put(server, {"amount": 1}, method="POST", target="/accounts/7/payouts")
    async with replaying(redis_url, authority, ruleset=lambda: rules(RULED)) as replays:
        snapshots, holds = replays.replayer.snapshots, []
        for amount in (b"1", b"2"):
            asked = replace(action, body=amount)
            holds.append(await replays.world.hold(asked, probed=True))
            snapshots.begin(holds[-1], asked, snapshots.reads(call_of(asked), "payout"), live=())
        await asyncio.gather(*snapshots.busy)
        server.set("/accounts/7", '{"iban": "x", "balance": 2}')
        assert (await ran(replays, holds[0])).state is State.EXECUTED
        server.set("/accounts/7", '{"iban": "y", "balance": 2}')
        assert (await ran(replays, holds[1])).note.endswith("changed: `iban`")
    assert "if-match" not in server.last("POST").headers


async def test_a_hold_without_its_record_is_not_sent(replays: Replays, server: Rest) -> None:
    """While it may still come, the hold is given back; after that it ends, whoever took the record away."""
    hold = await replays.world.hold(put(server), probed=True)
    back = await ran(replays, hold)
    assert (back.state, back.note) == (State.APPROVED, "not sent: what it would change is still being read")
    later = replace(replays.replayer.snapshots, now=lambda: datetime.now(UTC) + timedelta(minutes=2))
    ended = await replace(replays.replayer, snapshots=later).run(back)
    assert ended.state is State.DRIFT_REFUSED
    assert ended.note.startswith("drift: there is no record of what the action would change")
    assert server.heard == []


SPOILT = {
    "record": (SNAPSHOT, b"x" * 200),
    "no record of reads": ("probed", b""),
    "reads that were not": ("probed", b"1"),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_whoever_writes_to_the_store_cannot_take_the_check_away(
    replays: Replays, server: Rest, name: str
) -> None:
    """Neither the record nor the word that there is one can be changed."""
    hold = await held(replays, put(server), probed=name != "reads that were not")
    field, value = SPOILT[name]
    await replays.world.spoil(hold, field, value)
    ended = await ran(replays, hold)
    assert ended.state is State.DRIFT_REFUSED
    assert ended.note.startswith("integrity: ")
    assert server.count("PUT") == 0


async def test_a_record_is_kept_once(replays: Replays, server: Rest) -> None:
    """The first look counts; a later one, by whomever, changes nothing, and none joins what has ended."""
    hold = await held(replays, put(server))
    before = await replays.store.sealed(hold.hold_id, part=SNAPSHOT)
    assert not await replays.store.keep(hold, part=SNAPSHOT, sealed=b"other")
    assert await replays.store.sealed(hold.hold_id, part=SNAPSHOT) == before
    rejected = await replays.store.step(hold, Event.REJECT)
    assert not await replays.store.keep(rejected, part=DRIFT, sealed=b"other")


class Failing(Store):
    """A store that cannot record the first time."""

    failed = False

    async def keep(self, hold: Hold, *, part: str, sealed: bytes) -> bool:
        """Fail once."""
        if not self.failed:
            self.failed = True
            raise StoreUnavailable("away")
        return await Store.keep(self, hold, part=part, sealed=sealed)


async def test_an_absent_store_is_waited_for(replays: Replays, server: Rest) -> None:
    """What was read is recorded when the store is back."""
    action = put(server)
    hold = await replays.world.hold(action, probed=True)
    store = Failing(replays.world.redis, domain=replays.world.domain, clocks=PATIENT)
    snapshots = replace(replays.replayer.snapshots, shots=Shots(store, replays.world.sealed))
    snapshots.begin(hold, action, reads(call_of(action)), live=())
    await asyncio.gather(*snapshots.busy)
    assert store.failed
    [shot] = await shots(replays, hold)
    assert isinstance(shot.shown, Image)
