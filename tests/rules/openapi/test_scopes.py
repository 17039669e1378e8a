"""What security scopes say."""

import pytest

from rules.openapi.scopes import Access, access_of

CASES: dict[str, tuple[list[list[str]], Access]] = {
    "none": ([], Access.UNSAID),
    "a key without scopes": ([[]], Access.UNSAID),
    "reads": ([["pets:read"]], Access.READS),
    "reads by another word": ([["https://www.x.example/auth/drive.readonly"]], Access.READS),
    "writes": ([["write:pets"]], Access.WRITES),
    "both at once": ([["read:pets", "write:pets"]], Access.WRITES),
    "both in one": ([["pets_read_write"]], Access.WRITES),
    "either": ([["write:pets"], ["read:pets"]], Access.READS),
    "either, or a key": ([["write:pets"], []], Access.UNSAID),
    "no word that is known": ([["pets"]], Access.UNSAID),
    "one word that is known": ([["pets", "read"]], Access.UNSAID),
    "reading is no part of a word": ([["spreadsheets"]], Access.UNSAID),
}


@pytest.mark.parametrize("case", CASES)
def test_access(case: str) -> None:
    """Each set suffices by itself; within a set the word for writing counts."""
    alternatives, expected = CASES[case]
    assert access_of(frozenset(scopes) for scopes in alternatives) is expected
