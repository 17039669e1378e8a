"""A random few of the calls that passed, for people to say afterwards whether that was right.

    {sidegate:<domain>}:passed             sorted set, id by when it is forgotten, in ms
    {sidegate:<domain>}:passed-unlabelled  the same of those about which nobody has said anything
    {sidegate:<domain>}:passed:<id>        the call, sealed; expires by itself

What people say of them is kept by `labels`, under the id.
"""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy.keys.keyring import Keyring
from proxy.keys.seal import SealError
from proxy.store.record import texts
from proxy.store.store import Store
from rules.action import Action, Principal
from rules.headers import Fields
from rules.mcp.action import ToolAction
from rules.verdict import Judgement, Tier

LONGEST_BODY = 64 * 1024
"""Bytes of a body; of a longer one the beginning is kept."""

_ALL, _UNLABELLED = "passed", "passed-unlabelled"
_NOW = "local clock = redis.call('TIME') local now = clock[1] * 1000 + math.floor(clock[2] / 1000) "
_KEEP = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""
)
_NEWEST = _NOW + "return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. now, 'LIMIT', 0, ARGV[1])"
_WAITING = _NOW + "return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')"
_FIND = "return redis.call('GET', KEYS[1])"
_LABELLED = "return redis.call('ZREM', KEYS[1], ARGV[1])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One call that passed, without its credentials, and why."""

    sample_id: str
    at: datetime
    tier: Tier
    reason_id: str
    reason: str
    rule: str | None
    method: str
    url: str
    place: str
    """The host or the MCP server."""
    fields: Fields
    body: bytes
    body_size: int
    """Of the whole body."""
    principal: Principal

    @classmethod
    def of(cls, sample_id: str, action: Action | ToolAction, judgement: Judgement) -> "Sample":
        """That of a call that passes now."""
        return cls(
            sample_id=sample_id,
            at=datetime.now(UTC),
            tier=judgement.tier,
            reason_id=str(judgement.reason_id),
            reason=judgement.reason,
            rule=judgement.rule,
            method=action.method,
            url=action.url,
            place=action.server if isinstance(action, ToolAction) else action.host,
            fields=action.fields,
            body=action.body[:LONGEST_BODY],
            body_size=len(action.body),
            principal=action.principal,
        )


@dataclass(frozen=True, slots=True)
class Passes:
    """Those of one approval domain."""

    store: Store
    keyring: Keyring

    async def keep(self, sample: Sample, *, ttl: timedelta, most: int) -> bool:
        """Keep it for a while; False while there are `most` already. Raises StoreUnavailable."""
        sealed = self.keyring.seals[0].close(_written(sample), bound_to=_bound(sample.sample_id))
        names = [_ALL, _UNLABELLED, f"passed:{sample.sample_id}"]
        given: list[str | int | bytes] = [sample.sample_id, sealed, int(ttl.total_seconds() * 1000), most]
        return bool(await self.store.evaluate(_KEEP, names, given))

    async def newest(self, *, unlabelled: bool, most: int) -> Sequence[Sample]:
        """The newest first: those that nobody has labelled, or all."""
        ids = texts(await self.store.evaluate(_NEWEST, [_UNLABELLED if unlabelled else _ALL], [most]))
        found = [await self.find(sample_id) for sample_id in ids]
        return [sample for sample in found if sample is not None]

    async def find(self, sample_id: str) -> Sample | None:
        """The one with this id; None where there is none that opens."""
        sealed: Any = await self.store.evaluate(_FIND, [f"passed:{sample_id}"], [])
        for seal in self.keyring.seals if sealed else ():
            with suppress(SealError, ValueError, KeyError, TypeError):
                return _read(json.loads(seal.open(sealed, bound_to=_bound(sample_id))))
        return None

    async def labelled(self, sample_id: str) -> None:
        """Somebody has said something about it."""
        await self.store.evaluate(_LABELLED, [_UNLABELLED], [sample_id])

    async def waiting(self) -> int:
        """About how many nobody has said anything."""
        return int(await self.store.evaluate(_WAITING, [_UNLABELLED], []))


def _bound(sample_id: str) -> dict[str, str]:
    return {"part": "passed", "sample_id": sample_id}


def _written(sample: Sample) -> bytes:
    values = asdict(sample) | {
        "at": sample.at.isoformat(),
        "tier": int(sample.tier),
        "fields": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in sample.fields],
        "body": base64.b64encode(sample.body).decode("ascii"),
    }
    return json.dumps(values).encode()


def _read(values: dict[str, Any]) -> Sample:
    return Sample(
        **values
        | {
            "at": datetime.fromisoformat(values["at"]),
            "tier": Tier(values["tier"]),
            "fields": tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in values["fields"]),
            "body": base64.b64decode(values["body"]),
            "principal": Principal(**values["principal"]),
        }
    )
