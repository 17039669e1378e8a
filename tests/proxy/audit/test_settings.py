"""What the configuration may say of the audit trail."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from proxy.audit.settings import Audit, OnFailure
from proxy.config import Config
from rules.language.document import Problem, read


def test_half_a_year_is_the_least() -> None:
    """183 days (EU AI Act, article 26)."""
    assert Audit(keep_days=183).keep_days == 183
    with pytest.raises(ValidationError):
        Audit(keep_days=182)


@pytest.mark.parametrize(
    "wrong", [{"reads": 1.1}, {"reads": -0.1}, {"file_bytes": 10}, {"on_failure": "shrug"}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """With the key that is wrong."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Audit.model_validate(wrong)


_DAYS = {
    "a time": "2025-11-03T00:00:00",
    "seconds as text": "'86400'",
    "seconds": "86400",
    "digits alone": "'20251103'",
    "a week": "2025-W45-1",
    "no such day": "2025-02-30",
    "no such month": "2025-13-01",
    "one digit": "2025-1-1",
    "the year last": "03.11.2025",
    "a fifth digit": "12025-01-01",
    "digits of another script": "\u0662\u0660\u0662\u0665-11-03",
    "a space": "' 2025-11-03'",
    "a line end": '"2025-11-03\\n"',
    "a word": "yesterday",
    "nothing": "''",
    "a list": "[2025-11-03]",
    "a truth": "true",
}


@pytest.mark.parametrize("case", _DAYS)
def test_what_is_no_day_of_an_assessment(case: str) -> None:
    """Refused where it stands, with the form that is wanted."""
    (problem,) = problems(_DAYS[case])
    assert (problem.line, problem.key) == (2, "audit.assessed")
    assert re.search(r"\bdate\b", problem.message)


def test_an_assessment_is_not_to_come() -> None:
    """Today's is taken, and one that a slip of the pen has put ahead is not."""
    today = datetime.now(UTC).date()
    assert Audit(assessed=today).assessed == today
    (problem,) = problems(f"{today + timedelta(days=2)}")
    assert problem.key == "audit.assessed"
    assert "is in the future: it is 2" in problem.message
    assert Audit.model_validate_json('{"assessed": "2025-11-03"}').assessed == date(2025, 11, 3)
    assert Audit().assessed is None


def problems(day: str) -> list[Problem]:
    """What is wrong with a configuration that has this as the day."""
    made = read(Config, f"version: 1\naudit: {{assessed: {day}}}\n", file="config.yaml")
    assert isinstance(made, tuple), "it was taken"
    return list(made)


def test_reads_and_reversible_calls_go_on_by_default() -> None:
    """What nobody can take back never does."""
    assert Audit().on_failure is OnFailure.CONTINUE
