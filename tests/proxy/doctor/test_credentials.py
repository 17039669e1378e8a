"""Credentials that can and cannot be read from here."""

import pytest

from proxy.doctor.credentials import examine
from proxy.doctor.finding import Level
from tests.proxy.credentials.written import entries


def test_each_that_cannot_be_read_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with its cure; once all can be read, that is said."""
    monkeypatch.delenv("SIDEGATE_TEST_UNSET", raising=False)
    made = entries("host: a.example, name: bank, env: SIDEGATE_TEST_UNSET", "host: b.example, env: PATH")
    [one] = examine(made)
    assert (one.check, one.level) == ("credentials", Level.DOUBT)
    assert "the credential `bank` cannot be read: the environment variable `SIDEGATE_TEST_UNSET`" in one.said
    assert "in its environment" in one.cure
    monkeypatch.setenv("SIDEGATE_TEST_UNSET", "s3cr3t")
    assert [found.level for found in examine(made)] == [Level.OK]


def test_without_credentials_nothing_is_said() -> None:
    """There is nothing to read."""
    assert list(examine(())) == []
