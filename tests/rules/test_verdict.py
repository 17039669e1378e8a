"""The words of verdicts: stable, distinct, each with its sentence."""

import ast
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

_RULES = Path(__file__).parents[2] / "rules"


def _enums() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every enum of the core, with its module's name."""
    for path in sorted(_RULES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
                yield f"{path.stem}.{node.name}", node


def _undescribed(node: ast.ClassDef) -> list[str]:
    """The members of an enum that no sentence follows."""
    missing = []
    for member, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.Assign):
            sentence = (
                following.value.value
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                else ""
            )
            if not str(sentence).endswith((".", ")")):
                missing.append(ast.unparse(member.targets[0]))
    return missing


@pytest.mark.parametrize("node", [n for _, n in _enums()], ids=[name for name, _ in _enums()])
def test_every_member_of_an_enum_has_its_sentence(node: ast.ClassDef) -> None:
    """A word that people meet in logs, metrics and answers says what it means."""
    assert _undescribed(node) == []


def test_a_member_without_a_sentence_is_found() -> None:
    """The check above sees a bare member, at the end as well."""
    source = 'class A(StrEnum):\n    B = "b"\n    """It is b."""\n    C = "c"\n    D = "d"\n'
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.ClassDef)
    assert _undescribed(node) == ["C", "D"]


def test_tiers_are_ordered_by_harm() -> None:
    """Comparing tiers compares harm, and their numbers are the ones people write."""
    assert [int(tier) for tier in sorted(Tier)] == [1, 2, 3, 4]
    assert Tier.READ_ONLY < Tier.REVERSIBLE < Tier.EXTERNAL < Tier.HIGH_RISK


def test_verdicts_are_the_three_words_of_the_contract() -> None:
    """Outside programs read these."""
    assert {verdict.value for verdict in Verdict} == {"pass", "hold", "block"}


@pytest.mark.parametrize("reason", list(ReasonId))
def test_a_reason_id_is_its_own_name_in_lower_case(reason: ReasonId) -> None:
    """One word in API, audit, metrics and docs."""
    assert reason.value == reason.name.lower()
    assert reason.value.replace("_", "").isalpha()


def test_a_refusal_is_the_clients_fault_unless_it_says_otherwise() -> None:
    """400 is what a request without one reading deserves."""
    assert Refusal(reason_id=ReasonId.JSON_INVALID, reason="json is odd").status == 400


def test_answers_of_the_machine_cannot_be_changed() -> None:
    """Nothing between the verdict and the wire can lower a tier."""
    judgement = Judgement(
        tier=Tier.HIGH_RISK, verdict=Verdict.HOLD, reason_id=ReasonId.RULE, reason="a rule names it"
    )
    refused = Refusal(reason_id=ReasonId.JSON_INVALID, reason="json is odd")
    with pytest.raises(FrozenInstanceError):
        judgement.tier = Tier.READ_ONLY  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        refused.status = 200  # type: ignore[misc]
