"""A server that gives tokens as OAuth 2, Slack, GitHub and Vault do, and remembers what it was asked."""

import asyncio
import socket
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from proxy.credentials.sources.stated import FromFile
from proxy.serving.listener import Listener

type Write = Callable[[str], FromFile]
"""Makes a place for a secret."""

CLIENT = ("app 1", "cl1ent+s3cret")
POD = "pod.service.account"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


class Answer(JSONResponse):
    """With the date that every server but ours says."""

    def __init__(self, content: object, status: int = 200) -> None:
        super().__init__(content, status, {"Date": formatdate(usegmt=True)})


@dataclass(slots=True, kw_only=True)
class Issuer:
    """One grant of it: `refresh` is the refresh token that it takes, and each but that one ends the grant."""

    url: str = ""
    lifetime: object = 1800
    slow: float = 0.0
    refresh: str = "refresh-0"
    rotates: bool = True
    revoked: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The forms and objects that came, each with `path`."""
    secrets: dict[str, str] = field(default_factory=lambda: {"token": "vault-1"})

    @property
    def made(self) -> int:
        """How many requests there were."""
        return len(self.asked)

    def app(self) -> Starlette:
        """Its routes."""
        routes = [
            Route("/token", self.token, methods=["POST"]),
            Route("/slack", self.slack, methods=["POST"]),
            Route("/app/installations/{number}/access_tokens", self.installation, methods=["POST"]),
            Route("/v1/auth/kubernetes/login", self.login, methods=["POST"]),
            Route("/v1/secret/data/{path}", self.vault, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def token(self, request: Request) -> Answer:
        """OAuth 2 (RFC 6749 section 5, RFC 7523 section 2.1)."""
        form = await self._form(request)
        if "assertion" in form:
            return self._assertion(form["assertion"])
        if self._client(request, form) != CLIENT:
            return Answer({"error": "invalid_client"}, 401)
        if form["grant_type"] == "client_credentials":
            return self._granted()
        return self._rotated(form["refresh_token"]) or Answer({"error": "invalid_grant"}, 400)

    async def slack(self, request: Request) -> Answer:
        """Slack says no with status 200."""
        form = await self._form(request)
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return Answer({"ok": False, "error": "bad_client_secret"})
        answer = self._rotated(form["refresh_token"])
        return answer or Answer({"ok": False, "error": "invalid_refresh_token"})

    async def installation(self, request: Request) -> Answer:
        """An installation token, for an app that proves who it is."""
        self.asked.append({"path": request.url.path, **(await request.json())})
        claims = self._proven(request.headers["authorization"].removeprefix("Bearer "))
        if claims.get("iss") != "42":
            return Answer({"message": "a JSON web token could not be decoded"}, 401)
        if request.path_params["number"] != "7":
            return Answer({"message": "Not Found"}, 404)
        end = datetime.now(UTC) + timedelta(hours=1)
        token = f"ghs_{self.made}"
        return Answer({"token": token, "expires_at": end.isoformat().replace("+00:00", "Z")}, 201)

    async def login(self, request: Request) -> Answer:
        """A Vault token for a pod."""
        sent = await request.json()
        self.asked.append({"path": request.url.path, **sent})
        if sent != {"role": "sidegate", "jwt": POD}:
            return Answer({"errors": ["permission denied"]}, 403)
        return Answer({"auth": {"client_token": "hvs.pod"}})

    async def vault(self, request: Request) -> Answer:
        """A secret of the key-value store, version 2."""
        self.asked.append(
            {"path": request.url.path, "namespace": request.headers.get("x-vault-namespace", "")}
        )
        if request.headers.get("x-vault-token") != "hvs.pod":
            return Answer({"errors": ["permission denied"]}, 403)
        if request.path_params["path"] != "bank":
            return Answer({"errors": []}, 404)
        return Answer({"data": {"data": self.secrets, "metadata": {"version": 3}}})

    async def _form(self, request: Request) -> dict[str, str]:
        form = dict(parse_qsl((await request.body()).decode()))
        self.asked.append({"path": request.url.path, **form})
        await asyncio.sleep(self.slow)
        return form

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str, ...]:
        if "client_secret" in form:
            return form["client_id"], form["client_secret"]
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        return tuple(unquote_plus(part) for part in b64decode(basic).decode().split(":"))

    def _rotated(self, refresh: str) -> Answer | None:
        if self.revoked or refresh != self.refresh:
            self.revoked = True
            return None
        if self.rotates:
            self.refresh = f"refresh-{self.made}"
        return self._granted(refresh_token=self.refresh)

    def _assertion(self, assertion: str) -> Answer:
        claims = self._proven(assertion)
        if claims.get("iss") != "robot@example" or claims.get("aud") != f"{self.url}/token":
            return Answer({"error": "invalid_grant"}, 400)
        return self._granted(scope=claims.get("scope", ""), subject=claims.get("sub", ""))

    def _proven(self, assertion: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(assertion, RSAKey.import_key(KEY.public_key())).claims
        except (JoseError, ValueError):
            return {}
        lives = claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 600
        return claims if lives else {}

    def _granted(self, **further: str) -> Answer:
        answer = {"ok": True, "access_token": f"token-{self.made}", "token_type": "Bearer"}
        expires = {} if self.lifetime is None else {"expires_in": self.lifetime}
        return Answer(answer | expires | further)


@asynccontextmanager
async def issuing(**settings: Any) -> AsyncIterator[Issuer]:
    """A running server on loopback."""
    issuer = Issuer(**settings)
    bound = socket.create_server(("127.0.0.1", 0))
    issuer.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    listener = Listener(issuer.app(), bound)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        try:
            yield issuer
        finally:
            listener.stop()
            await running
