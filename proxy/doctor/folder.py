"""The data folder: who can get at its keys, and whether its authority is whole, valid and published."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from proxy.doctor.finding import Finding, doubt, fault, ok

_OTHERS = 0o077
_SOON = timedelta(days=30)
_PUBLISHED = ("ca.pem", "ca-bundle.pem", "ca-bundle.p12")


def examine(data_dir: Path, *, now: datetime) -> Iterator[Finding]:
    """All about the folder."""
    if not data_dir.is_dir():
        yield fault(
            "folder.there",
            f"there is no folder `{data_dir}`",
            "start the sidecar once, or name its folder with --data-dir",
        )
        return
    yield _closed("folder.mode", [data_dir, data_dir / "ca", data_dir / "keys"], "700")
    secrets = [data_dir / "operator.token", data_dir / "ca" / "mitmproxy-ca.pem"]
    secrets += sorted((data_dir / "keys").glob("*")) if (data_dir / "keys").is_dir() else []
    yield _closed("keys.mode", secrets, "600")
    yield from _authority(data_dir, now)


def _closed(check: str, paths: list[Path], mode: str) -> Finding:
    """Whether only their owner can get at them."""
    try:
        open_ = [path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    except OSError as error:
        cure = "run this as the sidecar's user"
        return doubt(check, f"`{error.filename}` cannot be looked at ({error.strerror})", cure)
    if open_:
        cure = f"run `chmod {mode} {open_[0]}`, and consider what it holds as known to others"
        return fault(check, f"`{open_[0]}` can be used by others", cure)
    return ok(check, "only their owner can get at them")


def _authority(data_dir: Path, now: datetime) -> Iterator[Finding]:
    both = data_dir / "ca" / "mitmproxy-ca.pem"
    try:
        content = both.read_bytes()
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
        fits = certificate.public_key() == key.public_key()
    except OSError as error:
        cure = "run this as the sidecar's user; if it is lost, restore it from a backup"
        yield doubt("authority.key", f"`{both}` cannot be read ({error.strerror})", cure)
        return
    except (ValueError, TypeError, UnsupportedAlgorithm):
        fits = False
    if not fits:
        cure = "restore it from a backup, or remove it to have a new one made"
        yield fault("authority.key", f"`{both}` does not hold a key and its certificate", cure)
        return
    yield ok("authority.key", "the key and its certificate belong together")
    yield _valid(certificate, now)
    yield _published(data_dir, certificate)


def _valid(certificate: x509.Certificate, now: datetime) -> Finding:
    until = certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        cure = "set this machine's clock"
        return fault("authority.valid", "by this machine's clock, the authority is not valid yet", cure)
    if now > until:
        cure = "start the sidecar anew: it makes a new one, which agents then have to load"
        return fault("authority.valid", f"the authority ended on {until:%Y-%m-%d}", cure)
    if now > until - _SOON:
        cure = "start the sidecar anew at a quiet moment, and the agents after it"
        return doubt("authority.valid", f"the authority ends on {until:%Y-%m-%d}", cure)
    return ok("authority.valid", f"the authority is valid until {until:%Y-%m-%d}")


def _published(data_dir: Path, certificate: x509.Certificate) -> Finding:
    """Whether agents are given this very authority."""
    ours = certificate.public_bytes(serialization.Encoding.PEM).strip()
    der = certificate.public_bytes(serialization.Encoding.DER)
    for name in _PUBLISHED:
        path = data_dir / name
        try:
            found = path.read_bytes()
        except OSError as error:
            return fault("authority.published", f"`{path}` cannot be read ({error.strerror})", _ANEW)
        if ours not in found and der not in found:
            return fault("authority.published", f"`{path}` does not have the sidecar's authority", _ANEW)
    return ok("authority.published", "agents are given the sidecar's authority")


_ANEW = "start the sidecar anew: it writes them"
