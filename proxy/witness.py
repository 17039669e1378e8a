"""The witness: one line about every request that leaves, in the file before its first byte can leave.

A line says that a request was let go. Whether it arrived, only its upstream can say, and so the two can
be compared: whatever an upstream executed has one line of its own here.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rules.action import Action
from rules.call import HttpCall
from rules.hold import Hold
from rules.verdict import Judgement, Verdict

_PRIVATE = 0o600
# Not waiting for a reader: should it be a pipe, it is refused and nothing hangs.
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC


class WitnessError(Exception):
    """the witness cannot be written"""


def _now() -> datetime:
    return datetime.now(UTC)


class Witness:
    """The file at `path`, appended to. Raises OSError or WitnessError if it cannot be."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _now) -> None:
        self._path = path
        self._now = now
        self._torn = False
        self._file = os.open(path, _APPEND, _PRIVATE)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise WitnessError(f"the witness `{path}` is no regular file: give it a path of its own")
        os.fchmod(self._file, _PRIVATE)

    def record(self, going: HttpCall | Action, because: Judgement | Hold) -> None:
        """Write down that `going` may leave now. Raises WitnessError; then it may not."""
        line = json.dumps(self._line(going, because)).encode() + b"\n"
        # What stands before it on a torn line belongs to a request that did not leave.
        data = b"\n" + line if self._torn else line
        try:
            # INVARIANT: one write in append mode, so that lines of several processes never mix.
            self._torn = os.write(self._file, data) < len(data)
            deleted = os.fstat(self._file).st_nlink == 0
        except OSError as error:
            raise WitnessError(self._cannot(str(error.strerror))) from error
        if self._torn:
            raise WitnessError(self._cannot("No space left for a whole line"))
        if deleted:
            raise WitnessError(f"the witness `{self._path}` was deleted: start the sidecar again")

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def _cannot(self, why: str) -> str:
        return f"the witness `{self._path}` cannot be written ({why}): make room for it"

    def _line(self, going: HttpCall | Action, because: Judgement | Hold) -> dict[str, object]:
        path, mark, query = going.target.partition("?")
        host = f"[{going.host}]" if ":" in going.host else going.host
        return {
            "time": self._now().isoformat(timespec="microseconds"),
            "method": going.method,
            "target": f"{going.scheme}://{host}:{going.port}{path}",
            # Queries carry tokens and personal data; equality is all that a comparison needs.
            "query_sha256": _digest(query.encode("latin-1")) if mark else None,
            "body_sha256": _digest(going.body),
            "verdict": Verdict.HOLD if isinstance(because, Hold) else because.verdict,
            "tier": int(because.tier),
            "rule": because.rule,
            "reason_id": because.reason_id,
            "hold": because.hold_id if isinstance(because, Hold) else None,
        }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
