"""Every key of a credential in the configuration, hostile values for it, and the part that it makes."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from proxy.config import Config
from proxy.credentials.aws import ChainedKeys, Signature, StatedKeys
from proxy.credentials.certificate import ClientCertificate
from proxy.credentials.entry import CredentialEntry
from proxy.credentials.header import Header
from proxy.credentials.making import Surroundings, make
from proxy.credentials.sources.assertions import GitHubApp, JwtBearer
from proxy.credentials.sources.command import FromCommand
from proxy.credentials.sources.grants import ClientCredentials, RefreshToken
from proxy.credentials.sources.renewed import Renewed
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Stated
from proxy.credentials.sources.vault import FromVault, KubernetesLogin
from proxy.credentials.supply import TLS
from rules.language.document import read
from tests.proxy.console.world import ACTION
from tests.proxy.credentials.renewing import Shelves, shelving

OAUTH = "client_id: c, token_url: 'https://t.example/token'"
REFRESH = f"name: n, oauth2: {{grant: refresh_token, {OAUTH}, refresh_token: {{env: R}}}}"


def entries(*written: str) -> tuple[CredentialEntry, ...]:
    """The entries that these texts are."""
    text = "version: 1\ncredentials:\n" + "".join(f"  - {{{one}}}\n" for one in written)
    made = read(Config, text, file="config.yaml")
    assert isinstance(made, Config), made
    return made.credentials


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


HOSTILE: dict[str, tuple[str, str]] = {
    "no source": ("name: n", "exactly one of `env`, `file`, `command`"),
    "two sources": ("env: T, aws_sigv4: {}", "exactly one of"),
    "a token without a name": (REFRESH.removeprefix("name: n, "), "give `oauth2` a `name`"),
    "a name in upper case": ("name: Bank, env: T", "`Bank` is no credential's name"),
    "a name with a sign": ("name: 'a@b', env: T", "no credential's name"),
    "an endless name": (f"name: {'a' * 65}, env: T", "up to 64"),
    "a signature in a header": ("header: X-Key, aws_sigv4: {}", "`aws_sigv4` has no header of yours"),
    "a certificate in a template": (
        "template: '{secret}', client_certificate: {certificate: c, key: k}",
        "leave out `header` and `template`",
    ),
    "a secret itself": (
        f"name: n, oauth2: {{grant: client_credentials, {OAUTH}, client_secret: hunter2}}",
        "never the secret itself",
    ),
    "no place": (
        f"name: n, oauth2: {{grant: client_credentials, {OAUTH}, client_secret: {{}}}}",
        "`env` and `file`",
    ),
    "an open endpoint": (
        "name: n, slack: {client_id: c, client_secret: {env: S}, refresh_token: {env: R}, token_url: 'http://t.b'}",
        "https://",
    ),
    "a password in an endpoint": (
        "name: n, oauth2: {grant: refresh_token, client_id: c, token_url: 'https://u:hunter2@t.example', "
        "refresh_token: {env: R}}",
        "is no plain url",
    ),
    "a query in an endpoint": (
        "vault: {url: 'https://v.example/?a=b', path: a, field: f, token: {env: T}}",
        "is no plain url",
    ),
    "no endpoint": ("vault: {url: v.example, path: a, field: f, token: {env: T}}", "is no plain url"),
    "a broken endpoint": (
        "vault: {url: 'https://[::1', path: a, field: f, token: {env: T}}",
        "is no plain url",
    ),
    "a path that climbs": (
        "vault: {url: 'https://v.example', path: a/../b, field: f, token: {env: T}}",
        "is no path",
    ),
    "a path with a query": (
        "vault: {url: 'https://v.example', path: 'a?b', field: f, token: {env: T}}",
        "is no path",
    ),
    "no login": ("vault: {url: 'https://v.example', path: a, field: f}", "`token` and `kubernetes`"),
    "another grant": (f"name: n, oauth2: {{grant: password, {OAUTH}}}", "client_credentials"),
    "a refresh without its token": (
        f"name: n, oauth2: {{grant: refresh_token, {OAUTH}}}",
        "give `refresh_token` with the grant",
    ),
    "a client without its secret": (
        f"name: n, oauth2: {{grant: client_credentials, {OAUTH}}}",
        "needs `client_secret`",
    ),
    "half a key": ("aws_sigv4: {access_key_id: {env: A}}", "together, or neither"),
    "a session without a key": ("aws_sigv4: {session_token: {env: A}}", "together, or neither"),
    "an issuer without an endpoint": (
        "name: n, jwt_bearer: {key: {file: k}, issuer: i}",
        "needs `token_url`",
    ),
    "no program": ("command: {argv: []}", "there is nothing in it"),
    "a shell": ("command: {argv: 'pass show bank'}", "list"),
    "patience without end": ("command: {argv: [a], timeout: 61}", "at most 60"),
    "another permission": (
        "name: n, github_app: {app_id: 1, installation_id: 7, key: {file: k}, permissions: {issues: own}}",
        "",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_values(case: str) -> None:
    """One problem, with the cure in its words, and no part of a secret."""
    written, words = HOSTILE[case]
    found = read(
        Config, f"version: 1\ncredentials:\n  - {{host: a.example, {written}}}\n", file="config.yaml"
    )
    assert isinstance(found, tuple), "it was taken"
    assert words in found[0].message
    assert "hunter2" not in str(found)


PAIRS: dict[str, tuple[str, str, str | None]] = {
    "the same": ("env: T", "env: T", "two credentials for `authorization`"),
    "one header": ("name: a, env: T", "env: U", "keep one of them, or give both a `name`"),
    "one header, two names": ("name: a, env: T", "name: b, env: U", None),
    "one name, two sources": ("name: a, env: T", "name: a, header: X, env: U", "the name `a`; give each"),
    "a header and a signature": ("env: T", "aws_sigv4: {}", "two credentials for `authorization`"),
    "a header and a certificate": ("env: T", "client_certificate: {certificate: c, key: k}", None),
    "a header called like a slot": (
        "header: tls, env: T",
        "client_certificate: {certificate: c, key: k}",
        None,
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_two_for_one_host(case: str) -> None:
    """Told apart by header or by name."""
    one, other, words = PAIRS[case]
    text = f"version: 1\ncredentials:\n  - {{host: a.b, {one}}}\n  - {{host: a.b, {other}}}\n"
    found = read(Config, text, file="config.yaml")
    assert isinstance(found, tuple) is (words is not None)
    if isinstance(found, tuple):
        assert words is not None
        assert words in found[0].message


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an entry needs besides is said when the configuration is read, not at the first replay."""
    monkeypatch.setattr("proxy.credentials.kinds.find_spec", lambda _: None)
    for written, extra in (("aws_sigv4: {}", "aws"), ("name: n, jwt_bearer: {key: {file: k}}", "jwt")):
        text = f"version: 1\ncredentials:\n  - {{host: a.example, {written}}}\n"
        found = read(Config, text, file="config.yaml")
        assert isinstance(found, tuple)
        assert f"run `pip install 'sidegate[{extra}]'`" in found[0].message
