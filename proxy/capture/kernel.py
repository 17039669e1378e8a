"""What a process may be and see, asked of the kernel: namespaces, mounts, users and privileges."""

import ctypes
import os
from pathlib import Path

from proxy.capture.programs import CaptureError

MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522


def unshare(flags: int, what: str) -> None:
    """Leave the namespaces that `flags` name for new ones. Raises CaptureError."""
    try:
        os.unshare(flags)
    except OSError as error:
        raise CaptureError(f"{what} cannot be made here ({error.strerror})") from error


def map_user(*, inside: int, outside: int, group_inside: int, group_outside: int) -> None:
    """Be `inside` in the user namespace just made, as the user `outside` of it. Raises CaptureError."""
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{inside} {outside} 1")
        Path("/proc/self/gid_map").write_text(f"{group_inside} {group_outside} 1")
    except OSError as error:
        raise CaptureError(f"a user namespace cannot be used here ({error.strerror})") from error


def keep_mounts() -> None:
    """Let nobody outside see what is mounted from here on. Raises CaptureError."""
    _mount(None, Path("/"), None, MS_REC | MS_SLAVE, None)


def mount_empty(at: Path) -> None:
    """Cover a folder by an empty one in memory. Raises CaptureError."""
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount("none", at, "tmpfs", flags, "mode=0755,size=16m")


def mount_over(source: Path, at: Path) -> None:
    """Cover a file by another one. Raises CaptureError."""
    _mount(str(source), at, None, MS_BIND, None)


def lose_privileges(*, uid: int, gid: int, groups: list[int] | None) -> None:
    """Become that user, with no capability and no way to get one, by whatever is run. Raises CaptureError.

    `groups` None: this process may not choose them.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_last_capability() + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    try:
        if groups is not None:
            os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise CaptureError(f"this process cannot become user `{uid}` ({error.strerror})") from error
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if libc.capset(head, none) or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise CaptureError("this process cannot give up its privileges: the kernel does not let it")


def _last_capability() -> int:
    return int(Path("/proc/sys/kernel/cap_last_cap").read_text())


def _mount(source: str | None, at: Path, kind: str | None, flags: int, data: str | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [None if word is None else word.encode() for word in (source, str(at), kind, data)]
    if libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]):
        why = os.strerror(ctypes.get_errno())
        raise CaptureError(f"`{at}` cannot be covered for the agent ({why})")
