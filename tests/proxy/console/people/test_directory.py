"""Who is who."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.console.people.directory import Directory
from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry, Standing
from proxy.console.people.tokens import ApiTokens
from proxy.console.people.users import Passwords, User, hashed
from rules.reviewer import Role, Scope
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import TOKENS, World

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORD = "correct horse battery"


def made(folder: Path, *people: PersonEntry, users: tuple[User, ...] = ()) -> Directory:
    """A directory with those people and users."""
    passwords = Passwords(folder)
    for user in users:
        passwords.add(user)
    tokens = ApiTokens(folder, now=lambda: NOW)
    return Directory(
        {"operator": b"x" * 32, "old": b"y" * 32},
        entry=ConsoleEntry(people=people),
        passwords=passwords,
        api_tokens=tokens,
    )


@pytest.mark.parametrize(
    "tokens",
    [{"ada": b""}, {"ada": b"token in clear"}, {"": b"x" * 32}, {"ada": b"x" * 32, "bob": b"x" * 31}],
    ids=["empty", "clear", "nobody", "short"],
)
def test_a_token_needs_a_name_and_a_digest(tokens: dict[str, bytes]) -> None:
    """A token in clear, or nobody's, is a mistake that is found at the start."""
    with pytest.raises(ValueError, match="needs a name and the SHA-256 of a token"):
        Directory(tokens)


def test_what_each_may_do(tmp_path: Path) -> None:
    """The operator is an admin, whom a token file names a reviewer, and others what is said of them."""
    eve = User(name="eve", hash=hashed(WORD), changed=NOW, role=Role.LEAD, groups=("ops",))
    ada = PersonEntry(
        name="ada",
        role=Role.VIEWER,
        also=("ada@example.org",),
        scope=ScopeEntry(hosts=("a.example",)),
        password=True,
    )
    people = made(tmp_path, ada, users=(eve,))
    roles = {known.who.name: (known.who.role, known.ways) for known in people.everybody()}
    assert roles == {
        "ada": (Role.VIEWER, ()),
        "eve": (Role.LEAD, ("password",)),
        "old": (Role.REVIEWER, ("token",)),
        "operator": (Role.ADMIN, ("token",)),
    }
    found = people.named("ada")
    assert found is not None
    assert (set(found.also), found.grants[0].scope) == ({"ada@example.org"}, Scope(hosts=("a.example",)))
    assert people.named("nobody") is None
    assert [people.taken(name) for name in ("ADA", "Operator", "eve", "zed")] == [True, True, True, False]


def test_passwords_count_for_whom_they_are_meant(tmp_path: Path) -> None:
    """For somebody with a token file, and nothing said of a password, one in the file is none."""
    users = tuple(
        User(name=name, hash=hashed(WORD), changed=NOW, standing=standing)
        for name, standing in (("eve", True), ("ada", False), ("carl", False), ("old", True), ("lost", False))
    )
    known = (
        PersonEntry(name="ada", role=Role.LEAD, password=True),
        PersonEntry(name="carl", token_file="carl.token"),
    )
    people = made(tmp_path, *known, users=users)
    found = {user.name: people.of_password(user.name.upper(), WORD) for user in users}
    assert {name for name, who in found.items() if who} == {"eve", "ada"}
    ada = found["ada"]
    assert ada is not None
    assert (ada.name, ada.role) == ("ada", Role.LEAD)
    assert people.of_password("eve", "another word altogether") is None
    assert people.of_password("nobody", WORD) is None


def test_a_file_that_was_broken_knows_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, and tokens in files go on."""
    people = made(tmp_path, users=(User(name="eve", hash=hashed(WORD), changed=NOW),))
    for name in ("users.json", "tokens.json"):
        (tmp_path / name).write_bytes(b"{")
        (tmp_path / name).chmod(0o600)
    assert people.named("eve") is None
    assert people.of_api_token(b"sgt_" + b"A" * 43) is None
    assert people.named("operator") is not None
    assert "people.unreadable" in caplog.text


def test_an_operator_in_the_users_file_is_not_the_operator(tmp_path: Path) -> None:
    """A file that was changed by hand makes no password for that name."""
    people = made(tmp_path)
    text = Passwords(tmp_path)
    text.add(User(name="eve", hash=hashed(WORD), changed=NOW))
    path = tmp_path / "users.json"
    path.write_text(path.read_text().replace('"eve"', '"operator"'))
    path.chmod(0o600)
    assert people.of_password("operator", WORD) is None


async def test_whoever_is_removed_is_logged_out(world: World, tmp_path: Path) -> None:
    """At the next page; and a role that was changed counts at once."""
    world = replace(world, folder=tmp_path)
    passwords = Passwords(tmp_path)
    passwords.add(User(name="eve", hash=hashed(WORD), changed=NOW, role=Role.LEAD))
    browser = Browser(world)
    form = {"name": "eve", "password": WORD}
    assert (await browser.client.post("/login", data=form)).status_code == 303
    assert 'action="/kill/on"' in (await browser.get("/kill")).text
    passwords.remove("eve")
    passwords.add(User(name="eve", hash=hashed(WORD), changed=NOW, role=Role.VIEWER))
    assert 'action="/kill/on"' not in (await browser.get("/kill")).text
    passwords.remove("eve")
    assert (await browser.get("/kill")).status_code == 303
    await browser.client.aclose()


def test_groups_of_a_token_are_those_of_its_owner_at_most(tmp_path: Path) -> None:
    """What it names besides counts for nothing."""
    carl = PersonEntry(name="carl", groups=("finance", "ops"), password=True)
    people = made(tmp_path, carl)
    tokens = ApiTokens(tmp_path, now=lambda: NOW)
    for groups, counted in (((), {"finance", "ops"}), (("ops", "board"), {"ops"})):
        name = f"t{len(groups)}"
        secret = tokens.add(name, owner="carl", standing=Standing(groups=groups), expires=None)
        found = people.of_api_token(secret.encode())
        assert found is not None
        assert found.groups == counted


def test_tokens_of_the_console(world: World) -> None:
    """Whose token it is, is whom the configuration names."""
    ada, bob = (world.people.of_token(TOKENS[name].encode()) for name in ("ada", "bob"))
    assert ada is not None
    assert bob is not None
    assert (ada.role, bob.role) == (Role.LEAD, Role.REVIEWER)
