"""Somebody writes into the store where there are grants: nothing runs but what a lead has let run.

Grants are forged, widened, prolonged, exchanged, brought back and used more often than they may, in a real
store, before the real console looks at new holds and before the real worker runs them.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.grants.kept import Known
from proxy.keys.seal import Seal
from proxy.keys.signing import Signer
from rules.granting.grant import CallGrant
from rules.granting.likeness import Likeness
from rules.hold import Event, State
from tests.acceptance.authority import Authority
from tests.proxy.granted import Office, office

OTHER = b"o" * 32


@pytest.fixture
async def desk(redis_url: str, authority: Authority, tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office of its own."""
    async with office(redis_url, authority, tmp_path) as made:
        yield made


async def plant(desk: Office, grant: CallGrant, *, signer: Signer | None = None, key: bytes = b"") -> None:
    """Write a grant as the console would, with another's hand and another's seal where these are given."""
    grants = replace(desk.reviewing.grants, signer=signer or desk.world.signer)
    assert await grants.add(grant)
    if key:
        signed = (signer or desk.world.signer).signed_grant(grant)
        name = f"grant:{grant.grant_id}"
        sealed = Seal(key, domain=desk.world.domain).close(signed, bound_to={"part": name})
        await desk.world.redis.hset(desk.key(name), "signed", sealed.hex())


async def stored(desk: Office, grant: CallGrant) -> dict[Any, Any]:
    """All that is kept of it."""
    found: dict[Any, Any] = await desk.world.redis.hgetall(desk.key(f"grant:{grant.grant_id}"))
    return found


async def wide(desk: Office) -> CallGrant:
    """A grant of the lead's, for something else than what is asked for then."""
    return (await desk.grant(await desk.hold(desk.action(target="/notes/1/shares")))).grant


async def one_byte(desk: Office, grant: CallGrant) -> None:
    """Of what is kept."""
    kept = (await stored(desk, grant))[b"signed"]
    for at in range(0, len(kept), len(kept) // 7):
        changed = kept[:at] + (b"0" if kept[at : at + 1] != b"0" else b"1") + kept[at + 1 :]
        await desk.world.redis.hset(desk.key(f"grant:{grant.grant_id}"), "signed", changed)
        await nothing_runs(desk)


async def by_another_hand(desk: Office, grant: CallGrant) -> None:
    """Whoever has the seal's key and not the console's."""
    alike = replace(grant.likeness, **asked_for())
    await plant(desk, replace(grant, likeness=alike), signer=Signer(key=OTHER, domain=desk.world.domain))


async def under_another_seal(desk: Office, grant: CallGrant) -> None:
    """Whoever has neither."""
    await plant(desk, grant, signer=Signer(key=OTHER, domain=desk.world.domain), key=OTHER)


async def of_another_domain(desk: Office, grant: CallGrant) -> None:
    """The same console signs for it."""
    alike = replace(grant.likeness, **asked_for())
    signer = replace(desk.world.signer, domain="elsewhere")
    await plant(desk, replace(grant, likeness=alike), signer=signer)


async def under_its_signature(desk: Office, grant: CallGrant) -> None:
    """A real signature, and a statement that says more."""
    signed = desk.world.signer.signed_grant(grant)
    members = json.loads(signed[128:]) | asked_for()
    forged = signed[:128] + json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
    name = f"grant:{grant.grant_id}"
    sealed = desk.world.sealed.keyring.seals[0].close(forged, bound_to={"part": name})
    await desk.world.redis.hset(desk.key(name), "signed", sealed.hex())


async def a_decision_for_a_grant(desk: Office, grant: CallGrant) -> None:
    """The console has signed other things."""
    hold = await desk.hold(desk.action(target="/notes/2"))
    decision = desk.reviewing.decision(hold, Event.REJECT, who=desk.person("ada"), reason="no")["decision"]
    name = f"grant:{grant.grant_id}"
    sealed = desk.world.sealed.keyring.seals[0].close(decision, bound_to={"part": name})
    await desk.world.redis.hset(desk.key(name), "signed", sealed.hex())


def asked_for() -> dict[str, Any]:
    """The shape of what is asked for then."""
    return {"shape": "note POST localhost/notes/*"}


async def nothing_runs(desk: Office) -> None:
    """A call comes, the console looks, the worker tries."""
    hold = await desk.came()
    assert await desk.run(hold) == 0
    assert await desk.stands(hold, State.PENDING)


FORGERIES = (
    one_byte,
    by_another_hand,
    under_another_seal,
    of_another_domain,
    under_its_signature,
    a_decision_for_a_grant,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=[forge.__name__ for forge in FORGERIES])
async def test_a_grant_that_nobody_gave(
    desk: Office, forge: Callable[[Office, CallGrant], Awaitable[None]]
) -> None:
    """It is no grant, and somebody is told."""
    await forge(desk, await wide(desk))
    await nothing_runs(desk)
    assert desk.world.metrics.registry.get_sample_value("sidegate_integrity_failures_total")


async def test_what_is_asked_for_would_be_covered(desk: Office) -> None:
    """So what does not run above does not run because of what was forged."""
    grant = await wide(desk)
    await plant(desk, replace(grant, likeness=replace(grant.likeness, **asked_for())))
    assert await desk.run(await desk.came()) == 1


async def test_a_real_grant_under_another_ones_name(desk: Office) -> None:
    """What was taken back is not brought back under a fresh name."""
    old, fresh = (await desk.grant()).grant, await wide(desk)
    await desk.reviewing.grants.revoke(known := await known_of(desk, old), who="ada")
    assert known.grant == old
    for name, value in (await stored(desk, old)).items():
        await desk.world.redis.hset(desk.key(f"grant:{fresh.grant_id}"), name, value)
    await desk.world.redis.hdel(desk.key(f"grant:{fresh.grant_id}"), "revoked")
    await nothing_runs(desk)


async def known_of(desk: Office, grant: CallGrant) -> Known:
    """It as it stands."""
    found = await desk.reviewing.grants.find(grant.grant_id)
    assert found is not None
    return found


async def test_one_that_was_taken_back_is_written_anew(desk: Office) -> None:
    """This machine knows that it was, whatever the store says."""
    grant = (await desk.grant()).grant
    kept = await stored(desk, grant)
    await desk.reviewing.grants.revoke(await known_of(desk, grant), who="ada")
    await desk.world.redis.delete(desk.key(f"grant:{grant.grant_id}"))
    await desk.world.redis.hset(desk.key(f"grant:{grant.grant_id}"), mapping=kept)
    await nothing_runs(desk)


async def test_its_uses_are_wiped_out(desk: Office) -> None:
    """Neither forgotten uses nor other holds' names in their place let more run than was granted."""
    grant = (await desk.grant(count=2)).grant
    for _ in range(2):
        await desk.run(await desk.came())
    await desk.world.redis.delete(desk.key(f"grant-uses:{grant.grant_id}"))
    hold = await desk.came()
    assert await desk.run(hold) == 2
    assert await desk.stands(hold, State.PENDING)


async def test_its_end_is_put_off(desk: Office) -> None:
    """The index and the keys' own ends say nothing: the signature does."""
    grant = (await desk.grant(time=timedelta(minutes=1))).grant
    desk.world.clock.moment += timedelta(minutes=2)
    await desk.world.redis.zadd(desk.key("grants"), {grant.grant_id: 9_999_999_999_999})
    await desk.world.redis.persist(desk.key(f"grant:{grant.grant_id}"))
    await nothing_runs(desk)


async def test_a_use_is_written_onto_another_hold(desk: Office) -> None:
    """A decision by a grant is about one hold."""
    await desk.grant()
    used = await desk.came()
    hold = await desk.hold(desk.action(target="/notes/1/shares"))
    fields = await desk.world.redis.hgetall(desk.key(f"hold:{used.hold_id}"))
    for name in (b"state", b"run_by", b"decided_by", b"decision_reason", b"decision", b"fence"):
        await desk.world.redis.hset(desk.key(f"hold:{hold.hold_id}"), name.decode(), fields[name])
    await desk.world.redis.zadd(desk.key("approved"), {hold.hold_id: 1})
    assert await desk.run(hold) == 0
    assert (await desk.found(hold)).note.startswith("integrity: ")


async def test_a_use_is_put_back_after_it_ran(desk: Office) -> None:
    """It ran once, and this sidecar has that in writing."""
    await desk.grant()
    hold = await desk.came()
    assert await desk.run(hold) == 1
    await desk.world.redis.hset(desk.key(f"hold:{hold.hold_id}"), "state", "approved")
    await desk.world.redis.zadd(desk.key("approved"), {hold.hold_id: 1})
    assert await desk.run(hold) == 1
    assert await desk.stands(hold, State.OUTCOME_UNKNOWN)


async def test_the_grant_of_a_use_is_exchanged(desk: Office) -> None:
    """Between the decision and its sending, it becomes one for something else."""
    grant = (await desk.grant()).grant
    hold = await desk.came()
    other = replace(grant, likeness=replace(grant.likeness, rule="other"))
    await plant(desk, other)
    assert await desk.run(hold) == 0
    assert (await desk.found(hold)).note == "policy: its grant is for other calls"


async def test_a_worker_that_knows_no_grants(desk: Office) -> None:
    """It runs nothing that was decided by one."""
    await desk.grant()
    hold = await desk.came()
    desk.replayer = replace(desk.replayer, grants=None)
    assert await desk.run(hold) == 0
    assert await desk.stands(hold, State.DRIFT_REFUSED)


@pytest.mark.parametrize("count", [0, 101])
async def test_a_grant_beyond_every_bound_is_none(desk: Office, count: int) -> None:
    """Even a console's own signature over it gives nobody anything."""
    grant = (await desk.grant()).grant
    object.__setattr__(grant, "count", count)
    await plant(desk, grant)
    await nothing_runs(desk)


def test_what_is_signed_covers_every_member() -> None:
    """A member that is added to grants has to be in its statement."""
    assert set(Likeness.__dataclass_fields__) == {"agent", "rule", "policy", "place", "shape", "names"}
    own = {"grant_id", "who", "reason", "hold_id", "likeness", "money", "at", "until", "count"}
    assert set(CallGrant.__dataclass_fields__) == own


async def test_the_agent_cannot_ask_for_one(desk: Office) -> None:
    """Without a reviewer's token there is no such address, and the agent's own words lower nothing."""
    hold = await desk.hold()
    async with desk.world.client(token=None, reviewing=desk.reviewing) as client:
        for method, path in (
            ("POST", f"/api/holds/{hold.hold_id}/grant"),
            ("GET", "/api/grants"),
            ("DELETE", f"/api/grants/{hold.hold_id}"),
        ):
            assert (await client.request(method, path, json={})).status_code == 401
    action = desk.action()
    told = replace(action, fields=(*action.fields, (b"Sidegate-Grant", hold.hold_id.encode())))
    assert (await desk.came(told)).state is State.PENDING
