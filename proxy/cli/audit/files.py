"""Which files `sidegate audit` is about, and whose signatures count."""

import argparse
import re
from pathlib import Path

from proxy.audit.making import FOLDER
from proxy.audit.reading import files_in
from proxy.cli.remote import Negative
from proxy.data_dir.files import read_secret
from proxy.keys.signing import Signer
from rules.audit.checking import Head

_KEY = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"([a-z0-9-]{1,100}):([0-9]{1,15}):([0-9a-f]{64})")


def add_paths(parser: argparse.ArgumentParser, *, partial: bool = False) -> None:
    """Declare what names the files. `partial`: and that they may be a part of what was written."""
    if partial:
        parser.add_argument("--partial", action="store_true", help="chains may begin anywhere")
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="files or folders of audit records (default: those of the data folder)",
    )


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Declare what names the keys."""
    parser.add_argument(
        "--key",
        action="append",
        metavar="KEY",
        help="a public key whose signatures count, or a file with it (default: the data folder's own)",
    )


def found(args: argparse.Namespace) -> list[Path]:
    """The files that are meant. Raises Negative where there is none."""
    paths = args.paths or [args.data_dir / FOLDER]
    files = files_in(paths)
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None or not files:
        raise Negative(f"there are no audit records at `{missing or paths[0]}`: name their file or folder")
    return files


def keys_of(args: argparse.Namespace) -> frozenset[str]:
    """The public keys that count: those named, else this data folder's own. Raises Negative."""
    if args.key:
        return frozenset(_key(given) for given in args.key)
    try:
        own = read_secret(args.data_dir / "keys" / "console.key")
        return frozenset({Signer(key=own, domain="").public.hex()})
    except (OSError, ValueError):
        raise Negative(
            "whose signatures count cannot be told: give --key, as `sidegate keys show` prints it at the "
            "sidecar that wrote the records",
            code=2,
        ) from None


def head(text: str) -> Head:
    """CHAIN:NUMBER:HASH."""
    matched = _HEAD.fullmatch(text)
    if matched is None:
        raise argparse.ArgumentTypeError(
            f"`{text}` is not CHAIN:NUMBER:HASH, as `verify` and the log print it"
        )
    return Head(matched[1], int(matched[2]), matched[3])


def _key(given: str) -> str:
    text = given
    if not _KEY.fullmatch(text):
        try:
            text = Path(given).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            text = ""
    if not _KEY.fullmatch(text):
        raise Negative(f"`{given}` is no public key and no file with one: 64 hexadecimal digits", code=2)
    return text
