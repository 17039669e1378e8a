"""The credentials that the configuration describes, made and connected."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from proxy.credentials.aws import ChainedKeys, Signature, StatedKeys
from proxy.credentials.certificate import ClientCertificate
from proxy.credentials.credentials import Credentials
from proxy.credentials.entry import CredentialEntry
from proxy.credentials.header import Header
from proxy.credentials.kinds import AwsSigV4, OAuth2, Place, Vault
from proxy.credentials.sources.assertions import GitHubApp, JwtBearer
from proxy.credentials.sources.command import FromCommand
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.grants import Client, ClientCredentials, Grant, RefreshToken
from proxy.credentials.sources.renewed import Renewed
from proxy.credentials.sources.secret import Keyed, Source
from proxy.credentials.sources.shelf import Shelf
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Stated
from proxy.credentials.sources.vault import FromVault, KubernetesLogin
from proxy.credentials.supply import Credential
from proxy.metrics import Metrics, Renewal

_MARGIN = 60.0
NO_SERVERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What credentials stand on. `context` makes one that verifies upstreams; `exchange` in seconds."""

    shelf: Shelf
    keyed: Keyed
    context: Callable[[], ssl.SSLContext]
    now: Callable[[], float]
    metrics: Metrics
    tasks: asyncio.TaskGroup
    exchange: float


def make(
    entries: Iterable[CredentialEntry], around: Surroundings, *, servers: Mapping[str, str] = NO_SERVERS
) -> Credentials:
    """All of them, by host and by the URL of their MCP server. Entries of one name share one source."""
    endpoint = Endpoint(trust=around.context(), now=around.now)
    sources: dict[str, Source] = {}
    by_host: dict[str, tuple[Credential, ...]] = {}
    by_server: dict[str, tuple[Credential, ...]] = {}
    for entry in entries:
        made = _credential(entry, around, endpoint, sources)
        of, place = (by_server, servers[entry.server]) if entry.server else (by_host, entry.host)
        of[place] = (*of.get(place, ()), made)
    return Credentials(by_host, by_server)


def _credential(
    entry: CredentialEntry, around: Surroundings, endpoint: Endpoint, sources: dict[str, Source]
) -> Credential:
    if entry.aws_sigv4 is not None:
        return _signature(entry.label, entry.aws_sigv4, around.keyed)
    if entry.client_certificate is not None:
        shown = entry.client_certificate
        return ClientCertificate(
            name=entry.label,
            chain=Path(shown.certificate),
            key=Path(shown.key),
            password=_reference(shown.password),
            context=around.context,
        )
    if entry.label not in sources:
        sources[entry.label] = _source(entry, around, endpoint)
    return Header(
        name=entry.label,
        source=sources[entry.label],
        header=entry.written_header,
        template=entry.written_template,
    )


def _source(entry: CredentialEntry, around: Surroundings, endpoint: Endpoint) -> Source:
    if entry.command is not None:
        return FromCommand(argv=entry.command.argv, timeout=entry.command.timeout, keyed=around.keyed)
    if entry.vault is not None:
        return _vault(entry.vault, endpoint, around.keyed)
    if entry.file is not None:
        return Stated(reference=FromFile(Path(entry.file)), keyed=around.keyed)
    if entry.env is not None:
        return Stated(reference=FromEnvironment(entry.env), keyed=around.keyed)
    for outcome in Renewal:
        around.metrics.credential_renewals.labels(entry.label, outcome)
    return Renewed(
        name=entry.label,
        grant=_grant(entry, around, endpoint),
        shelf=around.shelf,
        keyed=around.keyed,
        now=around.now,
        metrics=around.metrics,
        needed=around.exchange + _MARGIN,
        tasks=around.tasks,
        settings=entry.settings,
    )


def _grant(entry: CredentialEntry, around: Surroundings, endpoint: Endpoint) -> Grant:
    if entry.oauth2 is not None:
        return _oauth2(entry.oauth2, endpoint)
    if entry.slack is not None:
        slack = entry.slack
        client = Client(
            url=slack.token_url,
            identity=slack.client_id,
            secret=slack.client_secret.reference,
            in_body=True,
        )
        return RefreshToken(endpoint=endpoint, client=client, first=slack.refresh_token.reference)
    if entry.github_app is not None:
        app = entry.github_app
        return GitHubApp(
            endpoint=endpoint,
            key=app.key.reference,
            now=around.now,
            app=str(app.app_id),
            installation=app.installation_id,
            api=app.api,
            repositories=app.repositories,
            permissions=app.permissions,
        )
    return _service_account(entry, around, endpoint)


def _service_account(entry: CredentialEntry, around: Surroundings, endpoint: Endpoint) -> Grant:
    account = entry.jwt_bearer
    if account is None:
        raise ValueError(f"the credential `{entry.label}` has no source")
    return JwtBearer(
        endpoint=endpoint,
        key=account.key.reference,
        now=around.now,
        scope=account.scope,
        subject=account.subject,
        issuer=account.issuer,
        url=account.token_url or "",
    )


def _oauth2(given: OAuth2, endpoint: Endpoint) -> Grant:
    client = Client(
        url=given.token_url,
        identity=given.client_id,
        secret=_reference(given.client_secret),
        in_body=given.client_secret_in == "body",  # noqa: S105 (a place)
        scope=given.scope,
    )
    if given.refresh_token is None:
        return ClientCredentials(endpoint=endpoint, client=client)
    return RefreshToken(endpoint=endpoint, client=client, first=given.refresh_token.reference)


def _vault(given: Vault, endpoint: Endpoint, keyed: Keyed) -> Source:
    login: FromEnvironment | FromFile | KubernetesLogin
    if given.kubernetes is not None:
        pod = given.kubernetes
        login = KubernetesLogin(role=pod.role, mount=pod.mount, token=FromFile(Path(pod.token_file)))
    elif given.token is not None:
        login = given.token.reference
    else:
        raise ValueError("vault has no login")
    return FromVault(
        endpoint=endpoint,
        url=given.url,
        mount=given.mount,
        path=given.path,
        entry=given.field,
        login=login,
        keyed=keyed,
        namespace=given.namespace,
    )


def _signature(name: str, given: AwsSigV4, keyed: Keyed) -> Credential:
    if given.access_key_id is None or given.secret_access_key is None:
        keys: ChainedKeys | StatedKeys = ChainedKeys()
    else:
        keys = StatedKeys(
            access=given.access_key_id.reference,
            secret=given.secret_access_key.reference,
            session=_reference(given.session_token),
        )
    return Signature(name=name, source=keys, keyed=keyed, service=given.service, region=given.region)


def _reference(place: Place | None) -> FromEnvironment | FromFile | None:
    return None if place is None else place.reference
