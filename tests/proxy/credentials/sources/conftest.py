"""Fixtures of the sources' tests: a server that gives tokens, and places of secrets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.credentials.sources.stated import FromFile
from tests.proxy.credentials.issuer import Issuer, Write, issuing


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """Run a server of this test's own."""
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a place for a secret."""

    def place(text: str) -> FromFile:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        path.write_text(text)
        return FromFile(path)

    return place
