"""Tokens that run out: one renewal for all, kept before use, and every failure with its cure."""

import asyncio
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.credentials.sources.answer import Token
from proxy.credentials.sources.secret import CredentialError
from proxy.store.record import StoreUnavailable
from tests.proxy.credentials.issuer import Issuer, issuing
from tests.proxy.credentials.renewing import NEEDED, Shelves, granted, refreshing, shelving
from tests.proxy.redis_child import redis_child


class Clock:
    """Time that is moved."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """The time."""
        return time.time() + self.ahead


@pytest.fixture
async def shelves(redis_url: str) -> AsyncIterator[Shelves]:
    """Give a domain of this test's own."""
    async with shelving(redis_url) as shelves:
        yield shelves


def count(shelves: Shelves, outcome: str) -> float:
    """How many renewals had that outcome."""
    labels = {"credential": "bank", "outcome": outcome}
    return shelves.metrics.registry.get_sample_value("sidegate_credential_renewals_total", labels) or 0.0


async def test_a_token_is_made_once_and_renewed_ahead(
    issuer: Issuer, shelves: Shelves, tmp_path: Path
) -> None:
    """It is used while it outlives an exchange, and not a moment longer."""
    clock = Clock()
    renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)), now=clock)
    assert await renewed.generation() == ""
    first = await renewed.secret()
    assert (first.text, first.generation) == ("token-1", "1")
    clock.ahead = 1800 - NEEDED - 30
    assert await renewed.secret() == first
    assert issuer.made == 1
    clock.ahead = 1800 - NEEDED + 1
    second = await renewed.secret()
    assert (second.text, second.generation, await renewed.generation()) == ("token-2", "2", "2")
    assert [asked["refresh_token"] for asked in issuer.asked] == ["refresh-0", "refresh-1"]
    assert count(shelves, "renewed") == 2


async def test_fifty_in_two_processes(redis_url: str, tmp_path: Path) -> None:
    """All at once, in two processes: one request to the issuer, and nobody reuses a refresh token."""
    domain, program = secrets.token_hex(8), "tests.proxy.credentials.renewing"
    first = granted(tmp_path)
    async with issuing(slow=1.5) as issuer:
        command = (sys.executable, "-m", program, redis_url, domain, issuer.url, str(first.path), "25")
        running = [
            await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(2)
        ]
        said = await asyncio.gather(*(process.communicate() for process in running))
        lines = [line for output, _ in said for line in output.decode().splitlines()]
        assert lines == ["token-1 1"] * 50
        assert issuer.made == 1
        assert not issuer.revoked


async def test_a_refused_token_is_renewed_once(issuer: Issuer, shelves: Shelves, tmp_path: Path) -> None:
    """All who were refused with it get the same next one."""
    renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
    first = await renewed.secret()
    again = await asyncio.gather(*(renewed.secret(past=first.generation) for _ in range(10)))
    assert {secret.generation for secret in again} == {"2"}
    assert issuer.made == 2


async def test_a_refresh_token_outlives_a_restart(
    issuer: Issuer, shelves: Shelves, redis_url: str, tmp_path: Path
) -> None:
    """The operator's was used long ago; the chain goes on from what was kept."""
    first, clock = granted(tmp_path), Clock()
    await shelves.renewed(refreshing(issuer.url, first)).secret()
    clock.ahead = 3600
    assert (await shelves.renewed(refreshing(issuer.url, first), now=clock).secret()).generation == "2"
    assert not issuer.revoked


async def test_a_refresh_token_is_kept_before_use(
    issuer: Issuer, shelves: Shelves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be kept is given to nobody."""
    renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))

    async def full(*_: object) -> bool:
        raise StoreUnavailable("full")

    monkeypatch.setattr(renewed.shelf, "keep", full)
    with pytest.raises(StoreUnavailable):
        await renewed.secret()
    assert issuer.made == 1


async def test_a_dead_grant(
    issuer: Issuer, shelves: Shelves, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody is told at once which credential, why and the cure; a new sign-in begins a new chain."""
    first = granted(tmp_path, "stolen-and-used")
    renewed = shelves.renewed(refreshing(issuer.url, first))
    with caplog.at_level(logging.INFO):
        failed = await asyncio.gather(*(renewed.secret() for _ in range(20)), return_exceptions=True)
    assert {str(error) for error in failed} == {
        "the credential `bank` cannot be renewed: the endpoint refuses with `invalid_grant`: what it was "
        "given is expired, revoked or was used before: sign in anew and replace it"
    }
    assert all(isinstance(error, CredentialError) for error in failed)
    assert (issuer.made, count(shelves, "denied")) == (1, 1)
    assert "credential.not_renewed credential=bank why=the endpoint refuses" in caplog.text
    assert "stolen" not in caplog.text
    issuer.revoked, issuer.refresh = False, "signed-in-anew"
    granted(tmp_path, "signed-in-anew")
    # The failure is remembered for some seconds.
    await shelves.redis.delete(f"{{sidegate:{shelves.domain}}}:token-failure:bank")
    assert (await renewed.secret()).text == "token-2"


async def test_a_new_sign_in_while_the_old_one_lives(
    issuer: Issuer, shelves: Shelves, tmp_path: Path
) -> None:
    """What the operator replaces counts at once, although the kept token would last."""
    renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
    await renewed.secret()
    issuer.refresh = "another-account"
    granted(tmp_path, "another-account")
    assert (await renewed.secret()).text == "token-2"
    assert issuer.asked[1]["refresh_token"] == "another-account"


async def test_other_settings_want_another_token(issuer: Issuer, shelves: Shelves, tmp_path: Path) -> None:
    """A token of a wider scope is not used for a narrower one that is configured since."""
    grant = refreshing(issuer.url, granted(tmp_path))
    await shelves.renewed(grant, settings="wide").secret()
    issuer.refresh = "refresh-0"
    assert (await shelves.renewed(grant, settings="narrow").secret()).generation == "2"


async def test_tokens_that_live_too_short(shelves: Shelves, tmp_path: Path) -> None:
    """Nobody can have a better one: the new one is used, and the next call has its own."""
    async with issuing(lifetime=30) as issuer:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
        assert [(await renewed.secret()).text for _ in range(2)] == ["token-1", "token-2"]


async def test_tokens_without_an_end(shelves: Shelves, tmp_path: Path) -> None:
    """Where nothing is said of it, a quarter of an hour is assumed."""
    clock = Clock()
    async with issuing(lifetime=None) as issuer:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)), now=clock)
        await renewed.secret()
        clock.ahead = 890
        assert (await renewed.secret()).text == "token-1"
        clock.ahead = 910
        assert (await renewed.secret()).text == "token-2"


async def test_a_wrong_clock_is_logged(
    issuer: Issuer, shelves: Shelves, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It harms no refresh, and everything else that is signed or expires."""
    grant = refreshing(issuer.url, granted(tmp_path))

    class Ahead:
        def seed(self) -> str:
            return grant.seed()

        async def token(self, refresh: str | None) -> Token:
            return Token(text="t", lifetime=600, ahead=300.0)

    await shelves.renewed(Ahead()).secret()
    assert "credential.clock_skew credential=bank seconds_ahead=300" in caplog.text


async def test_a_token_in_the_store_that_was_altered(
    issuer: Issuer, shelves: Shelves, tmp_path: Path
) -> None:
    """It opens for nobody, and is made anew from what the operator gave."""
    renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
    await renewed.secret()
    key = f"{{sidegate:{shelves.domain}}}:token:bank"
    sealed = await shelves.redis.hget(key, "sealed")
    assert sealed is not None
    assert b"token-1" not in sealed
    assert b"refresh" not in sealed
    await shelves.redis.hset(key.replace("bank", "mail"), mapping={"sealed": sealed, "generation": "1"})
    mail = await shelves.shelf.read("mail")
    assert (mail.text, mail.generation) == ("", 1)
    issuer.refresh = "refresh-0"
    await shelves.redis.hset(key, "generation", "7")
    assert (await renewed.secret()).generation == "8"


async def test_the_second_of_two_renewers_is_not_kept(shelves: Shelves) -> None:
    """One that was paused longer than its right lasts takes what the other one made."""
    read = await shelves.shelf.read("bank")

    mine, theirs = (replace(read, generation=1, text=text, expires=2e9) for text in ("mine", "theirs"))
    assert await shelves.shelf.keep("bank", theirs)
    assert not await shelves.shelf.keep("bank", mine)
    assert (await shelves.shelf.read("bank")).text == "theirs"


async def test_the_right_to_renew(shelves: Shelves) -> None:
    """Only its owner gives it back."""
    assert await shelves.shelf.take("bank", "a")
    assert not await shelves.shelf.take("bank", "b")
    await shelves.shelf.leave("bank", "b")
    assert not await shelves.shelf.take("bank", "b")
    await shelves.shelf.leave("bank", "a")
    assert await shelves.shelf.take("bank", "b")


async def test_no_store(issuer: Issuer, tmp_path: Path) -> None:
    """Without it nobody can know who renews: nobody does."""
    async with redis_child() as child, shelving(child.url) as shelves:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
        child.kill9()
        for ask in (renewed.secret, renewed.generation):
            with pytest.raises(StoreUnavailable):
                await ask()
    assert issuer.made == 0


async def test_a_renewal_that_nobody_waits_for(shelves: Shelves, tmp_path: Path) -> None:
    """The endpoint's answer is kept all the same: it holds the only refresh token that still counts."""
    async with issuing(slow=1.0) as issuer:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await renewed.secret()
        assert (await renewed.secret()).text == "token-1"
        assert (await shelves.shelf.read("bank")).refresh == "refresh-1"
        assert issuer.made == 1
