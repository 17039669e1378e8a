"""Records of reads: written once, opened by their own hold only."""

import pytest

from proxy.drift.shots import Shots, shown
from proxy.keys.seal import SealError
from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Shot
from rules.hold import Event
from tests.proxy.replays import Replays, action_to

READ = Read(subject=Subject.RESOURCE, place=Place(scheme="https", host="x.test", port=443, target="/a"))
SHOT = Shot(read=READ, shown=Image(there=True, sha256="0" * 64, text='{"a": 1}'))
LATER = Shot(read=READ, shown=Image(there=True, sha256="1" * 64, text='{"a": 2}'))
UNREAD = Shot(read=READ, shown="the upstream answers 500")


async def test_the_first_record_stays(replays: Replays) -> None:
    """What was read first is what counts, gaps included."""
    shots = Shots(replays.store, replays.world.sealed)
    hold = await replays.world.hold(action_to(9), probed=True)
    assert await shots.before(hold) is None
    assert await shots.keep(hold, [SHOT, UNREAD])
    assert not await shots.keep(hold, [LATER])
    assert await shots.before(hold) == (SHOT, UNREAD)
    assert shown([SHOT, UNREAD]) == [SHOT]


async def test_what_had_moved_is_told_from_both_records(replays: Replays) -> None:
    """With its values, for reviewers; nothing where the hold was not refused for it."""
    shots = Shots(replays.store, replays.world.sealed)
    hold = await replays.approved(action_to(9))
    await shots.keep(hold, [UNREAD, SHOT])
    assert await shots.drifted(hold) == ()
    claimed = await replays.store.step(hold, Event.CLAIM)
    await replays.store.step(claimed, Event.DRIFT, fields=shots.refusal(claimed, [LATER]))
    [drift] = await shots.drifted(hold)
    [change] = drift.changes
    assert (change.path, change.before, change.after) == ("a", "1", "2")


async def test_a_record_belongs_to_its_hold(replays: Replays) -> None:
    """That of another hold, or another part of the same one, does not open."""
    shots = Shots(replays.store, replays.world.sealed)
    one, other = [await replays.world.hold(action_to(9), probed=True) for _ in range(2)]
    await shots.keep(one, [SHOT])
    record = await replays.store.sealed(one.hold_id, part="snapshot")
    assert record is not None
    await replays.world.spoil(other, "snapshot", record)
    with pytest.raises(SealError):
        await shots.before(other)
    await replays.world.spoil(one, "drift", record)
    with pytest.raises(SealError):
        await shots.drifted(one)
