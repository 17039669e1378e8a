"""What agents asked for lately, in Redis, for the people who decide about their next call.

    {sidegate:<domain>}:past:<agent>  sorted set, an agent's newest calls by time, of all sessions, sealed

Names of agents, sessions, kinds of calls and other sides are keyed digests.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from proxy.agent import Agent
from proxy.keys.keyring import Keyring
from proxy.keys.seal import SealError
from proxy.store.record import StoreUnavailable
from rules.account import NOTHING, Account
from rules.call import Call, HttpCall
from rules.hold import Hold
from rules.review.facts import words_of_call
from rules.review.money import Money, money_of
from rules.review.past import LONGEST, MOST_KEPT, Past, shape_of
from rules.review.reach import party
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Tier, Verdict

logger = logging.getLogger(__name__)


class History:
    """The memory of one approval domain. `keep`: how long anything stays in it."""

    def __init__(
        self, redis: Redis, keyring: Keyring, *, keep: timedelta, ruleset: Callable[[], Ruleset]
    ) -> None:
        self._ruleset = ruleset
        self._redis = redis
        self._keyring = keyring
        self._keep = keep

    async def note(self, agent: Agent, call: Call, judged: Judgement | Hold) -> None:
        """Remember `call`, and forget the oldest beyond the bound. Raises StoreUnavailable."""
        rule = self._ruleset().rule(judged.rule)
        past = past_of(agent, call, judged, NOTHING if rule is None else rule.account)
        key, now = self._key(agent), past.at.timestamp()
        plain = json.dumps(asdict(past), default=str).encode()
        sealed = self._keyring.seals[0].close(plain, bound_to={"part": key})
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zadd(key, {sealed: now})
                pipeline.zremrangebyrank(key, 0, -MOST_KEPT - 1)
                pipeline.zremrangebyscore(key, "-inf", now - self._keep.total_seconds())
                pipeline.expire(key, self._keep)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store does not answer: {type(error).__name__}") from error

    async def newest(self, agent: Agent) -> Sequence[Past]:
        """All that is remembered of `agent`, the newest first. Raises StoreUnavailable."""
        key = self._key(agent)
        try:
            found: Any = await self._redis.zrevrange(key, 0, MOST_KEPT - 1)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store does not answer: {type(error).__name__}") from error
        opened = (self._opened(sealed, key) for sealed in found)
        return [past for past in opened if past is not None]

    def _opened(self, sealed: bytes, key: str) -> Past | None:
        for seal in self._keyring.seals:
            try:
                return _read(json.loads(seal.open(sealed, bound_to={"part": key})))
            except (SealError, ValueError, KeyError, TypeError):
                continue
        logger.warning("history.unreadable")
        return None

    def _key(self, agent: Agent) -> str:
        return f"{{sidegate:{self._keyring.domain}}}:past:{_whole(agent).keyed('past')}"


def past_of(agent: Agent, call: Call, judged: Judgement | Hold, account: Account) -> Past:
    """What is remembered of `call`, now."""
    other = party(call, account)
    held = isinstance(judged, Hold)
    verdict = Verdict.HOLD if isinstance(judged, Hold) else judged.verdict
    return Past(
        at=datetime.now(UTC),
        tier=judged.tier,
        verdict=verdict,
        words=(words_of_call(call, account, account.category) if held else _brief(call))[:LONGEST],
        shape=shape_key(agent, shape_of(call, judged.rule)),
        party="" if other is None else party_key(agent, other),
        session=session_key(agent),
        money=money_of(call, account),
        hold_id=judged.hold_id if isinstance(judged, Hold) else "",
        ran=verdict is Verdict.PASS,
    )


def shape_key(agent: Agent, shape: str) -> str:
    """The kind of a call, under a name that says nothing."""
    return _whole(agent).keyed("shape", shape)


def party_key(agent: Agent, party: str) -> str:
    """The other side of a call, under a name that says nothing."""
    return _whole(agent).keyed("party", party.strip().casefold())


def session_key(agent: Agent) -> str:
    """The agent's session, under a name that says nothing."""
    return agent.keyed("session")


def _whole(agent: Agent) -> Agent:
    """The agent whatever its session: what it did yesterday counts as well."""
    return replace(agent, principal=replace(agent.principal, session=""))


def _brief(call: Call) -> str:
    """Without its query, which often carries tokens."""
    if isinstance(call, HttpCall):
        return f"{call.method} {call.host}{call.target.partition('?')[0]}"
    return f"{call.tool} of {call.server}"


def _read(values: dict[str, Any]) -> Past:
    money = values.pop("money")
    return Past(
        at=datetime.fromisoformat(values.pop("at")),
        tier=Tier(int(values.pop("tier"))),
        verdict=Verdict(values.pop("verdict")),
        money=None if money is None else Money(amount=Decimal(money["amount"]), currency=money["currency"]),
        **values,
    )
