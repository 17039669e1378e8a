"""What people say of holds: one word each, counted as it changes."""

from dataclasses import replace

import pytest

from proxy.console.problem import Problem
from proxy.console.quality.labelling import Labelling, read_label
from proxy.quality.labels import Labels
from rules.quality import HoldLabel
from rules.request.strict_json import Json
from rules.reviewer import Reviewer
from tests.proxy.console.world import World

NECESSARY, UNNECESSARY = HoldLabel.NECESSARY, HoldLabel.UNNECESSARY


def counted(world: World, label: HoldLabel) -> tuple[float, float]:
    """How often it was said, and how often taken back."""
    value = world.metrics.registry.get_sample_value
    said = value("sidegate_hold_labels_total", {"label": label})
    withdrawn = value("sidegate_hold_labels_withdrawn_total", {"label": label})
    assert said is not None
    assert withdrawn is not None
    return said, withdrawn


async def test_one_word_of_each_person(world: World) -> None:
    """The other word takes the place of the first; the same again says nothing new."""
    hold, people = await world.hold(), world.people
    ada, bob = people.named("ada"), people.named("bob")
    assert isinstance(ada, Reviewer)
    assert isinstance(bob, Reviewer)
    labelling = Labelling(world.reviewing())
    for who, label in ((ada, UNNECESSARY), (ada, UNNECESSARY), (bob, UNNECESSARY), (ada, NECESSARY)):
        assert await labelling.hold(hold.hold_id, label, who=who) == hold
    assert await Labels(world.store).about(hold.hold_id) == {"ada": NECESSARY, "bob": UNNECESSARY}
    assert counted(world, UNNECESSARY) == (2, 1)
    assert counted(world, NECESSARY) == (1, 0)


async def test_a_word_changes_nothing_else(world: World) -> None:
    """The hold stands as it did, and waits on."""
    hold = await world.hold()
    ada = world.people.named("ada")
    assert isinstance(ada, Reviewer)
    await Labelling(world.reviewing()).hold(hold.hold_id, UNNECESSARY, who=ada)
    assert await world.store.find(hold.hold_id) == hold


async def test_whoever_may_not(world: World) -> None:
    """A stranger without a role has no word."""
    hold = await world.hold()
    bob = world.people.named("bob")
    assert isinstance(bob, Reviewer)
    with pytest.raises(Problem, match="may not"):
        await Labelling(world.reviewing()).hold(hold.hold_id, NECESSARY, who=replace(bob, grants=()))
    assert await Labels(world.store).about(hold.hold_id) == {}
    assert counted(world, NECESSARY) == (0, 0)


async def test_a_word_is_forgotten_with_its_hold(world: World) -> None:
    """Nothing stays in the store without an end."""
    hold = await world.hold()
    await Labels(world.store).give(hold.hold_id, who="ada", label="necessary")
    left = await world.redis.pttl(f"{{sidegate:{world.domain}}}:labels:{hold.hold_id}")
    assert 0 < left <= world.store.kept


@pytest.mark.parametrize("given", [None, "", "maybe", ["necessary"], 1, "NECESSARY"], ids=str)
def test_other_words(given: Json) -> None:
    """There are two, and the refusal names them."""
    with pytest.raises(Problem) as refused:
        read_label({"label": given}, HoldLabel)
    assert "`unnecessary`" in refused.value.members["detail"]  # type: ignore[operator]
