"""Operations that arguments and bodies name."""

from typing import Any

import pytest

from rules.general.effect import Effect
from rules.general.named_inside import MAX_VALUES, operations_in

CASES: dict[str, tuple[Any, list[Effect]]] = {
    "an action": ({"action": "delete_user"}, [Effect.DELETION]),
    "by other spellings": ({"toolName": "send_mail", "Tool-Name": "x"}, [Effect.COMMUNICATION]),
    "the tool of an agent": ({"agent_tool_name": "transfer_money"}, [Effect.FINANCIAL]),
    "a list of calls": (
        {"calls": [{"tool": "get_user"}, {"tool": "pay_invoice"}]},
        [Effect.FINANCIAL, Effect.READ],
    ),
    "a function with a name": (
        {"tool_calls": [{"function": {"name": "send_mail", "arguments": "{}"}}]},
        [Effect.COMMUNICATION],
    ),
    "below arguments": ({"arguments": {"params": {"operation": "purge"}}}, [Effect.DELETION]),
    "whose it is": ({"httpMethod": "delete", "request_verb": "PUT"}, [Effect.DELETION, Effect.CHANGE]),
    "whose it is, twice": ({"HTTPRequestMethod": "PATCH", "httpmethod": "PUT"}, [Effect.CHANGE] * 2),
    "below options": ({"options": {"method": "DELETE"}}, [Effect.DELETION]),
    "below a request": ({"httpRequest": {"init": {"verb": "PUT"}}}, [Effect.CHANGE]),
    "a way to pay": (
        {"payment_method": "charge", "delivery_method": "post", "options": {"sort": "delete"}},
        [],
    ),
    "nothing but whose": ({"http": "delete", "api": {"fetch": "delete"}}, []),
    "in text": ({"action": "please delete everything"}, []),
    "in what is written": ({"note": {"action": "delete"}, "text": "delete"}, []),
    "too deep": ({"data": {"data": {"data": {"data": {"data": {"action": "delete"}}}}}}, []),
    "of another type": ({"action": 7, "calls": "delete", "function": ["delete"]}, []),
    "no object": ([{"action": "delete"}], []),
}


@pytest.mark.parametrize("name", CASES)
def test_names(name: str) -> None:
    """Only where a dispatcher would look."""
    value, effects = CASES[name]
    assert [evidence.effect for evidence in operations_in(value)] == effects


def test_what_means_something_else_is_left_out() -> None:
    """The caller knows which names."""
    value: dict[str, Any] = {"method": "delete", "httpMethod": "delete", "httpmethod": "delete"}
    assert not list(operations_in(value, but=frozenset({"method"})))


def test_it_ends() -> None:
    """Long lists are looked at so far and no further."""
    found = list(operations_in({"calls": [{"tool": "get_user"}] * (MAX_VALUES * 5)}))
    assert len(found) < MAX_VALUES
