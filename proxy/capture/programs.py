"""The system's tools that arrange a network: run without a shell, for a bounded time."""

import os
import shutil
import subprocess

_SECONDS = 20.0
# Tools of administrators are in folders that others do not have on their path.
_PLACES = os.pathsep.join(("/usr/sbin", "/sbin", "/usr/bin", "/bin"))
_PACKAGES = {"nft": "nftables", "ip": "iproute2"}


class CaptureError(Exception):
    """the network could not be arranged; the message says why and what to do"""


def run(program: str, *arguments: str, stdin: str = "") -> str:
    """What the program prints. Raises CaptureError."""
    try:
        done = subprocess.run(  # noqa: S603 (no shell, and every argument is made here)
            [found(program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        why = f"`{program}` did not end within {_SECONDS:g} s: run it by hand to see why"
        raise CaptureError(why) from error
    except OSError as error:
        raise CaptureError(f"`{program}` cannot be run ({error.strerror}): install it anew") from error
    if done.returncode != 0:
        raise CaptureError(_complaint(program, done.stderr))
    return done.stdout


def found(program: str) -> str:
    """Where the program is. Raises CaptureError."""
    path = shutil.which(program) or shutil.which(program, path=_PLACES)
    if path is None:
        package = _PACKAGES.get(program, program)
        raise CaptureError(f"`{program}` is not installed: install the package `{package}`")
    return path


def _complaint(program: str, words: str) -> str:
    if "ermitted" in words or "must be root" in words:
        return (
            f"`{program}` may not change this network (no CAP_NET_ADMIN): "
            "run this as root, or in an init container with the capability NET_ADMIN"
        )
    first = next((line for line in words.splitlines() if line.strip()), "it does not say why")
    return f"`{program}` failed ({first.strip()[:300]}): is the kernel's nf_tables with nat there?"
