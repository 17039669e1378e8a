"""The context package of a hold as a person reads it: what it does, what speaks about it, what was before."""

from collections.abc import Iterator
from typing import Any

from proxy.cli.terminal import block
from rules.review.money import grouped


def packaged(hold: dict[str, Any]) -> Iterator[str]:
    """The lines of the package, the agent's own words last."""
    package = hold.get("package")
    if package is None:
        return
    yield "what is known of it:"
    warnings = (f"warning: {warning}" for warning in package["warnings"])
    opened = (f"to be opened first: {name}, because {why}" for name, why in to_open(hold).items())
    for line in (*_facts(package), *_around(package), *warnings, *opened, *_said(package)):
        yield from block(line.replace("\n", " "))


def to_open(hold: dict[str, Any]) -> dict[str, str]:
    """The parts that have to be read whole before an approval, and why."""
    package = hold.get("package") or {"parts": []}
    return {part["name"]: part["open_first"] for part in package["parts"] if part["open_first"]}


def _facts(package: dict[str, Any]) -> Iterator[str]:
    if package["worded_by"] == "operation":
        yield f"it asks to {package['asks_to']}"
    if package["money"]:
        spent, since = package["around"]["spent_with_this"], package["around"]["since"]
        with_it = f", at least {grouped(spent)} since {since} with it" if spent else ""
        yield f"it moves {grouped(package['money'])}{with_it}"
    if people := package["recipients"]:
        yield f"recipients: {people['count']}, the first {', '.join(people['first'])}"
    if package["rows"] is not None:
        yield f"it names {package['rows']} things in a list"
    if package["other_side"]:
        seen = package["around"]["other_side_seen_before"]
        known = {True: ", known from before", False: ", never seen before", None: ""}[seen]
        yield f"the other side: {package['other_side']}{known}"
    yield f"to take it back: {package['reversal']}"
    for voice in package["why"]:
        evidence = f" ({'; '.join(voice['evidence'])})" if voice["evidence"] else ""
        fixed = ", which fixed it" if voice["fixed"] else ""
        yield f"tier {voice['tier']} by {voice['reason_id']}{fixed}: {voice['reason']}{evidence}"


def _around(package: dict[str, Any]) -> Iterator[str]:
    for name, words in (("similar", "a similar one"), ("last", "before, in this session")):
        for past in package["around"][name]:
            yield f"{words}: {past['asked_to']}, at {past['at']}: {past['became']}"
    yield f"if nobody answers until {package['decide_by']}, {package['unanswered']}"


def _said(package: dict[str, Any]) -> Iterator[str]:
    said = package["agent_says"]
    if said is None:
        return
    text = said["text"] if isinstance(said["text"], str) else said["text"]["text"]
    yield f"the agent says, and nobody has checked it: {text}"
