"""Which records bear on what."""

from pathlib import Path

from rules.audit.evidence import CLAUSES, evidence
from rules.audit.record import Kind, Record

PAGE = Path(__file__).parents[3] / "docs/evidence.md"


def record(kind: Kind, at: str = "2026-11-23", **facts: object) -> Record:
    """A record of that kind."""
    return Record(at=at, chain="c", epoch=1, facts=dict(facts), kind=kind, prev="0" * 64, seq=1)


def test_a_record_counts_where_it_bears() -> None:
    """By its kind and by what it says; from the first to the last."""
    shown = evidence(
        [
            record(Kind.VERDICT, "2026-11-24", verdict="block"),
            record(Kind.VERDICT, "2026-11-23", verdict="pass"),
            record(Kind.DECISION, event="approve", who="ada"),
            record(Kind.DECISION, event="approve", who="ada", preview="x"),
            record(Kind.KILL, on=True),
            record(Kind.STARTED),
            record(Kind.STARTED, audit_assessed="2025-11-03"),
        ]
    )
    counts = {name: one.count for name, one in shown.items()}
    assert (counts["OWASP ASI02"], counts["AARM R1"]) == (1, 2)
    assert (counts["AI Act 14(4)(d)"], counts["OWASP ASI09"], counts["AI Act 14(4)(e)"]) == (2, 1, 1)
    assert (counts["AI Act 27(1)"], counts["OWASP ASI04"]) == (1, 0)
    assert (shown["AARM R1"].first, shown["AARM R1"].last) == ("2026-11-23", "2026-11-24")


def test_every_clause_is_documented() -> None:
    """In the same words, in the same order."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| clause", "| ---"))
    ]
    assert rows == [
        [clause.name, ", ".join(f"`{kind}`" for kind in clause.kinds), clause.shows] for clause in CLAUSES
    ]
