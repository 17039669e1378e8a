"""Has the data plane sign with the authority of now: another process may put its successor in its place."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from proxy.data_dir.authority import SIGNING, Terms, ensure_authority

logger = logging.getLogger(__name__)

_LOOK_EVERY = 2.0
_MEND_EVERY = 3600.0


async def watch(data_dir: Path, terms: Terms, signed_by_another: Callable[[], None]) -> None:
    """Tell when the authority has become another one, and see to its successor; until cancelled."""
    known, mended = _mark(data_dir), monotonic()
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        try:
            if monotonic() > mended + _MEND_EVERY:
                mended = monotonic()
                ensure_authority(data_dir, terms)
            if (now := _mark(data_dir)) != known:
                signed_by_another()
                known = now
                logger.info("trust.signing_anew")
        except (OSError, ValueError) as error:
            logger.error("trust.unusable why=%s", error)  # noqa: TRY400 (what it says is all there is)


def _mark(data_dir: Path) -> tuple[int, int]:
    found = (data_dir / "ca" / SIGNING).stat()
    return found.st_ino, found.st_mtime_ns
