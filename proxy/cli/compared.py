"""What a hold would change, as a person reads it: how it was, what would become of it, what has moved."""

from collections.abc import Iterator
from typing import Any

from rules.review.inert import visible

_NOTHING = "(nothing)"


def compared(hold: dict[str, Any]) -> Iterator[str]:
    """Lines below the action; none where nothing has to be read."""
    snapshot = hold.get("snapshot")
    if snapshot is not None:
        yield ""
        yield from _snapshot(snapshot)
    for drift in hold.get("drift") or ():
        yield visible(f"changed since it was held, {drift['subject']} {drift['url']}:")
        yield from _changes(drift["changes"])


def _snapshot(snapshot: dict[str, Any]) -> Iterator[str]:
    if "recorded" not in snapshot:
        yield visible(f"the stored snapshot does not open: {snapshot['integrity_reason']}")
    elif not snapshot["recorded"]:
        yield "no snapshot yet: what it would change is being read; without one it will not run"
    for read in snapshot.get("reads", ()):
        yield from _read(read)


def _read(read: dict[str, Any]) -> Iterator[str]:
    name = f"{read['subject']} {read['url']}"
    if read["unread"] is not None:
        yield visible(f"no snapshot of {name}: {read['unread']}; it will run whatever is there")
        return
    if not read["there"]:
        yield visible(f"{name}: not there when it was held")
        return
    yield visible(f"{name}: read when it was held; it runs only if that is still the same")
    if read["changes"]:
        yield "it would change:"
        yield from _changes(read["changes"])
    elif read["changes"] is not None:
        yield "it would change nothing of that"


def _changes(changes: list[dict[str, Any]]) -> Iterator[str]:
    for change in changes:
        before, after = (_NOTHING if text is None else text for text in (change["before"], change["after"]))
        yield visible(f"  {change['path'] or 'all of it'}: {before} -> {after}")
