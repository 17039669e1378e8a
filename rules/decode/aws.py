"""The operation that a call asks AWS for, where a header, the payload or Smithy's path of calls names it.

It is named `aws.<service>.<operation>`. The service is what `X-Amz-Target` writes before the operation, or
the first label of the host beside `Action`, or what stands in the path.
"""

from collections.abc import Iterator

from rules.call import HttpCall, PayloadKind
from rules.decode.operation import Operation
from rules.request.strict_json import Json

_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_TARGET = b"x-amz-target"
_PUNCTUATION = str.maketrans("", "", "._-")


def operations(call: HttpCall) -> tuple[Operation, ...] | None:
    """Every operation that `call` may ask for; None if the server may find another one."""
    if call.method not in ("GET", "POST") or not call.host.endswith(_HOSTS):
        return ()
    targets = [value.decode("latin-1") for name, value in call.fields if name.lower() == _TARGET]
    names = tuple(dict.fromkeys((*targets, *_actions(call), *_in_path(call))))
    if not all(name.isascii() and name.translate(_PUNCTUATION).isalnum() for name in names):
        return None
    if names and call.payload.kind in _unread(call, targets):
        return None
    return tuple(Operation(name=f"aws.{name}") for name in names)


def _unread(call: HttpCall, targets: list[str]) -> tuple[PayloadKind, ...]:
    """The kinds of payload that could ask for something else: a form in a type that is not read as one."""
    if any(_in_path(call)):
        return ()
    return (PayloadKind.OPAQUE,) if targets else (PayloadKind.OPAQUE, PayloadKind.JSON)


def _actions(call: HttpCall) -> Iterator[str]:
    service = call.host.partition(".")[0].removesuffix("-fips")
    members = call.payload.value if call.payload.kind is PayloadKind.FORM else None
    posted = members.get("Action") if isinstance(members, dict) else None
    asked = [value for name, value in call.query if name == "Action"]
    return (f"{service}.{action}" for action in (*asked, *_texts(posted)))


def _texts(value: Json) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [text for text in several if isinstance(text, str)]


def _in_path(call: HttpCall) -> Iterator[str]:
    if len(call.segments) == 4 and (call.segments[0], call.segments[2]) == ("service", "operation"):
        yield f"{call.segments[1]}.{call.segments[3]}"
