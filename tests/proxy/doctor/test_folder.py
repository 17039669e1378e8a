"""The data folder, with one thing wrong with it at a time."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.data_dir.authority import ensure_authority
from proxy.data_dir.files import private_folder, write_secret
from proxy.doctor.finding import Level
from proxy.doctor.folder import examine

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a sidecar makes it."""
    made = private_folder(tmp_path / "data")
    ensure_authority(made)
    private_folder(made / "keys")
    for name in ("operator.token", "keys/console.key"):
        write_secret(made / name, b"secret")
    return made


def found(folder: Path, now: datetime = NOW) -> dict[str, Level]:
    """What is not as it should be."""
    return {one.check: one.level for one in examine(folder, now=now) if one.level is not Level.OK}


def test_a_good_one(folder: Path) -> None:
    """Nothing is found."""
    assert found(folder) == {}


def _other_authority(folder: Path) -> None:
    ensure_authority(folder.with_name("other"))
    shutil.copy(folder.with_name("other") / "ca.pem", folder / "ca.pem")


def _other_key(folder: Path) -> None:
    ensure_authority(folder.with_name("other"))
    theirs = (folder.with_name("other") / "ca/mitmproxy-ca.pem").read_bytes()
    ours = (folder / "ca/mitmproxy-ca.pem").read_bytes()
    (folder / "ca/mitmproxy-ca.pem").write_bytes(
        theirs.partition(b"-----BEGIN CERTIFICATE")[0] + ours[ours.index(b"-----BEGIN CERTIFICATE") :]
    )


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the folder is open": (lambda f: f.chmod(0o755), "folder.mode"),
    "the authority's folder is open": (lambda f: (f / "ca").chmod(0o750), "folder.mode"),
    "the authority's key can be read": (lambda f: (f / "ca/mitmproxy-ca.pem").chmod(0o640), "keys.mode"),
    "a key can be read": (lambda f: (f / "keys/console.key").chmod(0o644), "keys.mode"),
    "the token can be read": (lambda f: (f / "operator.token").chmod(0o604), "keys.mode"),
    "the authority is no PEM": (lambda f: (f / "ca/mitmproxy-ca.pem").write_text("x"), "authority.key"),
    "the key is another's": (_other_key, "authority.key"),
    "agents are given another one": (_other_authority, "authority.published"),
    "Java is given none": (lambda f: (f / "ca-bundle.p12").unlink(), "authority.published"),
    "the bundle lacks it": (lambda f: (f / "ca-bundle.pem").write_text(""), "authority.published"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults(case: str, folder: Path) -> None:
    """Each is found, and nothing else."""
    spoil, check = FAULTS[case]
    spoil(folder)
    assert found(folder) == {check: Level.FAULT}


@pytest.mark.parametrize(
    ("days", "level"),
    [(-30, Level.FAULT), (340, Level.DOUBT), (400, Level.FAULT)],
    ids=["early", "soon", "late"],
)
def test_the_time(days: int, level: Level, folder: Path) -> None:
    """Not yet, not for long, not any more."""
    assert found(folder, NOW + timedelta(days=days)) == {"authority.valid": level}


def test_no_folder(tmp_path: Path) -> None:
    """There is nothing to look at, which is said once."""
    assert found(tmp_path / "nowhere") == {"folder.there": Level.FAULT}


def test_a_folder_without_an_authority(tmp_path: Path) -> None:
    """It may have been moved away, or this may be another user."""
    assert found(private_folder(tmp_path / "data")) == {"authority.key": Level.DOUBT}
