"""Things that people keep for themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import ToolCall, ToolDefinition
from rules.general.own_thing import MAX_VALUES, is_own

LISTED = frozenset(
    {"create_calendar_event", "cancel_calendar_event", "create_file", "delete_file", "TodoistDeleteTask"}
    | {"delete_user", "delete_payment_task", "delete_email_draft", "discard_draft", "delete_note_events"}
)


def called(name: str, /, **arguments: Any) -> ToolCall:
    """A call of a tool whose server lists the tools above."""
    definition = ToolDefinition(siblings=LISTED)
    return ToolCall(server="s", tool=name, arguments=arguments, definition=definition)


OWN: dict[str, ToolCall] = {
    "an event": called("create_calendar_event", title="lunch", participants=[], cc=None),
    "a file": called("create_file", path="a.txt", content="x"),
    "a task of a product": called("TodoistCreateTask", title="x"),
    "a draft": called("save_draft", body="x"),
}
OTHERS: dict[str, ToolCall] = {
    "an event with guests": called("create_calendar_event", participants=["a"]),
    "guests further down": called("create_calendar_event", event={"guests": [{"name": "a"}]}),
    "an address in a text": called("create_calendar_event", title="lunch with a@b.test"),
    "a public file": called("create_file", visibility="public"),
    "a user": called("create_user", name="a"),
    "a task that pays": called("create_payment_task"),
    "a draft of mail": called("create_email_draft"),
    "no undo": called("create_note"),
    "the undo of something else": called("create_note_event"),
    "the undo of another product": called("OtherCreateTask"),
    "a change": called("update_calendar_event"),
    "a verb and no thing": called("create"),
    "no name": called(""),
    "too much to look through": called("create_file", rows=[[0]] * MAX_VALUES),
}


@pytest.mark.parametrize("name", OWN)
def test_own(name: str) -> None:
    """Named kinds of things with their undo in the same list."""
    assert is_own(OWN[name])


@pytest.mark.parametrize("name", OTHERS)
def test_others(name: str) -> None:
    """What may reach others, or has no undo, or is money, messages or access."""
    assert not is_own(OTHERS[name])


def test_a_tool_that_is_not_listed() -> None:
    """Without the server's list there is no evidence."""
    assert not is_own(ToolCall(server="s", tool="create_file", arguments={}))


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.none()))
def test_arguments_never_make_it_own(arguments: dict[str, Any]) -> None:
    """What is none without arguments is none with them."""
    call = ToolCall(
        server="s", tool="create_user", arguments=arguments, definition=ToolDefinition(siblings=LISTED)
    )
    assert not is_own(call)
