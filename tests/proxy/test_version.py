"""Which Sidegate this is."""

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from proxy.version import own


def test_it_is_the_package_s() -> None:
    """As pyproject.toml has it."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert own() == project["version"]


def test_a_folder_that_nobody_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs all the same."""

    def missing(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr("proxy.version.version", missing)
    assert own() == "unknown"
