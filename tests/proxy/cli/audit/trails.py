"""A data folder with audit records, and `sidegate audit` asked about it."""

from pathlib import Path

from proxy import cli
from proxy.data_dir.files import private_folder, write_secret
from tests.rules.audit.chains import SIGNER, Lines, chain, text_of


def data_dir(folder: Path, lines: Lines | None = None) -> Path:
    """A data folder whose sidecar wrote these lines."""
    write_secret(private_folder(folder / "keys") / "console.key", SIGNER.key)
    own = private_folder(folder / "audit" / "serve")
    (own / "000000000001.jsonl").write_bytes(text_of(chain() if lines is None else lines))
    return folder


def audit(*words: str | Path) -> int:
    """Its exit code."""
    return cli.main(["audit", *map(str, words)])
