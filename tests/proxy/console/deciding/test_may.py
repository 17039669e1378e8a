"""Who may do what."""

import pytest

from proxy.console.deciding.may import Act, check_may
from proxy.console.problem import Problem
from rules.reviewer import Reviewer
from tests.rules.test_decision import HOLD

EVE = Reviewer(name="eve")
OWN = {Act.APPROVE, Act.EDIT}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("requester", ["eve", "EVE", " e\u200bve ", "\uff45ve"])
def test_nobody_approves_what_they_ask_for(act: Act, requester: str) -> None:
    """However the name is written; anything that lets nothing run is free to them."""
    if act not in OWN:
        return check_may(EVE, act, HOLD, requester=requester)
    with pytest.raises(Problem) as raised:
        check_may(EVE, act, HOLD, requester=requester)
    assert (raised.value.status, "eve" in str(raised.value).lower()) == (403, requester.isascii())
    return None


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("requester", ["", " ", "ada", "eve2"])
def test_others_may(act: Act, requester: str) -> None:
    """Whoever the agent asks for, and where that is not known."""
    check_may(EVE, act, HOLD, requester=requester)
