"""AWS Signature Version 4, over exactly what leaves, at the time at which it leaves."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Protocol

from proxy.credentials.sources.secret import CredentialError, Keyed
from proxy.credentials.sources.stated import Reference
from proxy.credentials.supply import Outgoing, Supplied
from rules.headers import Fields, first

_MADE = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
_DECLARED = b"x-amz-content-sha256"
_CHUNKS_SIGNED = b"STREAMING-AWS4-"
_SUFFIX = re.compile(r"\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-[0-9]")
# Hosts of services that sign under another name than their host's.
_SIGNS_AS = {"email": "ses", "streams": "dynamodb"}
_PRESIGNED = "x-amz-signature="
_EVERYWHERE = "us-east-1"
_CHAIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """An access key of this moment; a temporary one comes with a session token."""

    access: str
    secret: str
    session: str | None = None


class KeySource(Protocol):
    """Where access keys come from."""

    async def keys(self) -> Keys:
        """Those of this moment. Raises CredentialError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedKeys:
    """Keys that the operator keeps."""

    access: Reference
    secret: Reference
    session: Reference | None

    async def keys(self) -> Keys:
        """What stands there now."""
        session = None if self.session is None else self.session.read()
        return Keys(access=self.access.read(), secret=self.secret.read(), session=session)


class ChainedKeys:
    """Keys from where AWS' own tools take them: environment, profile, web identity, container, instance."""

    def __init__(self) -> None:
        self._session: Any = None

    async def keys(self) -> Keys:
        """What the first of these has; temporary ones are renewed there."""
        try:
            async with asyncio.timeout(_CHAIN_SECONDS):
                return await asyncio.to_thread(self._look)
        except TimeoutError as error:
            raise CredentialError("aws' own sources gave no key in time: state the keys instead") from error

    def _look(self) -> Keys:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        self._session = self._session or Session()
        try:
            found = self._session.get_credentials()
            frozen = None if found is None else found.get_frozen_credentials()
        except BotoCoreError as error:
            raise CredentialError("aws' own sources fail: `aws sts get-caller-identity` says why") from error
        if frozen is None:
            raise CredentialError("aws' own sources have no key: state one, or give this machine a role")
        return Keys(access=frozen.access_key, secret=frozen.secret_key, session=frozen.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Signs for `service` in `region`; where they are not given, the host names them."""

    name: str
    source: KeySource
    keyed: Keyed
    service: str = ""
    region: str = ""

    @property
    def slot(self) -> str:
        """The header that holds the signature."""
        return "authorization"

    async def supply(self, outgoing: Outgoing, *, past: str | None) -> Supplied:
        """The fields of a new signature, or none for a presigned URL. Raises CredentialError."""
        if _PRESIGNED in outgoing.target.lower():
            return Supplied()
        keys = await self.source.keys()
        fields = _signed(outgoing, keys, scope=self._scope(outgoing.host))
        return Supplied(fields=fields, generations={self.name: self._generation(keys)})

    async def generation(self) -> str:
        """That of the keys."""
        return self._generation(await self.source.keys())

    def _generation(self, keys: Keys) -> str:
        return self.keyed(f"{keys.access}\n{keys.secret}\n{keys.session or ''}")

    def _scope(self, host: str) -> tuple[str, str]:
        named = _named(host)
        service, region = self.service or named[0], self.region or named[1]
        if not service:
            raise CredentialError(
                f"`{host}` names no aws service for `{self.name}` to sign for: give `service` and `region`"
            )
        return _SIGNS_AS.get(service, service), region


def _named(host: str) -> tuple[str, str]:
    """Service and region that an endpoint of AWS names: `bucket.s3.dualstack.eu-west-1.amazonaws.com`."""
    suffix = _SUFFIX.search(host)
    if suffix is None or suffix.end() != len(host):
        return "", _EVERYWHERE
    labels = [label for label in host[: suffix.start()].split(".") if label != "dualstack"]
    region = labels.pop() if len(labels) > 1 and _REGION.fullmatch(labels[-1]) else _EVERYWHERE
    return labels[-1].removesuffix("-fips") if labels else "", region


def _signed(outgoing: Outgoing, keys: Keys, *, scope: tuple[str, str]) -> Fields:
    # An extra: who signs nothing for AWS needs it not.
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    declared = _payload(outgoing)
    request = AWSRequest(method=outgoing.method, url=_url(outgoing), data=outgoing.body)
    for name, value in _to_sign(outgoing.fields):
        request.headers.add_header(name, value)
    signer = S3SigV4Auth if scope[0] == "s3" else SigV4Auth
    auth: Any = signer(Credentials(keys.access, keys.secret, keys.session), *scope)
    if declared is not None:
        # What the agent declared of its body is part of what was approved, and goes out unchanged.
        auth.payload = lambda _: declared
    auth.add_auth(request)
    made = ((n, v) for n, v in request.headers.items() if n.lower() in _MADE)
    kept = (f for f in made if declared is None or f[0].lower().encode() != _DECLARED)
    return tuple((name.encode(), value.encode()) for name, value in kept)


def _payload(outgoing: Outgoing) -> str | None:
    """What the request declares of its body. Raises CredentialError where only its own key could sign it."""
    declared = first(outgoing.fields, _DECLARED)
    if declared is not None and declared.startswith(_CHUNKS_SIGNED):
        raise CredentialError(
            "the agent signed each chunk of the body with a key of its own, which nobody can do anew; "
            "let it send the body unchunked or with a trailing checksum"
        )
    return None if declared is None else declared.decode("latin-1")


def _to_sign(fields: Fields) -> list[tuple[str, str]]:
    """What a signature can cover: botocore and the service write other letters in different ways."""
    return [
        (name.decode("latin-1"), value.decode("ascii"))
        for name, value in fields
        if value.isascii() and name.lower().decode("latin-1") not in _MADE - {_DECLARED.decode()}
    ]


def _url(outgoing: Outgoing) -> str:
    host = first(outgoing.fields, b"host") or outgoing.host.encode()
    return f"{outgoing.scheme}://{host.decode('latin-1')}{outgoing.target}"
