"""Secrets put in for placeholders: of this moment, of the right credential, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.agent import Agent
from proxy.credentials.injection import Injection
from proxy.credentials.making import make
from proxy.credentials.sources.secret import CredentialError
from proxy.store.record import StoreUnavailable
from rules.action import Principal
from rules.call import HttpCall
from rules.message import Message
from rules.normalize import normalize
from tests.proxy.credentials.issuer import CLIENT, issuing
from tests.proxy.credentials.renewing import Shelves, shelving
from tests.proxy.credentials.test_making import surroundings
from tests.proxy.credentials.written import entries, problems
from tests.proxy.redis_child import redis_child

AGENT = Agent(
    principal=Principal(agent="a", session="s"), secret_headers=frozenset({b"authorization"}), key=b"k" * 32
)


@pytest.fixture
async def shelves(redis_url: str) -> AsyncIterator[Shelves]:
    """Give a domain of this test's own."""
    async with shelving(redis_url) as shelves:
        yield shelves


def injection(shelves: Shelves, *written: str) -> Injection:
    """That of these entries."""
    read = entries(*written)
    made = Injection.of(read, make(read, surroundings(shelves)), AGENT.placeholder)
    assert made is not None
    return made


def call(host: str, *fields: tuple[str, str]) -> HttpCall:
    """A request to `host`."""
    head = ((b"Host", host.encode()), *((name.encode(), value.encode()) for name, value in fields))
    read = normalize(
        Message(
            scheme="https",
            host=host,
            port=443,
            sni=host,
            method=b"GET",
            target=b"/",
            fields=head,
            body=b"",
        )
    )
    assert isinstance(read, HttpCall)
    return read


async def filled(made: Injection, asked: HttpCall) -> tuple[tuple[bytes, bytes], ...]:
    """The fields with secrets that `asked` leaves with."""
    uses = made.look(asked)
    assert isinstance(uses, tuple)
    return await made.fields(uses)


async def test_secrets_of_this_moment(shelves: Shelves, tmp_path: Path) -> None:
    """Each request gets what stands there now, in every header that has a placeholder."""
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    made = injection(
        shelves,
        f"host: a.example, name: a, file: {tmp_path}/a, inject: true, export: A, placeholder_prefix: sk-",
        f"host: a.example, name: b, header: X-B, file: {tmp_path}/b, inject: true, export: B",
        f"host: a.example, name: c, header: X-C, file: {tmp_path}/none",
    )
    a, b = made.exports["A"], made.exports["B"]
    assert (a[:3], len(a), len(b), set(made.exports)) == ("sk-", 39, 36, {"A", "B"})
    asked = call("a.example", ("authorization", f"Bearer {a}"), ("X-B", b), ("X-C", "c"))
    assert await filled(made, asked) == ((b"authorization", b"Bearer one"), (b"x-b", b"two"))
    (tmp_path / "a").write_text("three")
    assert (await filled(made, asked))[0] == (b"authorization", b"Bearer three")
    assert await filled(made, call("a.example", ("Authorization", "Bearer own"))) == ()


async def test_a_token_that_runs_out(shelves: Shelves, tmp_path: Path) -> None:
    """It is renewed before it does, once for all requests, like a replay's."""
    (tmp_path / "secret").write_text(CLIENT[1])
    (tmp_path / "refresh").write_text("refresh-0")
    async with issuing(lifetime=60) as issuer:
        made = injection(
            shelves,
            f"host: a.example, name: a, inject: true, export: A, oauth2: {{grant: refresh_token, "
            f"token_url: '{issuer.url}/token', client_id: {CLIENT[0]}, client_secret: "
            f"{{file: {tmp_path}/secret}}, refresh_token: {{file: {tmp_path}/refresh}}}}",
        )
        asked = call("a.example", ("Authorization", f"Bearer {made.exports['A']}"))
        assert await filled(made, asked) == ((b"authorization", b"Bearer token-1"),)
        assert await filled(made, asked) == ((b"authorization", b"Bearer token-2"),)
        issuer.revoked = True
        with pytest.raises(CredentialError, match="sign in anew"):
            await filled(made, asked)


@pytest.mark.parametrize("secret", ["a\nb", "a\x7f", "sécret", ""], ids=["line", "control", "letter", "none"])
async def test_what_no_header_can_carry(shelves: Shelves, tmp_path: Path, secret: str) -> None:
    """Nothing goes out, and the secret is not said."""
    (tmp_path / "a").write_text(secret)
    made = injection(shelves, f"host: a.example, file: {tmp_path}/a, inject: true, export: A")
    with pytest.raises(CredentialError) as caught:
        await filled(made, call("a.example", ("Authorization", made.exports["A"])))
    assert not secret or secret not in str(caught.value)


async def test_a_store_that_is_away(tmp_path: Path) -> None:
    """A token that only it has cannot be had."""
    async with redis_child() as child, shelving(child.url) as shelves:
        made = injection(
            shelves,
            "host: a.example, name: a, inject: true, export: A, oauth2: {grant: client_credentials, "
            "token_url: 'http://127.0.0.1:1', client_id: c, client_secret: {env: HOME}}",
        )
        child.kill9()
        with pytest.raises(StoreUnavailable):
            await filled(made, call("a.example", ("Authorization", made.exports["A"])))


async def test_one_name_at_two_hosts(shelves: Shelves, tmp_path: Path) -> None:
    """One placeholder, each host with its own header."""
    (tmp_path / "a").write_text("one")
    how = f"name: a, file: {tmp_path}/a, inject: true, export: A"
    made = injection(shelves, f"host: a.example, {how}", f"host: b.example, header: X-B, {how}")
    [token] = made.exports.values()
    assert await filled(made, call("a.example", ("Authorization", token))) == ((b"authorization", b"one"),)
    assert await filled(made, call("b.example", ("X-B", token))) == ((b"x-b", b"one"),)
    assert not isinstance(made.look(call("b.example", ("Authorization", token))), tuple)


async def test_none(shelves: Shelves) -> None:
    """Without such entries there is nothing to look for."""
    read = entries("host: a.example, env: T")
    assert Injection.of(read, make(read, surroundings(shelves)), AGENT.placeholder) is None


def test_placeholders() -> None:
    """The same for one agent and one credential, and nobody else's."""
    made = AGENT.placeholder("bank", "ghp_")
    assert made == AGENT.placeholder("bank", "ghp_")
    assert made[:4] == "ghp_"
    assert made[4:].isalnum()
    assert made[4:].isascii()
    others = {
        AGENT.placeholder("mail", "ghp_"),
        replace(AGENT, principal=Principal(agent="b", session="s")).placeholder("bank", "ghp_"),
        replace(AGENT, key=b"o" * 32).placeholder("bank", "ghp_"),
    }
    assert len(others | {made}) == 4


HOSTILE = {
    "no variable": ("env: T, inject: true", "give `inject` an `export`"),
    "a variable for nothing": ("env: T, export: A", "add `inject: true`"),
    "a prefix for nothing": ("env: T, placeholder_prefix: a", "add `inject: true`"),
    "no name of a variable": ("env: T, inject: true, export: 'A=B'", "no name of an environment variable"),
    "two lines": ('env: T, inject: true, export: "A\\nB"', "no name of an environment variable"),
    "a prefix with a space": ("env: T, inject: true, export: A, placeholder_prefix: 'a b'", "no prefix"),
    "an endless prefix": (
        f"env: T, inject: true, export: A, placeholder_prefix: {'a' * 33}",
        "no prefix; use up to 32",
    ),
    "a signature": ("aws_sigv4: {}, inject: true, export: A", "secrets in a header"),
    "a certificate": (
        "client_certificate: {certificate: c, key: k}, inject: true, export: A",
        "secrets in a header",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_values(case: str) -> None:
    """Refused with the cure."""
    written, words = HOSTILE[case]
    found = problems(f"host: a.example, {written}")
    assert found, "it was taken"
    assert words in found[0].message


def test_one_variable_for_two() -> None:
    """The agent would have one of them alone."""
    how = "env: T, inject: true, export: A"
    found = problems(f"host: a.example, {how}", f"host: b.example, {how}")
    assert "two credentials have the `export` `A`" in found[0].message


def test_how_it_is_used_makes_no_other_token() -> None:
    """A kept token outlives that its credential is injected from now on."""
    plain = (
        "host: a.example, name: n, slack: {client_id: c, client_secret: {env: S}, refresh_token: {env: R}}"
    )
    [before], [after] = entries(plain), entries(f"{plain}, inject: true, export: A, placeholder_prefix: x")
    assert before.settings == after.settings
    assert "inject" not in before.settings
