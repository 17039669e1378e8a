"""What a request to the console says: bounded, strictly read, and nothing that nobody would read."""

import asyncio
from collections.abc import Collection, Mapping
from enum import StrEnum
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from proxy.console.problem import Obstacle, Problem
from rules.request.strict_json import Json, parse

MAX_BODY_BYTES = 64 * 1024
_SECONDS = 10.0
_NAMED = 5
_NAME_LENGTH = 64


async def read_members(request: Request, *, names: Collection[str]) -> dict[str, Json]:
    """The members of the request's JSON object, none of them outside `names`. Raises Problem."""
    _check_type(request)
    content = await read_content(request)
    try:
        value = parse(content)
    except ValueError as error:
        detail = f"the body cannot be read: {error}"
        raise Problem(400, Obstacle.BODY_INVALID, detail) from error
    if not isinstance(value, dict):
        raise Problem(400, Obstacle.BODY_INVALID, f"the body is not a json object with {_list(names)}")
    check_names(value, names)
    return value


def read_word[Word: StrEnum](
    members: Mapping[str, Json], name: str, *, of: type[Word], obstacle: Obstacle
) -> Word:
    """The member `name`, which has to be a word of `of`. Raises Problem, with `obstacle`."""
    given = members.get(name)
    if given not in tuple(of):
        detail = f"`{name}` has to be one of {_list(of)}"
        raise Problem(400, obstacle, detail)
    return of(str(given))


async def read_content(request: Request) -> bytes:
    """The bytes of the request's body. Raises Problem where they are too many or too slow."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _read(request)
    except (TimeoutError, ClientDisconnect) as error:
        detail = f"the body did not arrive whole within {_SECONDS:g} seconds: send it again"
        raise Problem(408, Obstacle.BODY_INCOMPLETE, detail) from error


def _check_type(request: Request) -> None:
    media, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    plain = parameters.strip() in ("", "charset=utf-8", 'charset="utf-8"')
    encoded = "content-encoding" in request.headers
    if media.strip() != "application/json" or not plain or encoded:
        detail = "the body has to be plain utf-8 `application/json`: say so in `Content-Type`"
        raise Problem(415, Obstacle.BODY_TYPE, detail)


async def _read(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY_BYTES:
            detail = f"the body is over {MAX_BODY_BYTES} bytes"
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise Problem(status, Obstacle.BODY_TOO_LARGE, detail)
    return bytes(content)


def check_names(value: Mapping[str, Json], names: Collection[str]) -> None:
    """Refuse members that nobody would read. Raises Problem."""
    unknown = sorted(value.keys() - set(names))
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        named = _list([name[:_NAME_LENGTH] for name in unknown[:_NAMED]])
        detail = f"the body has unknown members {named}{more}: only {_list(names)} is read here"
        raise Problem(400, Obstacle.MEMBER_UNKNOWN, detail)


def _list(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
