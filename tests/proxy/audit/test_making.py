"""How a process begins its audit trail."""

from datetime import date
from pathlib import Path

import pytest

from proxy.agent import Agent
from proxy.audit.making import begin, started
from proxy.audit.segments import AuditError
from proxy.audit.settings import Audit, OnFailure
from proxy.metrics import Metrics
from rules.action import Principal
from tests.proxy.audit.trails import findings, records
from tests.proxy.gatehouse import ruleset
from tests.rules.audit.chains import SIGNER

AGENT = Agent(principal=Principal(agent="a", human="eve"), secret_headers=frozenset(), key=b"k" * 32)


def test_its_first_record_says_who_acts_by_what(tmp_path: Path) -> None:
    """And of the configuration nothing that could be guessed from a hash."""
    facts = started(AGENT, ruleset(), '{"redis": "hunter2"}')
    for _ in range(2):
        settings = Audit(legal_hold=True, assessed=date(2025, 11, 3))
        told = begin(tmp_path / "audit" / "serve", settings, SIGNER, Metrics(), facts=facts)
        told.rules(ruleset())
        told.trail.close()
    [first, second] = records(tmp_path / "audit" / "serve", "started")
    assert first.chain == second.chain
    assert (first.facts["agent"], first.facts["human"], first.facts["domain"]) == ("a", "eve", "tests")
    assert first.facts["policy"] == ruleset().hash
    assert (first.facts["audit_legal_hold"], first.facts["audit_assessed"]) == ("True", "2025-11-03")
    assert facts["config"] != started(AGENT, ruleset(), "")["config"]
    assert "hunter2" not in repr(first)
    assert findings(tmp_path / "audit" / "serve") == []


def test_nothing_is_said_of_an_assessment_that_nobody_named(tmp_path: Path) -> None:
    """Else such a record would be evidence of one."""
    begin(tmp_path / "audit" / "serve", Audit(), SIGNER, Metrics(), facts={}).trail.close()
    [first] = records(tmp_path / "audit" / "serve", "started")
    assert "audit_assessed" not in first.facts


def test_two_processes_have_two_chains(tmp_path: Path) -> None:
    """And none writes into another one's."""
    made = [begin(tmp_path / "audit" / n, Audit(), SIGNER, Metrics(), facts={}) for n in ("serve", "mcp-1")]
    assert len({told.trail.chain for told in made}) == 2
    with pytest.raises(AuditError, match="another process"):
        begin(tmp_path / "audit" / "serve", Audit(), SIGNER, Metrics(), facts={})
    for told in made:
        told.trail.close()


def test_it_does_as_configured(tmp_path: Path) -> None:
    """What happens on failure, and how many reads are recorded."""
    settings = Audit(on_failure=OnFailure.STOP, reads=0.5)
    told = begin(tmp_path / "audit" / "serve", settings, SIGNER, Metrics(), facts={})
    assert (told.on_failure, told.reads) == (OnFailure.STOP, 0.5)
    told.trail.close()
