"""The results as docs/trust.md."""

from collections.abc import Sequence

from tests.trust.trying import WAYS, Outcome

_HEAD = """\
# Clients, tried

Written by `make trust`: each client asks an upstream for something under `sidegate exec`,
in a network in which nothing else leads there, with no setting of its own.
*Works* means that its request came to the upstream: it found the gate and trusted its certificate.

| client | by environment | in a namespace | where the environment is not enough |
| --- | --- | --- | --- |
"""
_TAIL = """
Clients that bring their own bundle of authorities (stripe-python does) trust the gate in neither way:
give them `ca-bundle.pem` by their own setting.
Clients that pin certificates do not work; their connections end, and are counted as `tls_failed`.
"""


def page(outcomes: Sequence[Outcome]) -> str:
    """The whole of it."""
    names = dict.fromkeys(outcome.client.name for outcome in outcomes)
    return _HEAD + "".join(f"{_row(name, outcomes)}\n" for name in names) + _TAIL


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    found = {outcome.way: outcome for outcome in outcomes if outcome.client.name == name}
    cells = ["works" if found[way].works else "does not" for way in WAYS]
    cure = "" if all(one.works for one in found.values()) else found[WAYS[0]].client.cure
    return f"| {name} | {' | '.join(cells)} | {cure} |"
