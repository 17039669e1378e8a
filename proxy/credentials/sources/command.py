"""A secret that a program prints: run without a shell, for a bounded time, with bounded output."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from proxy.credentials.sources.secret import CredentialError, Keyed, Secret

_MAX_OUTPUT_BYTES = 64 * 1024


@dataclass(slots=True, kw_only=True)
class FromCommand:
    """The program and its arguments; `timeout` in seconds."""

    argv: Sequence[str]
    timeout: float
    keyed: Keyed
    _last: str = field(default="", init=False)

    async def secret(self, *, past: str | None = None) -> Secret:
        """What the program prints now, `past` or not. Raises CredentialError."""
        text = await self._run()
        self._last = self.keyed(text)
        return Secret(text=text, generation=self._last)

    async def generation(self) -> str:
        """That of what it printed last to this process."""
        return self._last

    async def _run(self) -> str:
        try:
            program = await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # it may quote the secret
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no program can have this name"
            raise self._fault(f"cannot be started: {why}", "correct its path or its mode") from error
        try:
            async with asyncio.timeout(self.timeout):
                return self._said(await self._output(program), await program.wait())
        except TimeoutError as error:
            raise self._fault(
                f"did not end within {self.timeout:g} s", "make it faster or raise its `timeout`"
            ) from error
        finally:
            # What it started goes with it, also where nobody waits any more.
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            await program.wait()

    async def _output(self, program: asyncio.subprocess.Process) -> bytes:
        assert program.stdout is not None  # noqa: S101 (it was asked for)
        output = b""
        while piece := await program.stdout.read(_MAX_OUTPUT_BYTES):
            output += piece
            if len(output) > _MAX_OUTPUT_BYTES:
                raise self._fault(f"printed over {_MAX_OUTPUT_BYTES} bytes", "let it print the secret alone")
        return output

    def _said(self, output: bytes, status: int) -> str:
        if status:
            raise self._fault(f"ended with status {status}", "run it by hand to see why")
        text = output.decode("utf-8", errors="replace").strip()
        if not text:
            raise self._fault("printed nothing", "let it print the secret")
        return text

    def _fault(self, what: str, cure: str) -> CredentialError:
        return CredentialError(f"the command `{self.argv[0]}` {what}; {cure}")
