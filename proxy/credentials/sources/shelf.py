"""Tokens in Redis, sealed: what one process renewed, all of them use. The only module that knows these keys.

{sidegate:<domain>}:token:<name>          hash: generation, and the sealed token and refresh token;
                                          kept, because a refresh token that is lost cannot be had again
{sidegate:<domain>}:tokens                set, the names under which there are some
{sidegate:<domain>}:token-renewer:<name>  who is renewing it; gone when that process is
{sidegate:<domain>}:token-failure:<name>  why the last renewal failed; for some seconds, so that
                                          those who waited for it do not all fail once more
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from proxy.credentials.sources.secret import CredentialError
from proxy.keys.keyring import KeyMissing, Keyring
from proxy.keys.seal import Seal, SealError
from proxy.store.record import StoreUnavailable, text, texts

logger = logging.getLogger(__name__)

_RENEWING_MS = 60_000
_FAILED_MS = 5_000
# INVARIANT: of two that renewed the same generation, only the first is kept: its refresh token is the
# one that the other's use did not end, or nobody's is.
_KEEP = """
if (redis.call('HGET', KEYS[1], 'generation') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2])
redis.call('HSET', KEYS[1], 'generation', ARGV[1] + 1)
redis.call('DEL', KEYS[2])
redis.call('SADD', KEYS[3], ARGV[3])
return 1
"""
# INVARIANT: what replaces a sealed token is the same one under another wrapping, or nothing does.
_RESEAL = """
if redis.call('HGET', KEYS[1], 'sealed') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2])
return 1
"""
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A token on the shelf. Times are of the wall clock, in seconds."""

    generation: int = 0
    text: str = field(default="", repr=False)
    made: float = 0.0
    expires: float = 0.0
    refresh: str | None = field(default=None, repr=False)
    seed: str = ""
    """Keyed hash of what the operator gave for it."""


NOTHING = Kept()
_SEALED = ("text", "made", "expires", "refresh", "seed")


class Moved(StrEnum):
    """What became of what was to be wrapped with the newest key."""

    DONE = "done"
    """It is now."""
    NEWEST = "newest"
    """It was already."""
    CHANGED = "changed"
    """It was replaced meanwhile: the next pass finds it."""
    UNOPENED = "unopened"
    """No known key opens it."""
    GONE = "gone"
    """There is nothing any more."""


class Shelf:
    """The kept tokens of one approval domain, by name of the credential."""

    def __init__(self, redis: Redis, *, domain: str, keyring: Keyring) -> None:
        self._redis = redis
        self._keyring = keyring
        self._prefix = f"{{sidegate:{domain}}}"
        self._index = f"{self._prefix}:tokens"
        self._keep = redis.register_script(_KEEP)
        self._leave = redis.register_script(_LEAVE)
        self._reseal = redis.register_script(_RESEAL)

    async def read(self, name: str) -> Kept:
        """The token of that name; one that does not open counts as none."""
        async with _guarded():
            found = await self._redis.hmget(self._key("token", name), ["generation", "sealed"])
        generation, sealed = cast(list[bytes | None], found)
        if generation is None or sealed is None:
            return NOTHING
        if not generation.isdigit():
            logger.error("credential.integrity credential=%s", name)
            # Renewed all the same, the new token could not be kept, and the refresh token would be used up.
            raise CredentialError(f"the kept token of `{name}` was altered: delete its key and sign in anew")
        try:
            plain = self._open(sealed, bound_to=_bound(name, int(generation)))
        except KeyMissing as error:
            # It is not lost, and what the operator gave at first has been used up by it.
            raise CredentialError(f"the kept token of `{name}` cannot be opened: {error}") from error
        except SealError:
            logger.error("credential.integrity credential=%s", name)  # noqa: TRY400
            return Kept(generation=int(generation))
        content = json.loads(plain)
        return Kept(generation=int(generation), **{member: content[member] for member in _SEALED})

    async def keep(self, name: str, kept: Kept) -> bool:
        """Put a renewed token in place of the generation before it; False if another one came first."""
        content = {member: getattr(kept, member) for member in _SEALED}
        sealed = self._close(json.dumps(content).encode(), bound_to=_bound(name, kept.generation))
        keys = [self._key("token", name), self._key("token-failure", name), self._index]
        async with _guarded():
            return bool(await self._keep(keys, [kept.generation - 1, sealed, name]))

    async def names(self) -> Sequence[str]:
        """The names of all kept tokens, also of credentials that are no longer configured."""
        async with _guarded():
            return sorted(texts(await self._redis.smembers(self._index)))

    async def rewrap(self, name: str) -> Moved:
        """Put the token's data key under the newest key, unless it was renewed meanwhile."""
        async with _guarded():
            found = await self._redis.hmget(self._key("token", name), ["generation", "sealed"])
        generation, sealed = cast(list[bytes | None], found)
        if generation is None or sealed is None:
            return Moved.GONE
        wrapped, _, content = sealed.partition(b"\n")
        if self._keyring.newest(text(wrapped)):
            return Moved.NEWEST
        try:
            bound = _bound(name, int(generation))
            data_key = self._keyring.unwrap(text(wrapped), bound_to=bound)
        except ValueError:  # a SealError, or no generation
            return Moved.UNOPENED
        anew = self._keyring.wrap(data_key, bound_to=bound).encode() + b"\n" + content
        async with _guarded():
            done = await self._reseal([self._key("token", name)], [sealed, anew])
        return Moved.DONE if done else Moved.CHANGED

    async def take(self, name: str, owner: str) -> bool:
        """Become the one who renews; False while somebody else is."""
        async with _guarded():
            return bool(
                await self._redis.set(self._key("token-renewer", name), owner, nx=True, px=_RENEWING_MS)
            )

    async def leave(self, name: str, owner: str) -> None:
        """Let somebody else renew."""
        async with _guarded():
            await self._leave([self._key("token-renewer", name)], [owner])

    async def fail(self, name: str, why: str) -> None:
        """Tell those who wait why it could not be renewed."""
        async with _guarded():
            await self._redis.set(self._key("token-failure", name), why, px=_FAILED_MS)

    async def failure(self, name: str) -> str | None:
        """Why it could not be renewed some seconds ago."""
        async with _guarded():
            why = await self._redis.get(self._key("token-failure", name))
        return None if why is None else text(why)

    def _close(self, plain: bytes, *, bound_to: dict[str, str]) -> bytes:
        """`plain` under a data key of its own, which stands before it, wrapped."""
        wrapped = self._keyring.fresh(bound_to=bound_to)
        return wrapped.encode() + b"\n" + self._data(wrapped, bound_to).close(plain, bound_to=bound_to)

    def _open(self, sealed: bytes, *, bound_to: dict[str, str]) -> bytes:
        wrapped, _, content = sealed.partition(b"\n")
        return self._data(text(wrapped), bound_to).open(content, bound_to=bound_to)

    def _data(self, wrapped: str, bound_to: dict[str, str]) -> Seal:
        return Seal(self._keyring.unwrap(wrapped, bound_to=bound_to), domain=self._keyring.domain)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{kind}:{name}"


def _bound(name: str, generation: int) -> dict[str, str]:
    return {"part": "token", "name": name, "generation": str(generation)}


@asynccontextmanager
async def _guarded() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"the store does not answer: {type(error).__name__}") from error
