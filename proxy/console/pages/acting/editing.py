"""The page on which a reviewer changes what a held call asks for, and sees what comes of it while writing."""

from typing import Any

from markupsafe import escape
from starlette.responses import Response

from proxy.console.deciding import editing
from proxy.console.deciding.decisions import read_digest
from proxy.console.pages.acting.deciding import shown
from proxy.console.pages.shell import Shell, Visit
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.schemas import schema_of
from proxy.console.reading.shown import damaged, standing, summary
from proxy.keys.seal import SealError
from rules.authority import Act
from rules.edit import Uneditable, editable, written
from rules.form import MOST_FIELDS, Field, fields_of
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json, parse

FIELDS = tuple(f"member{number}" for number in range(MOST_FIELDS))
"""The names of the fields for single members: what a form may have of them."""


class Editing:
    """The routes of that page."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._editing = editing.Editing(shell.reviewing)

    async def page(self, visit: Visit) -> Response:
        """The members that may be changed, in fields of their own and as JSON."""
        hold = await find_hold(self._shell.reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        value = await self._value(hold)
        members: dict[str, Any] = {
            "hold": hold,
            "standing": standing(hold),
            "fields": list(zip(FIELDS, await self._fields(hold, value), strict=False)),
            "body": escape(written(value)),
        }
        return self._shell.show("edit.html", visit.session, members)

    async def preview(self, visit: Visit) -> Response:
        """What differs, and the tier that it would have; in words where it cannot be done."""
        try:
            value, digest = await self._asked(visit), read_digest(dict(visit.form))
            who = visit.who
            effect = await self._editing.preview(visit.hold_id, value, who=who, digest=digest)
            members: dict[str, Any] = {"effect": effect, "fault": None}
        except Problem as problem:
            members = {"effect": None, "fault": str(problem)}
        return self._shell.show("effect.html", visit.session, members)

    async def apply(self, visit: Visit) -> Response:
        """Change it, and go to the hold that has come of it."""
        value, digest = await self._asked(visit), read_digest(dict(visit.form))
        who = visit.who
        return shown(await self._editing.apply(visit.hold_id, value, who=who, digest=digest))

    async def _value(self, hold: Hold) -> Json:
        try:
            found = editable(await self._shell.reviewing.action(hold))
        except SealError as error:
            raise damaged(hold, error) from error
        if isinstance(found, Uneditable):
            detail = f"it cannot be changed: {found.reason}; reject it with words for the agent instead"
            raise Problem(409, Obstacle.UNEDITABLE, detail, members={"hold": summary(hold)})
        return found

    async def _asked(self, visit: Visit) -> Json:
        """What the form says that it shall be: its JSON, and over that each field that was changed."""
        hold = await find_hold(self._shell.reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        before = await self._value(hold)
        try:
            value = parse(visit.form.get("body", "").encode("utf-8", "replace"))
        except ValueError as error:
            raise Problem(400, Obstacle.EDIT_INVALID, f"the JSON cannot be read: {error}") from error
        if not isinstance(value, dict):
            return value
        for name, field in zip(FIELDS, await self._fields(hold, before), strict=False):
            text = visit.form.get(name, field.shown)
            if text != field.shown:
                value[field.member] = _read(field, text)
        return value

    async def _fields(self, hold: Hold, value: Json) -> list[Field]:
        """The fields for single members, by what the tool's own list says of them, where it is a tool."""
        action = await self._shell.reviewing.action(hold)
        schema = await schema_of(self._shell.reviewing, action) if isinstance(action, ToolAction) else None
        return fields_of(value, schema)


def _read(field: Field, text: str) -> Json:
    """What a field says. Raises Problem."""
    try:
        return field.read(text)
    except ValueError as error:
        raise Problem(400, Obstacle.EDIT_INVALID, str(error)) from error
