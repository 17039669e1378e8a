"""Sidegate on a disk that has no room for audit records while there is a file `full` where it was started."""

import errno
import os
import sys
from pathlib import Path

from proxy.audit.segments import Segments
from proxy.cli import main

FULL = "full"


class Full(Segments):
    """Files on that disk."""

    def append(self, data: bytes, *, durable: bool) -> None:
        """Write, if there is room."""
        if Path(FULL).exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().append(data, durable=durable)


if __name__ == "__main__":
    from proxy.audit import making

    making.Segments = Full  # type: ignore[attr-defined] # its own import of it
    sys.exit(main())
