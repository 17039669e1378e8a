"""A vault behind a command: it wraps and unwraps keys with one that never leaves it.

One JSON object each way: `{"operation": "wrap", "plaintext": BASE64}` is answered with
`{"ciphertext": TEXT}`, and `{"operation": "unwrap", "ciphertext": TEXT}` with `{"plaintext": BASE64}`.
"""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import IO, cast

_MOST_BYTES = 64 * 1024


class VaultFault(ValueError):
    """the key command does not do its work"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A command, as its arguments, and the seconds that it may take."""

    command: Sequence[str]
    timeout: float

    def wrap(self, key: bytes) -> bytes:
        """`key` as only this vault can read it, tried at once. Raises VaultFault."""
        plaintext = base64.b64encode(key).decode()
        wrapped = self._ask({"operation": "wrap", "plaintext": plaintext}, "ciphertext").encode()
        if self._unwrapped(wrapped) != key:
            raise self._fault("unwraps something else than it has wrapped: nothing was written")
        return wrapped

    def unwrap(self, wrapped: bytes, *, named: Path) -> bytes:
        """What was wrapped into the file `named`. Raises VaultFault."""
        try:
            return self._unwrapped(wrapped)
        except VaultFault as error:
            raise VaultFault(f"`{named}` cannot be unwrapped: {error}") from error

    def _unwrapped(self, wrapped: bytes) -> bytes:
        ciphertext = wrapped.decode(errors="replace")
        plaintext = self._ask({"operation": "unwrap", "ciphertext": ciphertext}, "plaintext")
        try:
            return base64.b64decode(plaintext, validate=True)
        except ValueError as error:
            raise self._fault("answers a plaintext that is no base64") from error

    def _ask(self, question: dict[str, str], member: str) -> str:
        content, code, late = self._run(json.dumps(question).encode() + b"\n")
        if late:
            raise self._fault(f"did not end within {self.timeout:g} s")
        if code and len(content) <= _MOST_BYTES:
            raise self._fault(f"ended with exit code {code}: it has said why on standard error")
        try:
            answer = json.loads(content)
            found = answer[member]
        except (ValueError, KeyError, TypeError) as error:
            raise self._fault(
                f"did not answer one json object of at most {_MOST_BYTES} bytes with `{member}`"
            ) from error
        if not isinstance(found, str):
            raise self._fault(f"answers a `{member}` that is no text")
        return found

    def _run(self, question: bytes) -> tuple[bytes, int, bool]:
        """What it wrote, its exit code, and whether it had to be ended."""
        try:
            process = subprocess.Popen(  # noqa: S603 (the operator's own command, no shell)
                list(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self._fault(f"cannot be started ({error.strerror})") from error
        late = Event()
        timer = Timer(self.timeout, _end, [process.pid, late])
        timer.start()
        with process:
            content = _exchange(process, question)
            if len(content) > _MOST_BYTES:
                _end(process.pid, Event())
            code = process.wait()
        timer.cancel()
        return content, code, late.is_set()

    def _fault(self, what: str) -> VaultFault:
        return VaultFault(
            f"the key command `{self.command[0]}` {what}: correct `keys.command`; "
            "nothing that is held is lost, it waits for its key"
        )


def _exchange(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    """Tell it, and hear what it says up to a bound, or until it is ended."""
    stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with suppress(BrokenPipeError):
        stdin.write(question)
    with suppress(BrokenPipeError):
        stdin.close()
    return stdout.read(_MOST_BYTES + 1)


def _end(group: int, ended: Event) -> None:
    """End it with all that it has started; otherwise those could keep its output open."""
    ended.set()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
