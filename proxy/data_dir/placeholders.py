"""What an agent is given in place of secrets, by environment variable, kept for `sidegate env` and `exec`."""

import json
from collections.abc import Mapping
from pathlib import Path

from proxy.data_dir.files import read_secret, write_secret

_NAME = "placeholders.json"


def write_placeholders(data_dir: Path, exports: Mapping[str, str]) -> None:
    """Keep those of the configuration that is served now, and no others."""
    if exports or (data_dir / _NAME).exists():
        write_secret(data_dir / _NAME, json.dumps(dict(exports)).encode())


def read_placeholders(data_dir: Path) -> dict[str, str]:
    """Those of the sidecar that ran last. Raises OSError and ValueError."""
    try:
        found = json.loads(read_secret(data_dir / _NAME))
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError("these are no placeholders")
    return found
