"""What becomes of packets, as text; that it does so is tried in `test_table`."""

import pytest

from proxy.capture.plan import Plan, absence

WHOLE = Plan(to=15001, dns=15053, spared=1337, closed=(8081, 6379))


def test_everybody_but_the_gate() -> None:
    """What is not named is dropped, for both families, and the gate's own user is left alone."""
    rules = WHOLE.rules()
    assert "hook output priority 0; policy drop;" in rules
    assert "hook forward priority 0; policy drop;" in rules
    assert rules.count("meta skuid 1337") == 2
    assert "meta l4proto tcp redirect to :15001" in rules
    assert "th dport 53 redirect to :15053" in rules
    assert "tcp dport { 6379, 8081 } reject with tcp reset" in rules


def test_only_some_users() -> None:
    """Others are not touched: neither their packets nor what is forwarded."""
    rules = Plan(to=1, dns=2, agents=(1500, 1501), ports=(443, 80)).rules()
    assert "policy drop" not in rules
    assert "meta skuid { 1500, 1501 } jump agent" in rules
    assert "meta skuid != { 1500, 1501 } return" in rules
    assert "tcp dport { 80, 443 } redirect to :1" in rules


def test_names_come_before_what_stays_here() -> None:
    """A resolver's stub on loopback would carry questions out."""
    lines = [line.strip() for line in WHOLE.rules().splitlines()]
    assert lines.index("ip daddr 127.0.0.0/8 return") > next(
        n for n, line in enumerate(lines) if "redirect to :15053" in line
    )


def test_it_replaces_what_was_there() -> None:
    """One transaction: made if it is not there, taken away, made anew."""
    assert WHOLE.rules().startswith(absence())
    assert absence() == "add table inet sidegate\ndelete table inet sidegate\n"


@pytest.mark.parametrize(
    ("to", "spared", "closed", "words"),
    [
        (0, None, (), "`0` is no port"),
        (70000, None, (), "`70000` is no port"),
        (15001, None, (0,), "`0` is no port"),
        (15001, 1500, (), "user id `1500` is the gate's own"),
        (15001, None, (15001,), "cannot be closed"),
    ],
)
def test_plans_that_cannot_be(to: int, spared: int | None, closed: tuple[int, ...], words: str) -> None:
    """A wrong port, the gate's own user as an agent, a redirection to a closed port."""
    with pytest.raises(ValueError, match=words):
        Plan(to=to, dns=53, spared=spared, agents=(1500,), closed=closed)
