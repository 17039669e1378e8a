"""One entry of `credentials`: its place, its name, its header, and two of them beside one another."""

import pytest

from tests.proxy.credentials.written import REFRESH, entries, problems

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
    "a header with a line end": ('header: "X-Key\\r\\nX-Other", env: T', "is no header name"),
    "a header that frames": ("header: Transfer_Encoding, env: T", "carries no secret"),
    "a header of ours": ("header: idempotency-key, env: T", "carries no secret"),
    "a template without a place": ("template: 'Bearer', env: T", "`{secret}` exactly once"),
    "a template with two places": ("template: '{secret}{secret}', env: T", "`{secret}` exactly once"),
    "a template with a line end": ('template: "{secret}\\r\\nX: y", env: T', "no header can carry"),
    "a template of another alphabet": ("template: 'Béarer {secret}', env: T", "no header can carry"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_values(case: str) -> None:
    """One problem, with the cure in its words, and no part of a secret."""
    written, words = HOSTILE[case]
    found = problems(f"host: a.example, {written}")
    assert found, "it was taken"
    assert words in found[0].message
    assert "hunter2" not in str(found)


SERVERS = {
    "both": ("host: a.example, server: bank, env: T", "exactly one of `host` and `server`"),
    "neither": ("env: T", "exactly one of `host` and `server`"),
    "a stranger": ("server: other, env: T", "`other`, which is no name in `mcp_servers`"),
    "a placeholder": ("server: bank, env: T, inject: true, export: A", "needs the server's `host`"),
}


@pytest.mark.parametrize("case", SERVERS)
def test_servers_that_are_none(case: str) -> None:
    """One place, by a name that the configuration knows."""
    written, words = SERVERS[case]
    assert words in problems(written)[0].message


def test_a_server() -> None:
    """It is known under its name; two of one header need names of their own."""
    [entry] = entries("server: bank, env: T")
    assert (entry.label, entry.place, entry.host) == ("bank/authorization", "bank", "")
    assert entries("server: bank, env: T", "host: bank, env: U")
    found = problems("server: bank, env: T", "server: bank, env: U")
    assert "`bank` has two credentials for `authorization`" in found[0].message


PLACES = {
    "an upper case": "Bank.example",
    "a last dot": "bank.example.",
    "a number that is an address": "2130706433",
    "a scheme": "'https://bank.example'",
    "a path": "bank.example/pay",
    "a star": "'*.bank.example'",
    "a port of nobody": "'bank.example:0'",
    "a port too far": "'bank.example:65536'",
    "an account": "'u@bank.example'",
    "a bracket without a port": "'[::1]'",
    "a space": "' bank.example'",
    "nothing": "''",
}


@pytest.mark.parametrize("case", PLACES)
def test_places_that_are_none(case: str) -> None:
    """One spelling for each place, which is compared letter by letter with where a request goes."""
    assert problems(f"host: {PLACES[case]}, env: T")


def test_what_an_entry_says() -> None:
    """Its slot, its label and its header, given or not."""
    usual, named = entries("host: a.example, env: T", f"host: 'b.example:8443', header: X-Key, {REFRESH}")
    assert (usual.slot, usual.label, usual.written_template) == (
        "authorization",
        "a.example/authorization",
        "Bearer {secret}",
    )
    assert (named.slot, named.label, named.written_header) == ("x-key", "n", "X-Key")
    [shown] = entries("host: a.example, client_certificate: {certificate: c, key: k}")
    assert shown.slot == "tls certificate"


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
    found = problems(f"host: a.b, {one}", f"host: a.b, {other}")
    assert bool(found) is (words is not None)
    if words is not None:
        assert words in found[0].message
