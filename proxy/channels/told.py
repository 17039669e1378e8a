"""A hold as people read it outside the console: its context package as labelled lines."""

from collections.abc import Iterable, Iterator
from typing import Any

from rules.drift.difference import Change
from rules.hold import Event, Hold
from rules.review.money import grouped

type Lines = list[tuple[str, str]]
"""Labels and values: a label is our own word, whatever others wrote is in a value."""

AGAIN = {Event.REMIND: "reminder", Event.PROLONG: "still undecided"}
"""Steps after which people are told once more of a hold that waits, and what stands before its words then."""


def again(event: str, hold: Hold) -> str:
    """What stands before the words of a hold that people are told of once more; empty for the first time."""
    words = next((words for step, words in AGAIN.items() if step == event), "")
    return f"{words}, {hold.escalated_to} is asked" if words and hold.escalated_to else words


def lines(package: dict[str, Any]) -> Lines:
    """What a package says, the agent's own words last. Every text in it is inert already."""
    return [*_facts(package), *_change(package), *_parts(package), *_around(package), *_said(package)]


def lesson(changes: Iterable[Change]) -> Lines:
    """What made a drill one, once it is over. Nothing in it is inert."""
    return [("made a drill by", f"{one.path or 'the whole'}: {one.before} -> {one.after}") for one in changes]


def opens_elsewhere(package: dict[str, Any] | None) -> bool:
    """Whether some of it cannot be shown here, so that nobody may approve it from here."""
    return package is None or any(part["open_first"] for part in package["parts"])


def _facts(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "request", f"{package['method']} {_text(package['url'])}"
    if package["money"]:
        yield "sum", grouped(package["money"])
    if package["recipients"]:
        people = package["recipients"]
        yield "recipients", f"{people['count']}: {', '.join(people['first'])}"
    if package["rows"] is not None:
        yield "things in a list", str(package["rows"])
    if package["other_side"]:
        yield "other side", package["other_side"]
    yield "to take it back", package["reversal"]
    yield "who asks", ", ".join(f"{part} {name}" for part, name in package["principal"].items()) or "unknown"
    for voice in package["why"]:
        yield f"tier {voice['tier']}{', which fixed it' if voice['fixed'] else ''}", voice["reason"]
    for warning in package["warnings"]:
        yield "warning", warning


def _change(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    changes = package["changes"]
    for change in changes["first"] if changes else ():
        yield "changes", f"{change['path'] or 'the whole'}: {change['before']} -> {change['after']}"


def _parts(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part in package["parts"]:
        if part["open_first"]:
            yield part["name"], f"{part['size']} bytes, to be opened on the console: {part['open_first']}"
        elif part["shown"]:
            yield part["name"], part["shown"]


def _around(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    around = package["around"]
    if around["spent_with_this"]:
        yield "spent with this", f"{grouped(around['spent_with_this'])} since {around['since']}"
    for past in around["similar"]:
        yield "a similar one", f"{past['asked_to']}: {past['became']}"
    yield "if nobody answers", f"until {package['decide_by']}: {package['unanswered']}"


def _said(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    said = package["agent_says"]
    if said is not None:
        yield "the agent says, unchecked", _text(said["text"])


def _text(value: Any) -> str:
    """A text, or the beginning of one with its length."""
    if isinstance(value, str):
        return value
    return str(value["text"]) if value["whole"] else f"{value['text']}... ({value['length']} characters)"
