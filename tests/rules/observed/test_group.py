"""Calls by host, method and template."""

from rules.observed.group import MAX_GROUPS, Group, Groups
from rules.observed.line import read_line
from tests.rules.observed.lines import line


def grouped(*lines: bytes) -> Groups:
    """The groups of these lines."""
    groups = Groups()
    for one in lines:
        groups.add(read_line(one))
    return groups


def only(groups: Groups, method: str) -> Group:
    """The one group of that method."""
    [found] = [group for group in groups.in_order() if group.method == method]
    return found


def test_the_highest_tier_stands() -> None:
    """Of all calls of one template, in any order."""
    for tiers in ((1, 4, 2), (4, 2, 1)):
        group = only(grouped(*(line(f"POST a.example/x/{n}", tier) for n, tier in enumerate(tiers))), "POST")
        assert (group.path, group.count, int(group.tier)) == ("/x/{id:int}", 3, 4)


def test_what_is_left_out() -> None:
    """Calls that a rule named, that were judged by what they carried, that no rule can name."""
    groups = grouped(
        line("GET a.example/x", rule="r"),
        line("GET a.example/x", 4, reason_id="secret_outbound"),
        line("GET a.example/x//y"),
    )
    assert (groups.named, groups.carried, groups.unnameable, len(groups.found)) == (1, 1, 1, 0)


def test_agents_cannot_fill_the_memory() -> None:
    """However many paths they think of."""
    words = ("".join(chr(97 + int(d)) for d in str(n)) for n in range(MAX_GROUPS + 50))
    groups = grouped(*(line(f"GET a.example/{word}", 1) for word in words))
    assert (len(groups.found), groups.beyond) == (MAX_GROUPS, 50)


def test_opposites() -> None:
    """At one URL, and without bodies: what carried content is not brought back."""
    star, unstar = line("PUT a.example/x/7/flag"), line("DELETE a.example/x/7/flag", 4)
    groups = grouped(star, unstar)
    assert groups.opposite(only(groups, "PUT")) is only(groups, "DELETE")
    assert groups.opposite(only(groups, "DELETE")) is only(groups, "PUT")
    for others in (
        (star, line("DELETE a.example/x/8/flag", 4)),
        (star, line("DELETE b.example/x/7/flag", 4)),
        (star, unstar, line("PUT a.example/x/8/flag", body=True)),
        (line("PATCH a.example/x/7/flag"), unstar),
        (star,),
    ):
        groups = grouped(*others)
        assert [groups.opposite(group) for group in groups.in_order()] == [None] * len(groups.found)
