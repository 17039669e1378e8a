"""Which configured credentials cannot be read now, for every kind of source, and that no secret is told."""

import os
from pathlib import Path

import pytest

from proxy.credentials.unreadable import unreadable
from tests.proxy.credentials.written import OAUTH, entries

SECRET = "s3cr3t-token"
UNSET = "SIDEGATE_TEST_UNSET"
SET = "SIDEGATE_TEST_SET"
GONE = "/nonexistent/secret"

WRONG = {
    "variable": (f"env: {UNSET}", [UNSET]),
    "file": (f"file: {GONE}", [GONE]),
    "program": (f"command: {{argv: [{GONE}]}}", [GONE]),
    "refresh token": (
        f"oauth2: {{grant: refresh_token, {OAUTH}, client_secret: {{env: {UNSET}}}, "
        f"refresh_token: {{file: {GONE}}}}}",
        [UNSET, GONE],
    ),
    "service account": (f"jwt_bearer: {{key: {{file: {GONE}}}}}", [GONE]),
    "vault": (
        f"vault: {{url: 'https://v.example', path: a, field: b, token: {{env: {UNSET}}}}}",
        [UNSET],
    ),
    "vault by the pod": (
        "vault: {url: 'https://v.example', path: a, field: b, "
        f"kubernetes: {{role: r, token_file: {GONE}}}}}",
        [GONE],
    ),
    "aws": (
        f"aws_sigv4: {{access_key_id: {{env: {SET}}}, secret_access_key: {{env: {UNSET}}}}}",
        [UNSET],
    ),
    "certificate": (
        f"client_certificate: {{certificate: /a.pem, key: /b.pem, password: {{env: {UNSET}}}}}",
        ["/a.pem", "/b.pem", UNSET],
    ),
}
RIGHT = {
    "variable": f"env: {SET}",
    "program": "command: {argv: [sh, -c, 'exit 1']}",
    "refresh token": f"oauth2: {{grant: refresh_token, {OAUTH}, refresh_token: {{env: {SET}}}}}",
    "aws' own": "aws_sigv4: {}",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable is set, one is not."""
    monkeypatch.setenv(SET, SECRET)
    monkeypatch.delenv(UNSET, raising=False)


@pytest.mark.parametrize("case", WRONG)
def test_each_place_that_cannot_be_read(case: str) -> None:
    """One line for the credential; it names all of them, a cure, and nothing that stands elsewhere."""
    source, places = WRONG[case]
    [one] = unreadable(entries(f"host: a.example, name: n, {source}"))
    assert one.credential == "n"
    assert [place for place in places if f"`{place}`" not in one.why] == []
    assert "set it" in one.why or "correct its path" in one.why
    assert SECRET not in one.why


@pytest.mark.parametrize("case", RIGHT)
def test_what_can_be_read_is_not_told(case: str) -> None:
    """Programs are not run, and endpoints are not asked."""
    assert unreadable(entries(f"host: a.example, name: n, {RIGHT[case]}")) == ()


def test_an_empty_file(tmp_path: Path) -> None:
    """It is there, and has no secret; filled, it has."""
    (path := tmp_path / "token").touch()
    [entry] = entries(f"host: a.example, file: {path}")
    [one] = unreadable([entry])
    assert one.credential == "a.example/authorization"
    assert "is empty" in one.why
    path.write_text(SECRET)
    assert unreadable([entry]) == ()


def test_one_line_for_a_name() -> None:
    """Two hosts share a credential; the order is the configuration's."""
    shared = f"name: shared, env: {UNSET}"
    made = entries(
        f"host: a.example, {shared}", f"host: b.example, file: {GONE}", f"host: c.example, {shared}"
    )
    assert [one.credential for one in unreadable(made)] == ["shared", "b.example/authorization"]


def test_a_pipe_is_left_alone(tmp_path: Path) -> None:
    """Reading would wait for its writer."""
    os.mkfifo(path := tmp_path / "pipe")
    assert unreadable(entries(f"host: a.example, file: {path}")) == ()
