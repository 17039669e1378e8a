"""A token that runs out: renewed before it does, by one process for all, and kept before it is used."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from proxy.credentials.sources.answer import MAX_SKEW, Denied, Token
from proxy.credentials.sources.grants import Grant
from proxy.credentials.sources.secret import CredentialError, Keyed, Secret
from proxy.credentials.sources.shelf import Kept, Shelf
from proxy.failure import ended
from proxy.metrics import Metrics, Renewal

logger = logging.getLogger(__name__)

_ASK_AGAIN = 0.05
_PATIENCE = 45.0
_UNKNOWN_LIFETIME = 900.0


@dataclass(slots=True, kw_only=True)
class Renewed:
    """The token of one credential. `needed`: seconds for which it must still be good when it is given."""

    name: str
    grant: Grant
    shelf: Shelf
    keyed: Keyed
    now: Callable[[], float]
    metrics: Metrics
    needed: float
    tasks: asyncio.TaskGroup
    settings: str = ""
    """What the configuration says of it: a token that was made for something else is not used."""
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def secret(self, *, past: str | None = None) -> Secret:
        """A token that outlives the exchange, and not `past`. Raises CredentialError and StoreUnavailable."""
        seen = await self.shelf.read(self.name)
        if not self._serves(seen, past):
            seen = await self._newer(seen)
        return Secret(text=seen.text, generation=str(seen.generation))

    async def generation(self) -> str:
        """That of the token on the shelf."""
        return str((await self.shelf.read(self.name)).generation or "")

    def _serves(self, kept: Kept, past: str | None) -> bool:
        fits = kept.seed == self._seed() and str(kept.generation) != past
        return fits and kept.expires - self.now() > self.needed

    async def _newer(self, seen: Kept) -> Kept:
        """A newer token than `seen`, from here or from whoever else renews it."""
        owner = secrets.token_hex(8)
        try:
            async with asyncio.timeout(_PATIENCE), self._alone:
                while True:
                    if await self.shelf.take(self.name, owner):
                        return await self._unbroken(self._renew_alone(seen, owner))
                    await asyncio.sleep(_ASK_AGAIN)
                    if found := await self._came(seen):
                        return found
        except TimeoutError as error:
            raise self._fault("another process has been renewing it for too long: look at its log") from error

    async def _unbroken(self, renewal: Coroutine[Any, Any, Kept]) -> Kept:
        """What `renewal` returns, which ends also where nobody waits for it any more.

        Broken off between the endpoint's answer and its keeping, it would lose the only refresh token.
        """
        outcome = await asyncio.shield(self.tasks.create_task(ended(renewal)))
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def _renew_alone(self, seen: Kept, owner: str) -> Kept:
        try:
            # Between the look at the shelf and the right to change it, somebody else may have been done.
            return await self._came(seen) or await self._renew(await self.shelf.read(self.name))
        finally:
            await self.shelf.leave(self.name, owner)

    async def _came(self, seen: Kept) -> Kept | None:
        """The token that somebody has made since `seen`. Raises what they failed with."""
        kept = await self.shelf.read(self.name)
        # However short it lives: nobody can have a newer one.
        if kept.generation != seen.generation and kept.seed == self._seed() and kept.expires > self.now():
            return kept
        if why := await self.shelf.failure(self.name):
            raise CredentialError(why)
        return None

    async def _renew(self, last: Kept) -> Kept:
        seed = self._seed()
        try:
            token = await self.grant.token(last.refresh if last.seed == seed else None)
        except CredentialError as error:
            self._count(Renewal.DENIED if isinstance(error, Denied) else Renewal.FAILED)
            fault = self._fault(str(error))
            logger.error("credential.not_renewed credential=%s why=%s", self.name, error)  # noqa: TRY400
            await self.shelf.fail(self.name, str(fault))
            raise fault from error
        kept = self._kept(token, last, seed)
        # Before anybody uses it: a refresh token that was used and is lost ends the whole grant.
        if not await self.shelf.keep(self.name, kept):
            kept = await self.shelf.read(self.name)
        self._count(Renewal.RENEWED)
        logger.info("credential.renewed credential=%s generation=%d", self.name, kept.generation)
        return kept

    def _kept(self, token: Token, last: Kept, seed: str) -> Kept:
        now = self.now()
        if token.ahead is not None and abs(token.ahead) > MAX_SKEW:
            logger.warning("credential.clock_skew credential=%s seconds_ahead=%.0f", self.name, token.ahead)
        lifetime = _UNKNOWN_LIFETIME + self.needed if token.lifetime is None else token.lifetime
        made = Kept(text=token.text, made=now, expires=now + lifetime, refresh=token.refresh, seed=seed)
        return replace(made, generation=last.generation + 1)

    def _seed(self) -> str:
        try:
            return self.keyed(f"{self.settings}\n{self.grant.seed()}")
        except CredentialError as error:
            raise self._fault(str(error)) from error

    def _fault(self, why: str) -> CredentialError:
        return CredentialError(f"the credential `{self.name}` cannot be renewed: {why}")

    def _count(self, outcome: Renewal) -> None:
        self.metrics.credential_renewals.labels(self.name, outcome).inc()
