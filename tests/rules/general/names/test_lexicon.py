"""The lists of words."""

from rules.general.effect import Effect
from rules.general.names import lexicon


def test_no_verb_stands_in_two_lists() -> None:
    """Else the order of the lists would decide what it says."""
    listed = [verb for verbs in lexicon._VERBS.values() for verb in verbs.split()]
    assert sorted(listed) == sorted(set(listed))


def test_what_holds_a_get_is_no_read() -> None:
    """A GET is held for verbs that do something."""
    assert lexicon.VERBS.keys() | {"shutdown", "logout"} >= lexicon.CONSEQUENTIAL
    assert Effect.READ not in {lexicon.VERBS.get(verb) for verb in lexicon.CONSEQUENTIAL}


def test_further_verbs_are_known() -> None:
    """Lists that pick from the verbs hold nothing else."""
    assert lexicon.VERBS.keys() >= lexicon.UNMISTAKABLE
    assert lexicon.VERBS.keys() >= lexicon.PREFIXES
    assert lexicon.UNMISTAKABLE.isdisjoint(lexicon.BOTH)
