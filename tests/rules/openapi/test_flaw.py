"""What is wrong with a document, and where."""

from rules.openapi.flaw import Flaw, Unnameable


def test_place_as_people_write_it() -> None:
    """Members behind a dot, items in brackets; the document itself has a word."""
    assert Flaw(("paths", "/pets", "get", "security", 0), "x").key == "paths./pets.get.security[0]"
    assert Flaw((), "x").key == "document"


def test_long_steps_are_cut() -> None:
    """A key may be as long as the file."""
    assert len(Unnameable(("paths", "/" + "a" * 10_000), "x").key) < 100
