"""Tests of a hold as Slack's blocks."""

from dataclasses import replace
from typing import Any

import pytest

from proxy.channels.slack.message import APPROVE, REJECT, Seen, may_approve, message
from rules.drift.difference import Change
from rules.hold import Hold, State
from rules.review.document import document
from rules.review.package import Around
from rules.verdict import Tier
from tests.proxy.channels.slack.workspace import buttons, checked, said
from tests.rules.calls import http
from tests.rules.review.held import facts

PACKAGE = document(facts(http("POST a.example/x")), Around())


def seen(hold: Hold, **changes: Any) -> Seen:
    """What a message is of."""
    whole: dict[str, Any] = {
        "hold": hold,
        "words": "do it",
        "standing": "waits",
        "package": PACKAGE,
        "link": "https://review.example/holds/x",
    }
    return Seen(**{**whole, **changes})


def held(**changes: Any) -> Hold:
    """A hold."""
    return replace(facts(http("POST a.example/x")).hold, **changes)


@pytest.mark.parametrize("state", [*State])
@pytest.mark.parametrize("tier", [Tier.EXTERNAL, Tier.HIGH_RISK])
def test_buttons(state: State, tier: Tier) -> None:
    """Of what waits in tier 3 alone."""
    hold = held(state=state, tier=tier)
    made = message(seen(hold)) | {"channel": "C0123456789"}
    decides = {APPROVE, REJECT} if state is State.PENDING and tier is Tier.EXTERNAL else set()
    assert set(buttons(checked(made))) == {"sidegate_open"} | decides
    assert may_approve(hold, PACKAGE) == (APPROVE in decides)


def test_what_does_not_open() -> None:
    """Can be rejected, and never approved."""
    hold = held(state=State.PENDING, tier=Tier.EXTERNAL)
    assert not may_approve(hold, None)
    assert set(buttons(message(seen(hold, package=None)))) == {"sidegate_open", REJECT}


def test_what_made_a_drill_one() -> None:
    """Is said once it is over, and acts no more than anything else of the call."""
    change = Change(path="<!here>", before="`*<@U0ADA>", after="\u202e")
    over, waits = (
        said(message(seen(held(state=state), changes=(change,)))) for state in (State.DRILLED, State.PENDING)
    )
    assert "made a drill by: `&lt;!here&gt;: \\x60*&lt;@U0ADA&gt; -&gt; \\u{202e}`" in over
    assert "drill" not in waits


def test_long_and_hostile_words() -> None:
    """Whatever a rule or a person wrote, Slack takes it."""
    evil = "<!here>\u202e`*" * 5000
    hold = held(state=State.PENDING, tier=Tier.EXTERNAL)
    made = message(seen(hold, words=evil, standing=evil)) | {"channel": "C0123456789"}
    text = said(checked(made))
    assert "<" not in text
    assert "\u202e" not in text
