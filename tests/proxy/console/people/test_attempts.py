"""Tests of how often somebody may try to log in."""

from datetime import timedelta

from proxy.console.people.attempts import LOCKED, MOST_FAILURES, Attempts
from tests.proxy.console.world import Clock


def test_failures_lock_longer_each_time_and_not_for_ever() -> None:
    """One address, whatever it does, is bounded on both sides; others are not touched."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(2000):
        attempts.fail("a")
    assert attempts.locked("a") == timedelta(minutes=15)
    assert attempts.locked("b") is None
    clock.moment += timedelta(minutes=15)
    assert attempts.locked("a") is None


def test_a_few_failures_lock_nobody_and_a_token_forgets_them() -> None:
    """Whoever mistypes now and then is never locked out."""
    attempts = Attempts(Clock())
    for _ in range(10):
        for _ in range(MOST_FAILURES - 1):
            attempts.fail("a")
        assert attempts.locked("a") is None
        attempts.succeed("a")
    attempts.succeed("never seen")


def test_a_lock_ends_and_the_next_failure_locks_for_twice_as_long() -> None:
    """Waiting gives one more try, and not five."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(MOST_FAILURES):
        attempts.fail("a")
    assert attempts.locked("a") == LOCKED
    clock.moment += LOCKED
    assert attempts.locked("a") is None
    attempts.fail("a")
    assert attempts.locked("a") == 2 * LOCKED


def test_old_failures_are_forgotten() -> None:
    """A day later the count begins anew."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(MOST_FAILURES):
        attempts.fail("a")
    clock.moment += timedelta(days=1)
    attempts.fail("a")
    assert attempts.locked("a") is None


def test_addresses_do_not_fill_the_memory() -> None:
    """Of very many the one that failed longest ago goes, and those that failed last stay locked."""
    attempts = Attempts(Clock())
    for address in ("old", *map(str, range(1000))):
        for _ in range(MOST_FAILURES):
            attempts.fail(address)
    assert attempts.locked("old") is None
    assert attempts.locked("0") == attempts.locked("999") == LOCKED
