"""Which records show what: clauses that auditors ask about, by number, and the kinds that bear on them.

A record shows that something was done. Whether that satisfies a clause is not for a program to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rules.audit.record import Kind, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One of them. `facts`: what such a record has to say; a member that has to be there, or its value."""

    name: str
    kinds: tuple[Kind, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    shows: str


@dataclass(slots=True, kw_only=True)
class Shown:
    """How many records bear on a clause, and from when to when."""

    count: int = 0
    first: str = ""
    last: str = ""


ANY = object()
"""A fact that has to be there, whatever it is."""

CLAUSES = (
    Clause(
        name="AI Act 14(4)(a)",
        kinds=(Kind.VERDICT, Kind.HOLD),
        shows="what was judged, by which rule, and what waited for a person",
    ),
    Clause(
        name="AI Act 14(4)(c)",
        kinds=(Kind.DECISION,),
        facts={"preview": ANY},
        shows="the hash of what the person was shown with each decision; a receipt has the document",
    ),
    Clause(
        name="AI Act 14(4)(d)",
        kinds=(Kind.DECISION,),
        shows="each decision, by whom, about which digest",
    ),
    Clause(
        name="AI Act 14(4)(e)",
        kinds=(Kind.KILL,),
        shows="each use of the kill switch, and by whom",
    ),
    Clause(
        name="AI Act 26(2)",
        kinds=(Kind.LOGIN, Kind.DECISION),
        facts={"who": ANY},
        shows="who came in and who decided; their competence is recorded elsewhere",
    ),
    Clause(
        name="AI Act 26(6)",
        kinds=(Kind.STARTED, Kind.CHECKPOINT, Kind.PRUNED),
        shows="for how long records are kept, since when they are there, and what was deleted",
    ),
    Clause(
        name="AI Act 27(1)",
        kinds=(Kind.STARTED,),
        facts={"audit_assessed": ANY},
        shows="on which day the operator last assessed this deployment; what was found is kept elsewhere",
    ),
    Clause(
        name="AARM R1",
        kinds=(Kind.VERDICT,),
        shows="a verdict on each call that does more than read",
    ),
    Clause(
        name="AARM R3",
        kinds=(Kind.VERDICT, Kind.RULES),
        shows="tier, rule and reason of each verdict, and which rules were in force",
    ),
    Clause(
        name="AARM R4",
        kinds=(Kind.VERDICT, Kind.DECISION),
        shows="verdicts and decisions; there is no verdict that changes a call",
    ),
    Clause(
        name="AARM R5",
        kinds=(Kind.CHECKPOINT, Kind.ATTEMPT),
        shows="signed chains, and an attempt on record before each sending",
    ),
    Clause(
        name="AARM R6",
        kinds=(Kind.STARTED,),
        facts={"agent": ANY},
        shows="person, service, agent and session that act through each process",
    ),
    Clause(
        name="OWASP ASI02",
        kinds=(Kind.VERDICT,),
        facts={"verdict": "block"},
        shows="calls that were blocked",
    ),
    Clause(
        name="OWASP ASI03",
        kinds=(Kind.LOGIN, Kind.LOGOUT, Kind.KEYS),
        shows="who came in and tried to, and who changed keys",
    ),
    Clause(
        name="OWASP ASI04",
        kinds=(Kind.PINS,),
        shows="which tools of servers were accepted, and by whom",
    ),
    Clause(
        name="OWASP ASI09",
        kinds=(Kind.DECISION,),
        facts={"event": "approve", "preview": ANY},
        shows="approvals that name what was shown",
    ),
    Clause(
        name="OWASP ASI10",
        kinds=(Kind.KILL, Kind.GAP),
        shows="uses of the kill switch, and times in which nothing could be recorded",
    ),
)


def evidence(records: Iterable[Record]) -> dict[str, Shown]:
    """What bears on each clause, by its name."""
    found = {clause.name: Shown() for clause in CLAUSES}
    for record in records:
        for clause in CLAUSES:
            if _bears(record, clause):
                shown = found[clause.name]
                shown.count += 1
                shown.first = min(shown.first or record.at, record.at)
                shown.last = max(shown.last, record.at)
    return found


def _bears(record: Record, clause: Clause) -> bool:
    if record.kind not in clause.kinds:
        return False
    facts = record.facts
    return all(name in facts and wanted in (ANY, facts[name]) for name, wanted in clause.facts.items())
