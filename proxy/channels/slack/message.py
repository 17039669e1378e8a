"""A hold as Slack's blocks: what others wrote is code in them, cut where Slack has no more room."""

import json
from dataclasses import dataclass
from typing import Any

from proxy.channels.told import Lines, lesson, lines, opens_elsewhere
from rules.drift.difference import Change
from rules.hold import Hold, State
from rules.review.inert import slack
from rules.verdict import Tier

MOST_TEXT = 2900
"""Characters of a section; Slack takes 3,000."""
_MOST_SECTIONS = 40
_MOST_VALUE = 450
"""Characters of one value on one line of ours; a longer one goes on in a line of its own."""

APPROVE, REJECT = "sidegate_approve", "sidegate_reject"

type Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a message is of. `package`: None where it does not open; `changes`: what made it a drill."""

    hold: Hold
    words: str
    standing: str
    package: dict[str, Any] | None
    link: str
    changes: tuple[Change, ...] = ()


def message(seen: Seen) -> dict[str, Any]:
    """The message's `text`, for notifications, and its blocks."""
    headline = f"tier {int(seen.hold.tier)}: the agent asks to {_code(seen.words)}"
    sections, whole = _sections(_facts(seen))
    blocks = [section(f"*{headline}*"), *sections, section(f"this hold {_code(seen.standing)}")]
    return {
        "text": headline,
        "blocks": [*blocks, {"type": "actions", "elements": _buttons(seen, whole=whole)}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def may_approve(hold: Hold, package: dict[str, Any] | None) -> bool:
    """Whether an approval from Slack is enough: never for what is high risk, or cannot be shown whole."""
    return hold.state is State.PENDING and hold.tier <= Tier.EXTERNAL and not opens_elsewhere(package)


def _facts(seen: Seen) -> Lines:
    """What is said of a hold that waits, or of a drill that is over."""
    if seen.hold.state is not State.PENDING:
        return lesson(seen.changes)
    return [] if seen.package is None else lines(seen.package)


def _sections(facts: Lines) -> tuple[list[Block], bool]:
    """Sections with all facts, and whether they are really all."""
    texts = [""]
    for label, value in facts:
        for piece in _pieces(value):
            line = f"{label}: {slack(piece)}\n"
            if len(texts[-1]) + len(line) > MOST_TEXT:
                texts.append("")
            texts[-1] += line
    whole = len(texts) <= _MOST_SECTIONS
    return [section(text) for text in texts[:_MOST_SECTIONS] if text], whole


def _pieces(value: str) -> list[str]:
    """`value` in lines that have room in a section, however its characters are spelled there."""
    return [value[at : at + _MOST_VALUE] for at in range(0, len(value), _MOST_VALUE)] or [""]


def _buttons(seen: Seen, *, whole: bool) -> list[Block]:
    buttons: list[Block] = [
        {
            "type": "button",
            "text": _plain("open in the console"),
            "url": seen.link,
            "action_id": "sidegate_open",
        }
    ]
    if seen.hold.state is not State.PENDING:
        return buttons
    package = seen.package
    preview = "" if package is None else package["preview"]
    value = json.dumps({"hold": seen.hold.hold_id, "digest": seen.hold.digest, "preview": preview})
    if seen.hold.tier <= Tier.EXTERNAL:
        buttons.append(_button("Reject", REJECT, value, "danger"))
    if whole and may_approve(seen.hold, package):
        buttons.append(_button("Approve", APPROVE, value, "primary"))
    return buttons


def _button(label: str, action: str, value: str, style: str) -> Block:
    return {
        "type": "button",
        "text": _plain(label),
        "action_id": action,
        "value": value,
        "style": style,
        "confirm": {
            "title": _plain(f"{label} this?"),
            "text": _plain("It is done as the message shows it."),
            "confirm": _plain(label),
            "deny": _plain("Not now"),
        },
    }


def section(text: str) -> Block:
    """A block of text in which nothing is looked for but what we wrote."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def _code(text: str) -> str:
    """`text` as code, or its beginning: one character may take ten."""
    most, shown = _MOST_VALUE, text
    while len(slack(shown)) > 2 * _MOST_VALUE:
        most //= 2
        shown = text[:most] + "..."
    return slack(shown)
