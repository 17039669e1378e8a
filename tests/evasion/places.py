"""Where the names of the cases lead: to the recording upstream, on addresses that only this run uses."""

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Self

CONSOLE_PORT = 9100
"""The port at which the cases look for the reviewers' listener."""

_EMBEDDED = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})\.nip\.test")
# Names of the world outside to which an agent must not get, as they resolve where they exist.
_ELSEWHERE = {"metadata.google.internal": "169.254.169.254"}
_OURS = frozenset({"mitm.it"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Two loopback addresses of the upstream: one speaks HTTP/1.1 only, one prefers HTTP/2."""

    http1: str
    http2: str

    @classmethod
    def of_this_run(cls) -> Self:
        """Addresses that no other run on this machine uses at the same time."""
        middle = f"{64 + os.getpid() // 250 % 128}.{1 + os.getpid() % 250}"
        return cls(http1=f"127.{middle}.1", http2=f"127.{middle}.2")

    def resolve(self, host: str) -> str | None:
        """The address of a name in any spelling that some resolver takes for it, or None."""
        name = unicodedata.normalize("NFKC", host).lower().rstrip(".")
        if embedded := _EMBEDDED.fullmatch(name):
            return embedded[1]
        if name == "h2.test":
            return self.http2
        if name.endswith(".test") or name in _OURS:
            return self.http1
        return _ELSEWHERE.get(name)
