"""What drills are, and what is said of them."""

from itertools import product

import pytest

from rules.drill.drill import Answer, Kind, Mark, Mutation, chosen, read, share

MARKS = [Mark(kind=kind, mutation=mutation) for kind, mutation in product(Kind, Mutation)]


@pytest.mark.parametrize("mark", MARKS, ids=str)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    """The store keeps it as a text."""
    assert read(str(mark)) == mark


@pytest.mark.parametrize("text", ["violation", "x:payee", "violation:", "benign:y", "violation:payee:z"])
def test_what_is_no_mark(text: str) -> None:
    """Whoever has written that did not write a drill."""
    with pytest.raises(ValueError):  # noqa: PT011 (of an enumeration)
        read(text)


def test_no_mark() -> None:
    """Holds of before have none."""
    assert read("") is None


@pytest.mark.parametrize(
    ("kind", "answer", "right", "words"),
    [
        (Kind.VIOLATION, Answer.REJECTED, True, "`ann` rejected it, which caught it"),
        (Kind.VIOLATION, Answer.APPROVED, False, "`ann` approved it, which missed it"),
        (Kind.VIOLATION, Answer.EXPIRED, None, "nobody decided in time"),
        (Kind.BENIGN, Answer.APPROVED, True, "`ann` approved it, which was right"),
        (Kind.BENIGN, Answer.REJECTED, False, "`ann` rejected it, which was a false alarm"),
        (Kind.BENIGN, Answer.EXPIRED, None, "nobody decided in time"),
    ],
)
def test_what_is_said_afterwards(kind: Kind, answer: Answer, right: bool | None, words: str) -> None:
    """Whether it was right, and that nothing could have happened."""
    mark = Mark(kind=kind, mutation=Mutation.PAYEE)
    assert mark.right(answer) is right
    said = mark.said(answer, who="ann")
    assert said.startswith("was a drill, which can never run: it would have paid somebody else")
    assert said.endswith(words)


def test_the_share_that_is_chosen() -> None:
    """A hash stands anywhere between 0 and 1; none is below 0, and all are below 1."""
    assert share("0" * 64) == 0
    assert share("8" + "0" * 63) == 0.5
    assert not chosen("0" * 64, 0.0)
    assert chosen("f" * 64, 1.0)
    assert [chosen(f"{n:02x}" + "0" * 62, 0.25) for n in (0, 63, 64, 255)] == [True, True, False, False]
