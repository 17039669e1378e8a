"""API tokens: no more than their owners."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry, Standing
from proxy.console.people.tokens import ApiTokens
from rules.reviewer import Role
from tests.proxy.console.world import Clock, World


def tokens(folder: Path) -> tuple[ApiTokens, Clock]:
    """An empty file and the clock by which it is read."""
    clock = Clock()
    return ApiTokens(folder, now=clock), clock


def test_only_a_hash_is_kept(tmp_path: Path) -> None:
    """The token is told once."""
    made, _ = tokens(tmp_path)
    secret = made.add("ci", owner="bob", standing=Standing(), expires=None)
    assert secret.startswith("sgt_")
    assert len(secret) == 47
    assert secret not in (tmp_path / "tokens.json").read_text()
    found = made.find(secret.encode())
    assert found is not None
    assert found.owner == "bob"


def test_a_token_ends(tmp_path: Path) -> None:
    """By its time, or because it was taken back."""
    made, clock = tokens(tmp_path)
    secret = made.add("ci", owner="bob", standing=Standing(), expires=clock() + timedelta(hours=1)).encode()
    clock.moment += timedelta(minutes=59)
    assert made.find(secret)
    clock.moment += timedelta(minutes=1)
    assert made.find(secret) is None
    other = made.add("more", owner="bob", standing=Standing(), expires=None).encode()
    made.revoke("more")
    assert made.find(other) is None
    with pytest.raises(ValueError, match="there is no token `more`"):
        made.revoke("more")


@pytest.mark.parametrize("name", ["", " ", "a b", "\u202e", "x" * 65, "a\n"])
def test_names(tmp_path: Path, name: str) -> None:
    """Nobody has to read an odd one."""
    made, _ = tokens(tmp_path)
    with pytest.raises(ValueError, match="is no token's name"):
        made.add(name, owner="bob", standing=Standing(), expires=None)
    made.add("ci", owner="bob", standing=Standing(), expires=None)
    with pytest.raises(ValueError, match="already"):
        made.add("ci", owner="ada", standing=Standing(), expires=None)


@pytest.mark.parametrize(
    "text", [b"", b"sgt_", b"sgt_" + b"A" * 42, b"sgt_" + b"A" * 43, b"\xff" * 47, b"sgt_" + b"\n" * 43]
)
def test_anything_else_is_none(tmp_path: Path, text: bytes) -> None:
    """It is looked up nowhere."""
    assert tokens(tmp_path)[0].find(text) is None


CASES: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "as its owner": ("reviewer", {"role": Role.REVIEWER}, "approve", 200),
    "its role takes away": ("reviewer", {"role": Role.VIEWER}, "approve", 403),
    "its role gives nothing": ("viewer", {"role": Role.ADMIN}, "approve", 403),
    "its scope hides": ("reviewer", {"scope": ScopeEntry(hosts=("other.example",))}, "approve", 404),
    "an auditor's token": ("reviewer", {"role": Role.AUDITOR}, "approve", 403),
    "an admin's by an auditor": ("auditor", {"role": Role.ADMIN}, "approve", 403),
    "its tier": ("admin", {"role": Role.ADMIN, "scope": ScopeEntry(tiers=(3,))}, "approve", 403),
    "nobody's": ("gone", {"role": Role.ADMIN}, "approve", 401),
}


@pytest.mark.parametrize("case", CASES)
async def test_never_more_than_its_owner(world: World, tmp_path: Path, case: str) -> None:
    """By what the owner may do now."""
    role, said, path, status = CASES[case]
    people = () if role == "gone" else (PersonEntry(name="carl", role=Role(role), password=True),)
    world = replace(world, folder=tmp_path, entry=ConsoleEntry(people=people))
    made = ApiTokens(tmp_path, now=world.clock)
    secret = made.add("ci", owner="carl", standing=Standing(**said), expires=None)
    hold = await world.hold()
    async with world.client(token=secret) as client:
        answer = await client.post(f"/api/holds/{hold.hold_id}/{path}", json={"digest": hold.digest})
        assert answer.status_code == status, answer.text
        if status == 200:
            assert answer.json()["hold"]["decided_by"] == "carl"


async def test_a_token_opens_no_page(world: World, tmp_path: Path) -> None:
    """It is a program's."""
    world = replace(world, folder=tmp_path)
    secret = ApiTokens(tmp_path, now=lambda: datetime.now(UTC)).add(
        "ci", owner="bob", standing=Standing(), expires=None
    )
    async with world.client(token=None) as client:
        assert (await client.post("/login", data={"token": secret})).status_code == 401
