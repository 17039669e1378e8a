"""What a rule says beside its tier: what is taken, and the cure for what is not."""

import inspect

import pytest

from rules.language import particulars
from rules.language.document import read
from rules.language.rule_file import RulesFile

RIGHT = """
version: 1
rules:
  - id: charges
    match: {host: pay.test, method: POST, path: "/v1/{account}/charges"}
    tier: 4
    category: financial
    reversible: {method: POST, path: "/v1/charges/{id}/refunds", note: within 90 days}
    amount: amount
    currency: currency
    counterparty: items.*.payee
    summary: "{account} pays {amount} {currency}"
    evidence:
      - >
        Creates a charge
        (reference, table 3)
      - another source
    lower:
      - when: {body: {amount: {gt: 0, lte: 1}, currency: usd}}
        tier: 2
        evidence: below the smallest fee
    examples:
      - request: {method: POST, url: "https://pay.test/v1/a/charges", headers: {x-a: b}, body: {amount: 5.5}}
        tier: 4
      - {request: {method: GET, url: "https://pay.test/"}, tier: 1}
  - id: tools
    match: {server: files, tool: star}
    tier: 2
    category: third_party
    reversible: {tool: unstar}
    examples:
      - {request: {server: files, tool: star, arguments: {id: 1}}, tier: 2}
      - {request: {server: files, tool: drop}, forbidden: true}
"""


def test_a_right_file() -> None:
    """Every key, for requests and for tools; evidence flows into one line."""
    written = read(RulesFile, RIGHT, file="f")
    assert isinstance(written, RulesFile), written
    charges, tools = written.rules
    assert charges.evidence == ("Creates a charge (reference, table 3)", "another source")
    assert charges.lower[0].evidence == ("below the smallest fee",)
    assert charges.examples[0].request.body == {"amount": 5.5}
    assert tools.reversible is not None
    assert tools.reversible.tool == "unstar"
    assert tools.examples[1].forbidden


WRONG = {
    "a category that is none": (
        "category: money",
        "category: must be one of 'deploy', 'external_communication', 'financial', 'deletion', "
        "'privilege' or 'third_party', not `money`",
    ),
    "an undo by nothing": (
        "reversible: {note: by hand}",
        "reversible: it names no call; write `{method, path}`, or `{tool}` for a tool call",
    ),
    "an undo by half a request": (
        "reversible: {method: POST}",
        "reversible: it names no call; write `{method, path}`, or `{tool}` for a tool call",
    ),
    "an undo by two calls": (
        "reversible: {method: POST, path: /a, tool: b}",
        "reversible: it names a request and a tool; write the one that undoes the rule's calls",
    ),
    "an undo by a tool": (
        "reversible: {tool: b}",
        "reversible: the rule names a request, and a tool call is to undo it; write a request",
    ),
    "an undo anywhere": (
        "reversible: {method: POST, path: /a/**}",
        "reversible.path: `/a/**` is not one path; write `{name}` for each part that varies",
    ),
    "an amount that is no path": (
        "amount: a..b",
        "amount: `a..b` is not a dotted path; write names, list positions or `*`, as in `items.*.kind`",
    ),
    "half a brace": (
        "summary: 'pays {amount'",
        "summary: `pays {amount` has a brace without its other half; write `{name}`",
    ),
    "an empty name": (
        "summary: 'pays {}'",
        "summary: `` is not a dotted path; write names, list positions or `*`, as in `items.*.kind`",
    ),
    "a format's trick": (
        "summary: 'pays {a.__class__[0]}'",
        "summary: `a.__class__[0]` is not a dotted path; write names, list positions or `*`, "
        "as in `items.*.kind`",
    ),
    "no evidence": (
        "evidence: ' '",
        "evidence: evidence is 1 to 2000 printable characters; write what, and where from",
    ),
    "an example without a tier": (
        "examples: [{request: {method: GET, url: 'https://a.test/'}}]",
        "examples[0]: it expects nothing or two things; write `tier` or `forbidden: true`",
    ),
    "an example of two minds": (
        "examples: [{request: {method: GET, url: 'https://a.test/'}, tier: 4, forbidden: true}]",
        "examples[0]: it expects nothing or two things; write `tier` or `forbidden: true`",
    ),
    "an example without a url": (
        "examples: [{request: {method: GET}, tier: 1}]",
        "examples[0].request: it is no whole call; write `{method, url}` or, for a tool, `{server, tool}`",
    ),
    "an example that is two calls": (
        "examples: [{request: {method: GET, url: 'https://a.test/', server: a, tool: b}, tier: 1}]",
        "examples[0].request: it is a request and a tool call; write two examples",
    ),
    "an example of another kind": (
        "examples: [{request: {server: a, tool: b}, tier: 1}]",
        "examples[0].request: the rule names a request, and this is a tool call",
    ),
    "an example with a path for a url": (
        "examples: [{request: {method: GET, url: /a}, tier: 1}]",
        "examples[0].request.url: `/a` is not a whole url; write scheme, host and path",
    ),
    "an example with a key that is none": (
        "examples: [{request: {method: GET, url: 'https://a.test/', boddy: x}, tier: 1}]",
        "examples[0].request.boddy: there is no such key here; did you mean `body`?",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_particulars(name: str) -> None:
    """Each wrong value gives this one line."""
    written, line = WRONG[name]
    text = f"version: 1\nrules:\n  - {{id: a, match: {{host: a.test}}, tier: 3, {written}}}\n"
    found = read(RulesFile, text, file="f")
    assert isinstance(found, tuple), "it was taken"
    assert [f"{problem.key.removeprefix('rules[0].')}: {problem.message}" for problem in found] == [line]


@pytest.mark.parametrize("name", ["Reversible", "ExampleRequest", "Example"])
def test_every_key_is_documented(name: str) -> None:
    """Each key has its sentence in the source."""
    model = getattr(particulars, name)
    lines = [line.strip() for line in inspect.getsource(model).splitlines()]
    for key in model.__annotations__:
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
        assert lines[at + 1].startswith('"""'), key
