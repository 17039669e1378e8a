"""What a receipt is made of; that it cannot be changed is shown where consoles give them."""

from dataclasses import replace

import rfc8785

from rules.action import Principal
from rules.audit.receipt import Witnesses, about, compose, statement
from rules.mcp.action import ToolAction
from tests.rules.audit.chains import BEGAN, chain
from tests.rules.audit.test_facts import DECIDED, HOLD

NOTHING = Witnesses(action=None, document=None, records=())


def test_it_is_signed_but_for_its_signature() -> None:
    """Over its RFC 8785 form."""
    made = compose(DECIDED, NOTHING, domain="d", key="k", at=BEGAN)
    assert statement(made | {"signature": "x"}) == statement(made)
    assert statement(made) == b"sidegate audit receipt\n" + rfc8785.dumps(made)


def test_of_a_tool_call_it_has_the_tool_and_a_hash() -> None:
    """No argument."""
    action = ToolAction(
        server="bank", place="p", tool="pay", body=b'{"pin":"hunter2"}', principal=Principal()
    )
    made = compose(HOLD, replace(NOTHING, action=action), domain="d", key="k", at=BEGAN)
    assert (made["asked"]["server"], made["asked"]["tool"]) == ("bank", "pay")
    assert "hunter2" not in repr(made)


def test_a_stored_decision_that_is_none_makes_a_receipt_that_is_wrong() -> None:
    """And raises nothing."""
    made = compose(replace(HOLD, decision="x" * 200), NOTHING, domain="d", key="k", at=BEGAN)
    assert made["decided"] == [{"signature": "x" * 128, "statement": None}]


def test_records_are_found_by_their_hold() -> None:
    """And not by what only looks like it."""
    assert list(about(chain(), "01H")) == []
