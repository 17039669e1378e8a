"""Grants in Redis, signed by the console that gave them and sealed: whoever writes there grants nothing.

    {sidegate:<domain>}:grants             sorted set, id by the end of its time; listing drops the old ones
    {sidegate:<domain>}:grant:<id>         hash: `signed`; `revoked`, by whom; gone a day after its end
    {sidegate:<domain>}:grant-uses:<id>    set, the holds that were decided by it; gone with it

The only module that knows these keys.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from proxy.grants.spent import Spent
from proxy.keys.keyring import Keyring
from proxy.keys.seal import Seal
from proxy.keys.signing import Signer, Verifier
from proxy.metrics import Metrics
from proxy.store.record import text, texts
from proxy.store.store import Store
from rules.action import Action
from rules.granting.grant import CallGrant, lapse
from rules.granting.likeness import likeness_of
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.ruleset import Ruleset

logger = logging.getLogger(__name__)

MOST_KEPT = 500
"""Grants of one domain that are listed, and as many may be given within a day."""

_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_KEPT_ON = timedelta(days=1)
_SPEND = (Path(__file__).parent / "spend.lua").read_text()
_ADD = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return 'full' end
redis.call('HSET', KEYS[2], 'signed', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], 172800000)
return 'done'
"""
_REVOKE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HSETNX', KEYS[1], 'revoked', ARGV[1])
"""
_LIST = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', ARGV[2], 'LIMIT', 0, ARGV[3])
"""
_READ = """
local found = redis.call('HMGET', KEYS[1], 'signed', 'revoked')
return {found[1] or '', found[2] or '', redis.call('SMEMBERS', KEYS[2])}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A grant as it stands. `revoked`: who took it back; `uses`: the holds that were decided by it."""

    grant: CallGrant
    revoked: str
    uses: tuple[str, ...]

    @property
    def left(self) -> int:
        """How many calls it still lets run."""
        return max(0, self.grant.count - len(self.uses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The grants of one approval domain. Every method raises StoreUnavailable."""

    store: Store
    keyring: Keyring
    verifier: Verifier
    metrics: Metrics
    spent: Spent
    signer: Signer | None = None
    """None where nobody gives any."""

    async def add(self, grant: CallGrant) -> bool:
        """Keep it; False where there are too many, or nobody here can sign it."""
        if self.signer is None:
            return False
        name, plain = grant.grant_id, self.signer.signed_grant(grant)
        sealed = self.keyring.seals[0].close(plain, bound_to=_bound(name))
        now, until = _ms(grant.at), _ms(grant.until)
        kept = until - now + _KEPT_ON // timedelta(milliseconds=1)
        given: list[str | int] = [
            name,
            sealed.hex(),
            until,
            now - _KEPT_ON // timedelta(milliseconds=1),
            kept,
            MOST_KEPT,
        ]
        return text(await self.store.evaluate(_ADD, ["grants", f"grant:{name}"], given)) == "done"

    async def find(self, grant_id: str) -> Known | None:
        """The grant with that id, if a console has signed it."""
        if not _ID.fullmatch(grant_id):
            return None
        found: Any = await self.store.evaluate(_READ, [f"grant:{grant_id}", f"grant-uses:{grant_id}"], [])
        if not (sealed := text(found[0])):
            return None
        try:
            grant = self._opened(grant_id, sealed)
        except ValueError:
            # Its words could be anything.
            self.metrics.integrity_failures.inc()
            logger.error("grants.integrity grant=%s", grant_id)  # noqa: TRY400
            return None
        revoked = text(found[1]) or ("somebody" if await self._revoked_here(grant_id) else "")
        uses = (name for name in texts(found[2]) if _ID.fullmatch(name))
        return Known(grant=grant, revoked=revoked, uses=tuple(sorted(uses)))

    async def all(self, *, now: datetime, standing: bool = False) -> Sequence[Known]:
        """All that are kept, or those whose time is not over; the one that lasts longest first."""
        oldest = _ms(now - _KEPT_ON)
        since = _ms(now) if standing else oldest
        names = texts(await self.store.evaluate(_LIST, ["grants"], [oldest, since, MOST_KEPT]))
        found = [await self.find(name) for name in names]
        return [known for known in found if known is not None]

    async def revoke(self, known: Known, *, who: str) -> bool:
        """Take it back: nothing more is decided by it, and nothing that was is sent any more.

        False where somebody has already.
        """
        name = known.grant.grant_id
        try:
            await asyncio.to_thread(self.spent.revoke, name, known.grant.until)
        except (ValueError, OSError):
            # The store still hears of it.
            logger.error("grants.file_unwritable grant=%s", name)  # noqa: TRY400 (it says where elsewhere)
        return bool(await self.store.evaluate(_REVOKE, [f"grant:{name}"], [who]))

    async def spend(self, grant: CallGrant, hold: Hold, *, now: datetime) -> str:
        """Take one use for `hold`: `done`, or why not. Raises ValueError and OSError where `spent` does."""
        # The file first: it may count a use that the store refuses, and never the other way round.
        if not await asyncio.to_thread(self.spent.take, grant, hold.hold_id):
            return "spent"
        name, kept = grant.grant_id, _ms(grant.until + _KEPT_ON) - _ms(now)
        names = [f"grant:{name}", f"grant-uses:{name}", "kill"]
        return text(await self.store.evaluate(_SPEND, names, [hold.hold_id, grant.count, max(1, kept)]))

    def _opened(self, name: str, sealed: str) -> CallGrant:
        """The grant that was kept under that name. Raises ValueError."""
        raw, bound = bytes.fromhex(sealed), _bound(name)
        seal = Seal(self.keyring.key_of(raw, bound_to=bound), domain=self.keyring.domain)
        grant = self.verifier.read_grant(seal.open(raw, bound_to=bound).decode())
        if grant.grant_id != name:
            raise ValueError("it is kept under another one's name")
        return grant

    async def _revoked_here(self, grant_id: str) -> bool:
        try:
            return await asyncio.to_thread(self.spent.revoked, grant_id)
        except (ValueError, OSError):
            logger.error("grants.file_unreadable")  # noqa: TRY400 (whoever spends one is told)
            return True


async def lapsed(
    grants: Grants | None, hold: Hold, action: Action | ToolAction, *, verifier: Verifier, ruleset: Ruleset
) -> str | None:
    """Why the claimed `hold`, decided by a grant, may not run any more; None where a person looked at it."""
    decision = verifier.read(hold.decision)
    if not decision.grant:
        return None
    known = None if grants is None else await grants.find(decision.grant)
    if known is None or known.revoked:
        return "its grant was taken back"
    alike = likeness_of(hold, action, ruleset)
    if isinstance(alike, str):
        return f"its grant does not cover it any more: it {alike}"
    if known.grant.who != decision.who or not known.grant.likeness.covers(alike):
        return "its grant is for other calls"
    return "its grant's time is over" if lapse(known.grant, now=verifier.now()) else None


def _bound(name: str) -> dict[str, str]:
    return {"part": f"grant:{name}"}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
