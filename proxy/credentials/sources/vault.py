"""A secret in HashiCorp Vault or OpenBao, version 2 of the key-value store: two requests, nothing kept."""

from dataclasses import dataclass, field

from proxy.credentials.sources.answer import Denied, carried, check
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.secret import CredentialError, Keyed, Secret
from proxy.credentials.sources.stated import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLogin:
    """The pod's own service account token, for a role that Vault knows."""

    role: str
    mount: str
    token: Reference


@dataclass(slots=True, kw_only=True)
class FromVault:
    """One field of one secret. `login`: a token, or how to get one."""

    endpoint: Endpoint
    url: str
    mount: str
    path: str
    entry: str
    login: Reference | KubernetesLogin
    keyed: Keyed
    namespace: str = ""
    _last: str = field(default="", init=False)

    async def secret(self, *, past: str | None = None) -> Secret:
        """The field's value now, `past` or not. Raises CredentialError."""
        try:
            text = await self._read(await self._token())
        except CredentialError as error:
            raise type(error)(f"vault gives no secret: {error}") from error
        self._last = self.keyed(text)
        return Secret(text=text, generation=self._last)

    async def generation(self) -> str:
        """That of what it gave last to this process."""
        return self._last

    async def _token(self) -> str:
        if not isinstance(self.login, KubernetesLogin):
            return self.login.read()
        said = await self.endpoint.post_json(
            f"{self.url}/v1/auth/{self.login.mount}/login",
            content={"role": self.login.role, "jwt": self.login.token.read()},
            headers=self._headers(),
        )
        check(said)
        auth = said.content.get("auth")
        return carried(auth.get("client_token") if isinstance(auth, dict) else None, name="client_token")

    async def _read(self, token: str) -> str:
        where = f"{self.url}/v1/{self.mount}/data/{self.path}"
        said = await self.endpoint.get(where, headers=self._headers() | {"X-Vault-Token": token})
        if said.status == 404:
            raise Denied(f"there is nothing at `{self.path}` in `{self.mount}`: correct the path")
        check(said)
        data = said.content.get("data")
        data = data.get("data") if isinstance(data, dict) else None
        found = data.get(self.entry) if isinstance(data, dict) else None
        if not isinstance(found, str) or not found:
            raise CredentialError(f"`{self.path}` has no text called `{self.entry}`: correct `field`")
        return found

    def _headers(self) -> dict[str, str]:
        return {"X-Vault-Namespace": self.namespace} if self.namespace else {}
