"""The template of a path that was seen: what looks like an id becomes `{id}`."""

import re

from rules.general.names.places import is_id

_WORD = re.compile(r"[A-Za-z0-9._~-]+")
_MAX_WORD = 40


def template_of(path: str) -> str:
    """The template, in the rule language; `{id:int}` where digits alone were seen."""
    count = 0
    steps = []
    for segment in path[1:].split("/"):
        step = _step(segment)
        if "{" in step:
            count += 1
            step = step.replace("{id", "{id" if count == 1 else f"{{id{count}", 1)
        steps.append(step)
    return "/" + "/".join(steps)


def _step(segment: str) -> str:
    thing, colon, verb = segment.rpartition(":")
    if colon and verb.isascii() and verb.isalpha() and thing:
        return f"{_step(thing)}:{verb}" if ":" not in thing else f"{{id}}:{verb}"
    if segment.isascii() and segment.isdigit():
        return "{id:int}"
    if not segment:
        return segment
    word = _WORD.fullmatch(segment) and len(segment) <= _MAX_WORD and not is_id(segment)
    return segment if word else "{id}"
