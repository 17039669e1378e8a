"""What a reviewer sees of what a hold would change: before, what it would make of it, and what has moved."""

from collections.abc import Iterable

from rules.action import Action
from rules.drift.difference import Change, intended
from rules.drift.image import Image
from rules.drift.shot import Drift, Shot


def before(shots: Iterable[Shot], action: Action) -> list[dict[str, object]]:
    """Each read with what it showed and, where it is of the very thing, what the action would change."""
    return [_read(shot, action) for shot in shots]


def moved(drifts: Iterable[Drift]) -> list[dict[str, object]]:
    """What had changed between the hold and its claim."""
    return [
        {
            "subject": drift.read.subject,
            "url": drift.read.place.url,
            "changes": _changes(drift.changes),
        }
        for drift in drifts
    ]


def _read(shot: Shot, action: Action) -> dict[str, object]:
    head: dict[str, object] = {"subject": shot.read.subject, "url": shot.read.place.url}
    if not isinstance(shot.shown, Image):
        return head | {"unread": shot.shown, "there": None, "etag": None, "content": None, "changes": None}
    same = shot.read.place.target == action.target and shot.read.place.host == action.host
    changes = intended(action, shot.shown) if same else None
    return head | {
        "unread": None,
        "there": shot.shown.there,
        "etag": shot.shown.etag or None,
        "content": shot.shown.text,
        "changes": None if changes is None else _changes(changes),
    }


def _changes(changes: Iterable[Change]) -> list[dict[str, object]]:
    return [{"path": one.path, "before": one.before, "after": one.after} for one in changes]
