"""Effects: their tiers, their order, their words."""

import pytest

from rules.general.effect import Effect, Evidence, gravest
from rules.verdict import Tier


@pytest.mark.parametrize("effect", list(Effect), ids=str)
def test_every_effect_has_a_tier_and_words(effect: Effect) -> None:
    """Only reads are tier 1, only what can be taken back is tier 2."""
    expected = {Effect.READ: 1, Effect.REVERSIBLE: 2, Effect.CHANGE: 3}
    assert effect.tier is Tier(expected.get(effect, 4))
    assert effect.says
    assert (effect.category is not None) == (effect.tier is Tier.HIGH_RISK and effect is not Effect.UNKNOWN)


def test_order() -> None:
    """Gravity and tier grow together; the first of the gravest stands."""
    assert [effect.gravity for effect in Effect] == list(range(len(Effect)))
    assert sorted(Effect, key=lambda effect: effect.tier) == list(Effect)
    first, second = (Evidence(effect=Effect.CHANGE, because=text) for text in "ab")
    assert gravest([Evidence(effect=Effect.READ, because=""), first, second]) is first
