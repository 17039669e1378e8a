"""Values as a violation, or a harmless twin, would have them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.drill.drill import Mutation
from rules.drill.mutation import production_target, twins, violations, wider_target
from rules.request.strict_json import Json

SEED = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("name", "value", "mutation", "after"),
    [
        ("amount", 12, Mutation.AMOUNT, 120),
        ("amount", Decimal("12.50"), Mutation.AMOUNT, Decimal("125.00")),
        ("totalAmount", "12.5", Mutation.AMOUNT, "125.0"),
        ("total_price", 3, None, None),
        ("amount", 0, None, None),
        ("amount", True, None, None),
        ("amount", 2**53 - 1, None, None),
        ("payee", "Nordwind GmbH", Mutation.PAYEE, "Brightwater Partners"),
        ("iban", "DE02 1203 0000 0000 2020 51", Mutation.PAYEE, "DE02 1203 0000 0000 2032 85"),
        ("customer", 7, Mutation.PAYEE, 8),
        ("note", "Nordwind GmbH", None, None),
        ("to", "ann@example.org", Mutation.DOMAIN, "ann@example.com"),
        ("recipients", "Ann <ann@a.example.co>", Mutation.DOMAIN, "Ann <ann@a.example.io>"),
        ("environment", "staging", Mutation.PRODUCTION, "production"),
        ("env", "dev", Mutation.PRODUCTION, "prod"),
        ("environment", "production", None, None),
        ("title", "staging", None, None),
        ("query", "DELETE FROM users WHERE id = 7", Mutation.WIDER, "DELETE FROM users"),
        ("query", "DELETE FROM users", None, None),
        ("query", "SELECT 1 WHERE true", None, None),
        ("recursive", False, Mutation.WIDER, True),
        ("recursive", True, None, None),
        ("amount", None, None, None),
        ("to", "", None, None),
        ("to", "x" * 3000, None, None),
    ],
    ids=str,
)
def test_violations(name: str, value: Json, mutation: Mutation | None, after: Json) -> None:
    """By the member's name and by what stands in it; most values have none."""
    found = list(violations(name, value, seed=SEED))
    assert [kind for kind, _ in found] == ([] if mutation is None else [mutation])
    if found and mutation in (Mutation.AMOUNT, Mutation.PRODUCTION, Mutation.WIDER):
        assert found[0][1] == after
        assert type(found[0][1]) is type(after)
    assert all(new != value for _, new in found)


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("memo", "Invoice 118", "Invoice "),
        ("reference", "rent", "rent (2)"),
        ("idempotencyKey", "a1b2", "a"),
        ("amount", 7, None),
        ("to", "Invoice 7", None),
        ("memo", "", None),
        ("memo", "x" * 300, None),
    ],
    ids=str,
)
def test_twins(name: str, value: Json, shape: str | None) -> None:
    """Another reference, of the same length where it is numbered; nothing that matters."""
    found = list(twins(name, value, seed=SEED))
    assert bool(found) is (shape is not None)
    for mutation, new in found:
        assert mutation is Mutation.REFERENCE
        assert isinstance(new, str)
        assert new.startswith(shape or "")
        assert new != value


@pytest.mark.parametrize(
    ("method", "target", "after"),
    [
        ("DELETE", "/v1/customers/7", "/v1/customers"),
        ("DELETE", "/v1/customers/c_7/?dry=1", "/v1/customers?dry=1"),
        ("DELETE", "/customers", None),
        ("DELETE", "/v1/cache", None),
        ("GET", "/v1/customers/7", None),
        ("DELETE", "/7", None),
        ("DELETE", "", None),
    ],
)
def test_wider_deletions(method: str, target: str, after: str | None) -> None:
    """The collection in place of one thing in it."""
    assert wider_target(method, target) == after


@pytest.mark.parametrize(
    ("target", "after"),
    [
        ("/envs/staging/deploys", "/envs/production/deploys"),
        ("/deploy?env=dev&x=1", "/deploy?env=production&x=1"),
        ("/latest/devices", None),
        ("/v1/tests", None),
        ("/", None),
    ],
)
def test_production(target: str, after: str | None) -> None:
    """A whole word of the path or the query, and no part of one."""
    assert production_target(target) == after


@given(st.text(max_size=40), st.text(max_size=60), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_no_text_breaks_it(name: str, value: str, seed: str) -> None:
    """Agents write whatever they like, and every change is one."""
    for find in (violations, twins):
        assert all(new != value for _, new in find(name, value, seed=seed))


@given(
    st.sampled_from(["amount", "customer", "x"]),
    st.integers() | st.decimals(allow_nan=False, allow_infinity=False),
)
def test_no_number_breaks_it(name: str, value: int | Decimal) -> None:
    """Nor any number."""
    assert all(new != value for _, new in violations(name, value, seed=SEED))
