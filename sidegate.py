"""The launcher: finds Sidegate's private packages and hands over to the command line."""

import sys
from pathlib import Path

_PRIVATE = Path(__file__).parent / "_sidegate"
if _PRIVATE.is_dir():
    sys.path.insert(0, str(_PRIVATE))


def main() -> int:
    """Run the `sidegate` command and return its exit code: 0 ok, 1 negative result, 2 wrong use."""
    from proxy.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
