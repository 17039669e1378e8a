"""Drills as they are made of held calls."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.action import Action, Principal, unbind
from rules.drill.drill import Kind, Mutation
from rules.drill.making import make
from rules.mcp.action import ToolAction, unbind_tool
from rules.ruleset import Ruleset
from rules.verdict import Verdict
from tests.proxy.console.pages.browser import posting
from tests.rules.calls import compiled

RULES = compiled("rules: [{id: pay, match: {host: bank.example}, tier: 4}]")
SEEDS = [f"{n:08x}" * 8 for n in range(12)]
WIRE = posting(
    b'{"amount": 7, "payee": {"iban": "DE0212030000"}, "memo": "Invoice 7", "email": "ann@example.org"}'
)


def made(action: Action | ToolAction, kind: Kind, ruleset: Ruleset = RULES) -> set[Mutation]:
    """What becomes of it with various seeds, each one sound."""
    found = set()
    for seed in SEEDS:
        drill = make(action, ruleset, kind=kind, seed=seed)
        if drill is None:
            continue
        assert drill.action.drill
        assert drill.action.digest != action.digest
        assert drill.judgement.verdict is Verdict.HOLD
        assert drill.mark.kind is kind
        assert drill.change.before != drill.change.after
        found.add(drill.mark.mutation)
    return found


def test_each_change_comes_up() -> None:
    """The seed chooses among all that can be changed, and nothing else."""
    assert made(WIRE, Kind.VIOLATION) == {Mutation.AMOUNT, Mutation.PAYEE, Mutation.DOMAIN}
    assert made(WIRE, Kind.BENIGN) == {Mutation.REFERENCE}


@pytest.mark.parametrize("kind", Kind)
def test_one_member_differs(kind: Kind) -> None:
    """Everything else, to the byte, is as it was asked for."""
    for seed in SEEDS:
        drill = make(WIRE, RULES, kind=kind, seed=seed)
        assert drill is not None
        assert isinstance(drill.action, Action)
        assert replace(drill.action, body=WIRE.body, drill=False) == WIRE
        before, after = (drill.change.before or "").encode(), (drill.change.after or "").encode()
        assert drill.action.body.replace(after, before) == WIRE.body


def test_the_same_of_the_same() -> None:
    """Nothing but the seed and the call is in it."""
    assert make(WIRE, RULES, kind=Kind.VIOLATION, seed=SEEDS[3]) == make(
        WIRE, RULES, kind=Kind.VIOLATION, seed=SEEDS[3]
    )


def test_a_deletion() -> None:
    """It has no body, and becomes wider."""
    host = ((b"Host", b"bank.example"),)
    action = replace(WIRE, method="DELETE", target="/v1/customers/7", body=b"", fields=host)
    assert made(action, Kind.VIOLATION) == {Mutation.WIDER}
    assert made(action, Kind.BENIGN) == set()


@pytest.mark.parametrize(
    "action",
    [
        replace(WIRE, fields=(*WIRE.fields, (b"Content-Digest", b"sha-256=:AA=:"))),
        posting(b'{"title": "hello"}'),
        posting(b"no json"),
        replace(WIRE, target="/a//b"),
    ],
    ids=["signed", "nothing to change", "no json", "no reading"],
)
def test_of_what_none_can_be_made(action: Action) -> None:
    """A signed body would not fit, and the rest has nothing that matters, or no meaning."""
    assert made(action, Kind.VIOLATION) == set()


def test_what_would_pass_is_none() -> None:
    """People would never have seen it."""
    passing = compiled("rules: [{id: ok, match: {host: bank.example}, tier: 2}]")
    assert made(WIRE, Kind.VIOLATION, passing) == set()


def test_tools() -> None:
    """Their arguments are changed in the same way."""
    action = ToolAction(
        server="bank",
        place="p",
        tool="wire_money",
        body=b'{"amount":7,"memo":"x"}',
        principal=Principal(agent="a"),
    )
    assert made(action, Kind.VIOLATION) == {Mutation.AMOUNT}
    drill = make(action, RULES, kind=Kind.BENIGN, seed=SEEDS[0])
    assert drill is not None
    assert unbind_tool(drill.action.binding(), drill.action.body) == drill.action


def test_the_mark_is_part_of_what_is_bound() -> None:
    """It is read back, and cannot be added, taken off or spelled otherwise."""
    drill = replace(WIRE, drill=True)
    assert unbind(drill.binding(), drill.body) == drill
    assert "drill" not in WIRE.binding()
    assert unbind({k: v for k, v in drill.binding().items() if k != "drill"}, WIRE.body) == WIRE
    for odd in (False, 1, "true", None):
        with pytest.raises(ValueError, match="stored action"):
            unbind({**WIRE.binding(), "drill": odd}, WIRE.body)


@given(st.binary(max_size=80), st.sampled_from(Kind), st.sampled_from(SEEDS))
def test_no_body_breaks_it(body: bytes, kind: Kind, seed: str) -> None:
    """Whatever was held."""
    drill = make(posting(body), RULES, kind=kind, seed=seed)
    assert drill is None or drill.action.drill
