"""What the configuration says of each kind of source: taken as it is meant, or refused with the cure."""

from pathlib import Path

import pytest

from proxy.credentials.sources.stated import FromEnvironment, FromFile
from tests.proxy.credentials.written import OAUTH, entries, problems

HOSTILE: dict[str, tuple[str, str]] = {
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
    "an account before the host": (
        "vault: {url: 'http://127.0.0.1:80@evil.example', path: a, field: f, token: {env: T}}",
        "is no plain url",
    ),
    "loopback in another's name": (
        "vault: {url: 'http://localhost.evil.example', path: a, field: f, token: {env: T}}",
        "https://",
    ),
    "a fragment": ("vault: {url: 'https://v.example/#a', path: a, field: f, token: {env: T}}", "plain url"),
    "a port of nobody": (
        "vault: {url: 'https://v.example:0', path: a, field: f, token: {env: T}}",
        "plain url",
    ),
    "another scheme": ("vault: {url: 'ftp://v.example', path: a, field: f, token: {env: T}}", "https://"),
    "another alphabet": ("vault: {url: 'https://vé.example', path: a, field: f, token: {env: T}}", "plain"),
    "a path from the root": (
        "vault: {url: 'https://v.example', path: /a, field: f, token: {env: T}}",
        "is no path",
    ),
    "an encoded path": (
        "vault: {url: 'https://v.example', path: 'a%2f..', field: f, token: {env: T}}",
        "is no path",
    ),
    "two places for one secret": (
        "name: n, slack: {client_id: c, client_secret: {env: A, file: b}, refresh_token: {env: R}}",
        "exactly one of `env` and `file`",
    ),
    "an installation of nobody": (
        "name: n, github_app: {app_id: 1, installation_id: 0, key: {file: k}}",
        "must be at least 1",
    ),
    "an unknown key": ("aws_sigv4: {profile: p}", "no such key here"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_values(case: str) -> None:
    """One problem, with the cure in its words, and no part of a secret."""
    written, words = HOSTILE[case]
    found = problems(f"host: a.example, {written}")
    assert found, "it was taken"
    assert words in found[0].message
    assert "hunter2" not in str(found)


def test_places_of_secrets() -> None:
    """A variable or a file, by name alone."""
    [entry] = entries(
        "host: a.example, aws_sigv4: {access_key_id: {env: A}, secret_access_key: {file: /run/b}}"
    )
    assert entry.aws_sigv4 is not None
    assert entry.aws_sigv4.access_key_id is not None
    assert entry.aws_sigv4.secret_access_key is not None
    assert entry.aws_sigv4.access_key_id.reference == FromEnvironment("A")
    assert entry.aws_sigv4.secret_access_key.reference == FromFile(Path("/run/b"))


@pytest.mark.parametrize("url", ["http://localhost:8200/", "http://127.0.0.1:8200", "http://[::1]:8200"])
def test_loopback_needs_no_tls(url: str) -> None:
    """Nobody listens between; a slash at the end means nothing."""
    [entry] = entries(f"host: a.example, vault: {{url: '{url}', path: a, field: f, token: {{env: T}}}}")
    assert entry.vault is not None
    assert entry.vault.url == url.rstrip("/")


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an entry needs besides is said when the configuration is read, not at the first replay."""
    monkeypatch.setattr("proxy.credentials.kinds.find_spec", lambda _: None)
    for written, extra in (("aws_sigv4: {}", "aws"), ("name: n, jwt_bearer: {key: {file: k}}", "jwt")):
        found = problems(f"host: a.example, {written}")
        assert found
        assert f"run `pip install 'sidegate[{extra}]'`" in found[0].message
