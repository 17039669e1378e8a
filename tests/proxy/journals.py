"""Journals of a test's own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from proxy.replay.journal import Journal

KEEP = timedelta(days=2)


@contextmanager
def journal() -> Iterator[Journal]:
    """An empty journal in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as folder:
        made = Journal(Path(folder) / "journal", keep=KEEP)
        try:
            yield made
        finally:
            made.close()
