"""A provider that says whatever a test wants it to say, signed with whatever key, over real sockets."""

import asyncio
import json
import secrets
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from proxy.console.people.elsewhere.provider import Provider
from proxy.console.people.entry import ConsoleEntry, OidcEntry
from proxy.serving.listener import Listener
from tests.proxy.console.world import BASE, World
from tests.proxy.credentials.trust import endpoint

CLIENT = "side gate"
CALLBACK = f"{BASE}/login/oidc/callback"
type Key = RSAKey | ECKey | OctKey


def new_key(kid: str, kind: str = "RSA") -> Key:
    """A key with that id."""
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters={"kid": kid})
    if kind == "oct":
        return OctKey.generate_key(256, parameters={"kid": kid})
    return RSAKey.generate_key(2048, parameters={"kid": kid})


KEY, OTHER = new_key("k1"), new_key("k2")


@dataclass(slots=True, kw_only=True)
class Rogue:
    """What it says; `code -> nonce and challenge` of the logins that were begun there."""

    url: str = ""
    published: dict[str, Any] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=lambda: [KEY])
    signer: Key = field(default_factory=lambda: KEY)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "k1"})
    claims: dict[str, Any] = field(default_factory=dict)
    """In place of what an honest one says; None takes a claim away."""
    raw: Callable[[str], str] = lambda token: token
    answer: dict[str, Any] | None = None
    redirects: bool = False
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        """Its addresses."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def authorize(self, location: str) -> str:
        """What a browser brings back from the authorization endpoint: a code for whoever asks."""
        said = dict(parse_qsl(urlsplit(location).query))
        code = secrets.token_urlsafe(8)
        self.begun[code] = said
        return code

    def token(self, nonce: str) -> str:
        """The ID token, with what is wrong about it."""
        now = int(time.time())
        honest = {"iss": self.url, "aud": CLIENT, "sub": "u-1", "nonce": nonce, "iat": now, "exp": now + 300}
        said = {name: value for name, value in (honest | self.claims).items() if value is not None}
        if self.header["alg"] == "none":
            return ".".join((_b64(self.header), _b64(said), ""))
        if "crit" in self.header and isinstance(self.signer, RSAKey):
            # The library would not sign that either.
            head = f"{_b64(self.header)}.{_b64(said)}"
            sign = cast(rsa.RSAPrivateKey, self.signer.private_key).sign
            signature = sign(head.encode(), padding.PKCS1v15(), hashes.SHA256())
            return f"{head}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        return jwt.encode(self.header, said, self.signer, algorithms=[self.header["alg"]])

    async def _discovery(self, _request: Request) -> Response:
        self.asked.append("discovery")
        if self.redirects:
            return RedirectResponse(f"{self.url}/jwks")
        own = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }
        return JSONResponse({n: v for n, v in (own | self.published).items() if v is not None})

    async def _jwks(self, _request: Request) -> Response:
        self.asked.append("jwks")
        return JSONResponse({"keys": [key.as_dict(private=isinstance(key, OctKey)) for key in self.keys]})

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        begun = self.begun.get(form.get("code", ""))
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        fits = begun and begun["code_challenge"] == challenge.decode() and form["redirect_uri"] == CALLBACK
        if not begun or not fits or form["code"] in self.used:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.used.add(form["code"])
        answer = self.answer if self.answer is not None else {}
        token = self.raw(self.token(begun["nonce"]))
        return JSONResponse({"id_token": token, "access_token": "at", "token_type": "Bearer"} | answer)


def _b64(value: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def rogue_provider(**settings: Any) -> AsyncIterator[Rogue]:
    """A running one on loopback."""
    rogue = Rogue(**settings)
    bound = socket.create_server(("127.0.0.1", 0))
    rogue.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    listener = Listener(rogue.app(), bound)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        try:
            yield rogue
        finally:
            listener.stop()
            await running


def oidc(rogue: Rogue, **said: Any) -> OidcEntry:
    """The configuration of a console whose people log in there."""
    own = {"name": "Example", "issuer": rogue.url, "client_id": CLIENT, "redirect_uri": CALLBACK}
    return OidcEntry.model_validate_json(json.dumps(own | said))


class Visitor:
    """A browser at a console whose people log in at `rogue`."""

    def __init__(self, world: World, rogue: Rogue, entry: ConsoleEntry) -> None:
        self.rogue = rogue
        self.world = replace(world, entry=entry)
        assert entry.oidc is not None
        self.provider = Provider(entry.oidc, endpoint=endpoint(), now=world.clock)
        self.client = self._client()

    def _client(self) -> httpx2.AsyncClient:
        reviewing = replace(self.world.reviewing(), provider=self.provider)
        return self.world.client(token=None, reviewing=reviewing)

    async def begin(self) -> tuple[str, str]:
        """Go to the provider: the code that it gives and the state that it was told."""
        response = await self.client.get("/login/oidc?next=/rules")
        assert response.status_code == 303, response.text
        location = response.headers["location"]
        return self.rogue.authorize(location), dict(parse_qsl(urlsplit(location).query))["state"]

    async def come_back(self, **said: str) -> httpx2.Response:
        """Bring the provider's answer."""
        return await self.client.get("/login/oidc/callback", params=said)

    async def log_in(self) -> httpx2.Response:
        """All of it."""
        code, state = await self.begin()
        return await self.come_back(code=code, state=state)
