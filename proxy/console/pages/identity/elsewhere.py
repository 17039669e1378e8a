"""Logging in at the provider, and out again."""

import logging
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from proxy.console.pages.identity.login import address_of, agent_of, check_attempts
from proxy.console.pages.shell import Shell, finished, own_path
from proxy.console.people.attempts import Attempts
from proxy.console.people.elsewhere.pending import LASTS, Begun, NoProof, Pending
from proxy.console.people.elsewhere.persons import Found, Nobody, find
from proxy.console.people.elsewhere.provider import CodeRefused, Provider, ProviderFault
from proxy.console.people.sessions import Origin
from proxy.console.problem import Obstacle, Problem
from rules.review.inert import visible

logger = logging.getLogger(__name__)

_LONGEST = 4096
_WORD = 64


class Elsewhere:
    """The two routes of a login at the provider."""

    def __init__(self, shell: Shell, provider: Provider | None) -> None:
        self._shell = shell
        self._provider = provider
        self._pending = Pending(shell.reviewing.now)
        self._attempts = Attempts(shell.reviewing.now)

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        return await self._shell.guarded(request, lambda: self._begun(request), session=None)

    async def finish(self, request: Request) -> Response:
        """Take the provider's answer, and log in whom it names."""
        return await self._shell.guarded(request, lambda: self._finished(request), session=None)

    async def _begun(self, request: Request) -> Response:
        provider = self._needed()
        try:
            where = (await provider.published()).authorization_endpoint
        except ProviderFault as fault:
            raise _unusable(fault) from fault
        cookie = secrets.token_urlsafe(32)
        begun = self._pending.begin(cookie, path=own_path(request.query_params.get("next", "/holds")))
        joint = "&" if "?" in where else "?"
        response = finished(RedirectResponse(f"{where}{joint}{urlencode(_asked(begun, provider))}", 303))
        # Lax: the provider's answer comes from its own pages.
        response.set_cookie(
            self._cookie(provider),
            cookie,
            max_age=int(LASTS.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=provider.secure,
        )
        return response

    async def _finished(self, request: Request) -> Response:
        provider, address = self._needed(), address_of(request)
        check_attempts(self._attempts, address, what="from this address")
        self._attempts.fail(address)
        try:
            begun, found, hint = await self._proven(request, provider)
        except ProviderFault as fault:
            raise _unusable(fault) from fault
        except (NoProof, CodeRefused) as refused:
            logger.warning("console.login_failed way=oidc address=%s why=%s", address, refused)
            raise _failed(str(refused)) from refused
        except Nobody as nobody:
            logger.warning("console.login_failed way=oidc address=%s why=%s", address, nobody)
            raise Problem(403, Obstacle.NOBODY, f"nobody was logged in: {nobody}") from nobody
        self._attempts.succeed(address)
        logger.info("console.logged_in reviewer=%s way=oidc", found.who.name)
        # A page, and not a redirect: on a way that began elsewhere a browser sends no strict cookie.
        response = self._shell.show("welcome.html", None, {"who": found.who, "path": begun.path})
        response.delete_cookie(self._cookie(provider), secure=provider.secure, httponly=True, samesite="lax")
        origin = Origin(way="oidc", address=address, agent=agent_of(request), known=found.known, hint=hint)
        return self._shell.open(request, response, found.who, origin=origin, secure=provider.secure)

    async def _proven(self, request: Request, provider: Provider) -> tuple[Begun, Found, str]:
        """The login that this is the answer to, whom it names, and the provider's token."""
        # Its libraries are an extra: who has no provider needs them not.
        from proxy.console.people.elsewhere.proof import claims_of

        said = _read(request)
        begun = self._pending.finish(said.get("state", ""), request.cookies.get(self._cookie(provider), ""))
        if begun is None:
            raise NoProof("it was not begun in this browser, was used already, or took too long")
        published = await provider.published()
        issuer = said.get("iss")
        if issuer != provider.entry.issuer and (issuer is not None or published.names_itself):
            raise NoProof("the answer is another provider's")
        if "error" in said or "code" not in said:
            raise NoProof(f"the provider says `{visible(said.get('error', 'nothing'))[:_WORD]}`")
        tokens = await provider.exchange(said["code"], verifier=begun.verifier)
        claims = await claims_of(tokens, begun, provider, now=self._shell.reviewing.now())
        return begun, find(claims, provider.entry, self._shell.reviewing.people), tokens.id_token

    def _needed(self) -> Provider:
        if self._provider is None:
            raise Problem(404, Obstacle.NOT_FOUND, "`console.oidc` names no provider: log in another way")
        return self._provider

    def _cookie(self, provider: Provider) -> str:
        return f"{'__Host-' if provider.secure else ''}{self._shell.cookie}_login"


def _asked(begun: Begun, provider: Provider) -> Mapping[str, str]:
    """What the provider is asked for."""
    return {
        "response_type": "code",
        "client_id": provider.entry.client_id,
        "redirect_uri": provider.entry.redirect_uri,
        "scope": " ".join(provider.entry.scopes),
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
    }


def _read(request: Request) -> dict[str, str]:
    """What the answer says, each thing once. Raises NoProof."""
    pairs = request.query_params.multi_items()
    said = dict(pairs)
    if len(said) != len(pairs) or any(len(value) > _LONGEST for value in said.values()):
        raise NoProof("the answer says something twice, or too much")
    return said


def _failed(why: str) -> Problem:
    detail = f"nobody was logged in: {why}; begin again at the login"
    return Problem(401, Obstacle.LOGIN_FAILED, detail)


def _unusable(fault: ProviderFault) -> Problem:
    logger.error("console.provider_unusable why=%s", fault)
    detail = "the provider cannot be used now, its log has why: log in another way, or try again later"
    return Problem(502, Obstacle.PROVIDER, detail)
