"""Tests of what the console works on."""

from dataclasses import replace

import pytest

from tests.proxy.console.world import World


@pytest.mark.parametrize(
    "reviewers",
    [{"ada": b""}, {"ada": b"token in clear"}, {"": b"x" * 32}, {"ada": b"x" * 32, "bob": b"x" * 31}],
)
async def test_a_reviewer_needs_a_name_and_a_digest(world: World, reviewers: dict[str, bytes]) -> None:
    """A token in clear, or nobody's, is a mistake that is found at the start."""
    with pytest.raises(ValueError, match="needs a name and the SHA-256 of a token"):
        replace(world.reviewing(), reviewers=reviewers)
