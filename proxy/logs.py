"""`logs` in config.yaml, and how log lines are written: as text, or each as one JSON value.

A line is an event's name and `key=value` pairs; never a body, a header, a path or a credential.
"""

import json
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import random
from typing import Annotated, Literal

from pydantic import Field

from rules.call import Call, HttpCall
from rules.language.document import Strict
from rules.verdict import Judgement

logger = logging.getLogger(__name__)

_NAMED = re.compile(r"(\w+)=%[sd]")
_EVENT = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_LONGEST = 2000
# Below a warning these write down headers and addresses, whatever level is asked for.
_SPEAK_OF_REQUESTS = (
    "mitmproxy",
    "uvicorn",
    "httpcore2",
    "httpx2",
    "hpack",
    "h2",
    "asyncio",
    "redis",
    "urllib3",
)


class LogsEntry(Strict):
    """How the log is written. `passes`: the share of passed calls that have a line."""

    format: Literal["text", "json"] = "text"
    level: Literal["info", "warning", "error"] = "info"
    passes: Annotated[float, Field(ge=0, le=1)] = 0.0


class JsonLines(logging.Formatter):
    """One JSON value a line: when, how grave, whose, which event, and its pairs as members."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of `record`."""
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        told |= _members(record)
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassLog:
    """Writes down a share of the calls that pass."""

    share: float
    chance: Callable[[], float] = random

    def note(self, call: Call, judgement: Judgement) -> None:
        """A call passes."""
        if self.share and self.chance() < self.share:
            to = call.host if isinstance(call, HttpCall) else call.server
            facts = (judgement.tier, judgement.reason_id, judgement.rule, to)
            logger.info("gate.passed tier=%d reason_id=%s rule=%s to=%s", *facts)


def begin(entry: LogsEntry) -> None:
    """Write the log of this process to standard error, as configured."""
    _write(entry, "%(asctime)s %(levelname)s %(message)s", logging.getLevelName(entry.level.upper()))


def begin_beside(entry: LogsEntry) -> None:
    """The same where standard error is another program's too: ours is marked, and nothing below a warning."""
    least = max(logging.WARNING, logging.getLevelName(entry.level.upper()))
    _write(entry, "sidegate: %(levelname)s %(message)s", least)


def _write(entry: LogsEntry, text: str, least: int) -> None:
    logging.basicConfig(level=least, format=text, stream=sys.stderr)
    if entry.format == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
    for name in _SPEAK_OF_REQUESTS:
        logging.getLogger(name).setLevel(max(logging.WARNING, least))


def _members(record: logging.LogRecord) -> dict[str, object]:
    """The event and its pairs, where all of a line is made of them; else the line as it is."""
    template, given = str(record.msg), record.args
    event, names = template.partition(" ")[0], _NAMED.findall(template)
    given = given if isinstance(given, tuple) else ()
    if not _EVENT.fullmatch(event) or len(names) != len(given):
        return {"message": record.getMessage()[:_LONGEST]}
    pairs = {name: _plain(value) for name, value in zip(names, given, strict=True)}
    return {"event": event} | {f"{name}_" if name in _OURS else name: pairs[name] for name in pairs}


_OURS = frozenset({"at", "level", "logger", "event", "message", "traceback"})


def _plain(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | float):
        return value
    return int(value) if isinstance(value, int) else str(value)[:_LONGEST]
