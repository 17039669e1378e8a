"""What the gate asks of a server by itself, over the session of a request; `test_http` tries the rest."""

from types import SimpleNamespace
from typing import Any, cast

from proxy.mcp.http_courier import HttpCourier
from rules.verdict import Judgement, ReasonId, Tier, Verdict

_HELD = Judgement(tier=Tier.EXTERNAL, verdict=Verdict.HOLD, reason_id=ReasonId.RULE, reason="a rule")


async def test_nothing_is_listed_where_a_rule_stops_requests() -> None:
    """The gate does not send by itself what its agent may not."""
    nothing = cast(Any, SimpleNamespace())
    courier = HttpCourier(
        call=nothing, live=(), meta={}, beside=[_HELD], shelf=nothing, server="", replayer=nothing
    )
    await courier.list_tools()
