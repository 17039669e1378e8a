"""The parts that a configuration's credentials make, connected to what they stand on."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from proxy.credentials.aws import ChainedKeys, Signature, StatedKeys
from proxy.credentials.certificate import ClientCertificate
from proxy.credentials.header import Header
from proxy.credentials.making import Surroundings, make
from proxy.credentials.sources.assertions import GitHubApp, JwtBearer
from proxy.credentials.sources.command import FromCommand
from proxy.credentials.sources.grants import ClientCredentials, RefreshToken
from proxy.credentials.sources.renewed import Renewed
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Stated
from proxy.credentials.sources.vault import FromVault, KubernetesLogin
from proxy.credentials.supply import TLS
from tests.proxy.console.world import ACTION
from tests.proxy.credentials.renewing import Shelves, shelving
from tests.proxy.credentials.written import OAUTH, REFRESH, entries


@pytest.fixture
async def around(redis_url: str) -> AsyncIterator[Surroundings]:
    """Give what credentials stand on."""
    async with shelving(redis_url) as shelves:
        yield surroundings(shelves)


def surroundings(shelves: Shelves) -> Surroundings:
    """What credentials stand on."""
    return Surroundings(
        shelf=shelves.shelf,
        keyed=str,
        context=ssl.create_default_context,
        now=time,
        metrics=shelves.metrics,
        tasks=shelves.tasks,
        exchange=60.0,
    )


GRANTS = {
    REFRESH: RefreshToken,
    f"name: n, oauth2: {{grant: client_credentials, {OAUTH}, client_secret: {{env: S}}}}": ClientCredentials,
    "name: n, jwt_bearer: {key: {file: k}, scope: a, subject: b}": JwtBearer,
    "name: n, github_app: {app_id: 42, installation_id: 7, key: {file: k}}": GitHubApp,
    "name: n, github_app: {app_id: Iv1.x, installation_id: 7, key: {file: k}}": GitHubApp,
    "name: n, slack: {client_id: c, client_secret: {env: S}, refresh_token: {file: r}}": RefreshToken,
}


@pytest.mark.parametrize("written", GRANTS)
async def test_grants(around: Surroundings, written: str) -> None:
    """Each kind makes its grant, with every series of its metric at 0 from the start."""
    [made] = make(entries(f"host: a.example, {written}"), around).by_host["a.example"]
    assert isinstance(made, Header)
    assert isinstance(made.source, Renewed)
    assert isinstance(made.source.grant, GRANTS[written])
    assert (made.name, made.source.needed) == ("n", 120.0)
    for outcome in ("renewed", "denied", "failed"):
        labels = {"credential": "n", "outcome": outcome}
        assert around.metrics.registry.get_sample_value("sidegate_credential_renewals_total", labels) == 0


SOURCES = {
    "env: T": Stated,
    "file: f": Stated,
    "command: {argv: [pass, show, bank]}": FromCommand,
    "vault: {url: 'https://v.example/', path: a/b, field: f, token: {env: T}}": FromVault,
    "vault: {url: 'http://127.0.0.1:8200', path: a, field: f, kubernetes: {role: r}}": FromVault,
}


@pytest.mark.parametrize("written", SOURCES)
async def test_sources(around: Surroundings, written: str) -> None:
    """What somebody else keeps; its name is its place unless it has one."""
    [made] = make(entries(f"host: a.example, {written}"), around).by_host["a.example"]
    assert isinstance(made, Header)
    assert isinstance(made.source, SOURCES[written])
    assert (made.name, made.header, made.template) == (
        "a.example/authorization",
        "Authorization",
        "Bearer {secret}",
    )


async def test_what_is_no_header(around: Surroundings) -> None:
    """Signatures, and certificates that the connection shows."""
    made = make(
        entries(
            "host: a.example, aws_sigv4: {}",
            "host: b.example, aws_sigv4: {access_key_id: {env: A}, secret_access_key: {env: B}, region: r}",
            "host: c.example, client_certificate: {certificate: c, key: k, password: {env: P}}",
        ),
        around,
    )
    [chained], [stated], [shown] = made.by_host.values()
    assert isinstance(chained, Signature)
    assert isinstance(chained.source, ChainedKeys)
    assert isinstance(stated, Signature)
    assert stated.source == StatedKeys(access=FromEnvironment("A"), secret=FromEnvironment("B"), session=None)
    assert isinstance(shown, ClientCertificate)
    assert (shown.slot, shown.chain, shown.password) == (TLS, Path("c"), FromEnvironment("P"))
    assert [made.has(replace(ACTION, host=host)) for host in ("a.example", "c.example")] == [True, False]


async def test_one_name_has_one_source(around: Surroundings) -> None:
    """Its hosts share a token, each with a header of its own."""
    made = make(entries(f"host: a.example, {REFRESH}", f"host: b.example, header: X-Key, {REFRESH}"), around)
    [one], [other] = made.by_host.values()
    assert isinstance(one, Header)
    assert isinstance(other, Header)
    assert one.source is other.source
    assert (one.header, other.header) == ("Authorization", "X-Key")


async def test_a_pods_login(around: Surroundings) -> None:
    """By the token that Kubernetes mounts, unless another one is named."""
    written = "vault: {url: 'https://v.example', path: a, field: f, namespace: x, kubernetes: {role: r}}"
    [made] = make(entries(f"host: a.example, {written}"), around).by_host["a.example"]
    assert isinstance(made, Header)
    assert isinstance(made.source, FromVault)
    mounted = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    assert made.source.login == KubernetesLogin(role="r", mount="kubernetes", token=FromFile(mounted))
    assert (made.source.url, made.source.mount, made.source.namespace) == ("https://v.example", "secret", "x")


async def test_a_token_belongs_to_its_settings(around: Surroundings) -> None:
    """Another scope or another endpoint is another token; another host or header is not."""
    made = [
        make(entries(written), around).by_host
        for written in (
            f"host: a.example, {REFRESH}",
            f"host: b.example, header: X-Key, template: 'k {{secret}}', {REFRESH}",
            f"host: a.example, {REFRESH.replace('t.example', 'u.example')}",
        )
    ]
    settings = []
    for by_host in made:
        [[one]] = by_host.values()
        assert isinstance(one, Header)
        assert isinstance(one.source, Renewed)
        settings.append(one.source.settings)
    assert settings[0] == settings[1] != settings[2]


async def test_nothing(around: Surroundings) -> None:
    """Without entries, nobody gets any."""
    assert make((), around).by_host == {}


async def test_a_server(around: Surroundings) -> None:
    """By its URL, which its name stands for; it shares a source with hosts of the same name."""
    how = "name: n, env: T"
    made = make(entries(f"server: bank, {how}", f"host: a.example, {how}"), around, servers={"bank": "u"})
    [of_server], [of_host] = made.by_server["u"], made.by_host["a.example"]
    assert isinstance(of_server, Header)
    assert isinstance(of_host, Header)
    assert of_server.source is of_host.source
    assert set(made.by_host) == {"a.example"}
