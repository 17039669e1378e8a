"""Whether a person may do something."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.authority import ALLOWED, BINDING, STEPPED, Act, Bar, Matter, about, refuse
from rules.review.money import Money
from rules.reviewer import Grant, Reviewer, Role, Scope
from rules.verdict import Tier

MATTER = Matter(hold_id="h", digest="d", tier=Tier.HIGH_RISK, host="api.bank.example", human="eve")
OF_NO_HOLD = {Act.KILL, Act.UNKILL, Act.GRANT, Act.PINS, Act.CHANNELS, Act.KEYS, Act.USERS}
HOLDS = [act for act in Act if act not in OF_NO_HOLD]

scopes = st.builds(
    Scope,
    hosts=st.lists(
        st.sampled_from(["api.bank.example", "*.example", "*.bank.example", "bank.example"]), max_size=2
    ).map(tuple),
    tiers=st.frozensets(st.sampled_from(Tier)),
    amounts=st.dictionaries(st.sampled_from(["EUR", "USD"]), st.sampled_from([Decimal(5), Decimal(500)])),
)
grants = st.builds(Grant, role=st.sampled_from(Role), scope=scopes)
people = st.builds(
    Reviewer,
    name=st.sampled_from(["eve", "ada"]),
    grants=st.lists(grants, max_size=2).map(tuple),
    proven=st.sampled_from([frozenset(), frozenset({about("h", "d")})]),
)
moneys = st.none() | st.builds(
    Money,
    amount=st.sampled_from([Decimal(1), Decimal(-900), Decimal(50)]),
    currency=st.sampled_from(["EUR", ""]),
)
matters = st.builds(
    Matter,
    hold_id=st.just("h"),
    digest=st.just("d"),
    tier=st.sampled_from(Tier),
    host=st.sampled_from([None, "api.bank.example", "evil.example.org", "BANK.example"]),
    human=st.sampled_from(["", "eve", "E\uff36E "]),
    money=moneys,
    moves_money=st.booleans(),
)
step_ups = st.sampled_from([frozenset[Tier](), frozenset({Tier.HIGH_RISK}), frozenset(Tier)])


def ada(role: Role = Role.REVIEWER, **scope: object) -> Reviewer:
    """Somebody with that role and scope."""
    return Reviewer(name="ada", grants=(Grant(role=role, scope=Scope(**scope)),))  # type: ignore[arg-type]


@given(who=people, more=grants, act=st.sampled_from(Act), matter=st.none() | matters, step_up=step_ups)
def test_another_grant_never_allows_more(
    who: Reviewer, more: Grant, act: Act, matter: Matter | None, step_up: frozenset[Tier]
) -> None:
    """What was refused stays refused, whatever is put on top; but for nobody's no role at all."""
    wider = replace(who, grants=(*who.grants, more))
    if who.grants and refuse(who, act, matter, step_up=step_up):
        assert refuse(wider, act, matter, step_up=step_up)


@given(grant=grants, bound=scopes, act=st.sampled_from(Act), matter=matters)
def test_a_bound_never_allows_more(grant: Grant, bound: Scope, act: Act, matter: Matter) -> None:
    """Each part of a scope that is set where it was empty takes away."""
    free = grant.scope
    narrower = Scope(
        hosts=free.hosts or bound.hosts,
        tiers=free.tiers or bound.tiers,
        amounts=free.amounts or bound.amounts,
    )
    who = Reviewer(name="ada", grants=(grant,))
    if refuse(who, act, matter):
        assert refuse(replace(who, grants=(replace(grant, scope=narrower),)), act, matter)


@given(who=people, act=st.sampled_from(Act), matter=matters, step_up=step_ups)
def test_a_second_factor_is_never_in_the_way_of_stopping(
    who: Reviewer, act: Act, matter: Matter, step_up: frozenset[Tier]
) -> None:
    """It is asked for what makes something run alone."""
    refused = refuse(who, act, matter, step_up=step_up)
    if refused and refused.bar is Bar.STEP_UP:
        assert act in STEPPED
        assert matter.tier in step_up


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_roles(role: Role, act: Act) -> None:
    """Each does what its row of the table says, and hears who else could."""
    refused = refuse(ada(role), act)
    assert (refused is None) == (act in ALLOWED[role])
    if refused:
        assert refused.bar is Bar.ROLE
        assert "`admin`" in refused.sentence


def test_an_auditor_sees_all_and_decides_nothing() -> None:
    """A scope hides nothing from one."""
    auditor = ada(Role.AUDITOR, hosts=("other.example",))
    assert [act for act in HOLDS if refuse(auditor, act, MATTER) is None] == [Act.VIEW]


def test_nobody_without_a_role_does_anything() -> None:
    """No grant is no permission."""
    assert all(refuse(Reviewer(name="ada", grants=()), act) for act in Act)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("api.bank.example", "api.bank.example", True),
        ("api.bank.example", "API.bank.example", True),
        ("*.bank.example", "api.bank.example", True),
        ("*.bank.example", "a.b.bank.example", True),
        ("*.bank.example", "bank.example", False),
        ("*.bank.example", "evilbank.example", False),
        ("*.bank.example", ".bank.example", False),
        ("bank.example", "bank.example.evil.test", False),
        ("bank.example", None, False),
        ("", "bank.example", False),
        ("*", "bank.example", False),
    ],
)
def test_hosts(pattern: str, host: str | None, covered: bool) -> None:
    """A name is that name, a star is what is below; what is outside is hidden, from every act."""
    for act in HOLDS:
        refused = refuse(ada(Role.LEAD, hosts=(pattern,)), act, replace(MATTER, host=host))
        assert (refused is None) == covered
        assert refused is None or refused.bar is Bar.HIDDEN


def test_a_tier_outside_is_seen_and_not_decided() -> None:
    """Words for others are free."""
    who = ada(tiers=frozenset({Tier.EXTERNAL}))
    done = {act for act in HOLDS if refuse(who, act, MATTER) is None}
    assert done == {Act.VIEW, Act.COMMENT, Act.LABEL}
    assert refuse(who, Act.APPROVE, replace(MATTER, tier=Tier.EXTERNAL)) is None


@pytest.mark.parametrize(
    ("money", "moves", "fine"),
    [
        (None, False, True),
        (None, True, False),
        (Money(amount=Decimal("100"), currency="EUR"), True, True),
        (Money(amount=Decimal("100.01"), currency="EUR"), True, False),
        (Money(amount=Decimal("-100.01"), currency="EUR"), True, False),
        (Money(amount=Decimal("1"), currency="USD"), True, False),
        (Money(amount=Decimal("1")), True, False),
    ],
)
def test_amounts(money: Money | None, moves: bool, fine: bool) -> None:
    """A sum that is not certain, or in another currency, is over the limit."""
    who = ada(amounts={"EUR": Decimal(100)})
    refused = refuse(who, Act.APPROVE, replace(MATTER, money=money, moves_money=moves))
    assert (refused is None) == fine
    assert refused is None or refused.bar is Bar.AMOUNT


@pytest.mark.parametrize("human", ["ada", "ADA", " ada ", "\uff41da", "ada@example.org"])
def test_nobody_decides_for_themselves(human: str) -> None:
    """Whatever the spelling, and by any name; refusing and taking back stay possible."""
    who = replace(ada(Role.ADMIN), also=frozenset({"Ada@example.org"}))
    matter = replace(MATTER, human=human)
    for act in HOLDS:
        refused = refuse(who, act, matter)
        assert (refused is not None) == (act in BINDING)
        assert refused is None or refused.bar is Bar.REQUESTER


def test_a_second_factor_is_for_one_digest() -> None:
    """Of the tier that asks for it; another decision's does not count."""
    step_up = frozenset({Tier.HIGH_RISK})
    who = ada(Role.ADMIN)
    others = frozenset({about("h", "other"), about("other", "d")})
    for proven, fine in ((frozenset[str](), False), (others, False), (frozenset({about("h", "d")}), True)):
        refused = refuse(replace(who, proven=proven), Act.APPROVE, MATTER, step_up=step_up)
        assert (refused is None) == fine
        assert refused is None or refused.bar is Bar.STEP_UP
    assert refuse(who, Act.APPROVE, replace(MATTER, tier=Tier.EXTERNAL), step_up=step_up) is None


def test_every_refusal_is_a_sentence_of_the_house() -> None:
    """Lower case, no full stop."""
    told = {refuse(ada(role), act) for role in Role for act in Act} - {None}
    for refused in told:
        assert refused is not None
        assert refused.sentence[0].islower() or refused.sentence[0] == "`"
        assert not refused.sentence.endswith(".")
