"""At which hosts, and below which path, a document has its operations."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from rules.language.complaint import quote
from rules.language.yaml_tree import Path
from rules.openapi.flaw import Flaw
from rules.openapi.parts import Node, mapping, of_kind, part
from rules.request.authority import canonical_host, split_authority

MAX_ADDRESSES = 64

_URL = re.compile(
    r"(?:(?:https?|wss?|\{[^{}]*\})://(?P<authority>[^/?#]*))?(?P<path>/[^?#]*|)", re.IGNORECASE
)
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_GIVE_HOST = "name the host with `--host`"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Base:
    """A path below which operations are, without a last slash, and the hosts where it is so."""

    path: str
    hosts: tuple[str, ...]


def bases_of(document: Node, *, swagger: bool, host: str | None) -> tuple[Base, ...] | None:
    """The bases of the whole document, or None if it names no server. Raises Flaw."""
    if not swagger:
        return bases_at(document, at=(), host=host)
    named = host or part(document, "host", str, at=())
    path = part(document, "basePath", str, at=()) or ""
    if named is None:
        return None
    return _grouped([(named if host else _host(named, at=("host",)), path)])


def bases_at(node: Node, *, at: Path, host: str | None) -> tuple[Base, ...] | None:
    """The bases of `servers` in `node`, or None if there are none. `host` takes the place of theirs."""
    servers = part(node, "servers", list, at=at)
    if not servers:
        return None if host is None else (Base(path="", hosts=(host,)),) if not at else None
    found: list[tuple[str, str]] = []
    for number, server in enumerate(servers):
        here = (*at, "servers", number)
        found += _addresses(cast("Node", of_kind(server, dict, at=here)), at=here, host=host)
        if len(found) > MAX_ADDRESSES:
            raise Flaw(here, f"the servers have over {MAX_ADDRESSES} addresses; {_GIVE_HOST}, or list fewer")
    return _grouped(found)


def read_host(text: str) -> str:
    """The host that a person names for the document. Raises ValueError with the cure."""
    name = text.removeprefix("*.")
    spelled = canonical_host(name)
    if spelled is None or (name != text and "." not in name):
        raise ValueError(f"{quote(text)} is no host; write a name such as `api.pay.example`, without scheme")
    return spelled if name == text else f"*.{spelled}"


def _grouped(addresses: list[tuple[str, str]]) -> tuple[Base, ...]:
    hosts: dict[str, dict[str, None]] = {}
    for host, path in addresses:
        hosts.setdefault(path.rstrip("/"), {})[host] = None
    return tuple(Base(path=path, hosts=tuple(names)) for path, names in hosts.items())


def _addresses(server: Node, *, at: Path, host: str | None) -> Iterator[tuple[str, str]]:
    """Host and path of one server, for each value that its variables may have."""
    url = part(server, "url", str, at=at) or ""
    shape = _URL.fullmatch(url if "://" in url or url.startswith("/") or not url else f"/{url}")
    if shape is None:
        raise Flaw((*at, "url"), f"{quote(url)} is not a url of http without a query; write such a one")
    variables = mapping(server, "variables", at=at)
    paths = list(_filled(shape["path"], variables, at=(*at, "variables"), opened=False))
    if host is not None:
        yield from ((host, path) for path in paths)
        return
    if not shape["authority"]:
        raise Flaw((*at, "url"), f"{quote(url)} names no host; {_GIVE_HOST}")
    hosts = _filled(shape["authority"], variables, at=(*at, "variables"), opened=True)
    for authority, path in itertools.product(hosts, paths):
        yield _host(authority, at=(*at, "url")), path


def _filled(text: str, variables: Node, *, at: Path, opened: bool) -> Iterator[str]:
    """`text` with each value of its variables; of a free one `*` if `opened`, else the default."""
    names = list(dict.fromkeys(_VARIABLE.findall(text)))
    values = [_values(name, mapping(variables, name, at=at), at=(*at, name), opened=opened) for name in names]
    for number, chosen in enumerate(itertools.product(*values)):
        if number > MAX_ADDRESSES:
            return
        filled = dict(zip(names, chosen, strict=True))
        yield _VARIABLE.sub(lambda found, filled=filled: filled[found[1]], text)  # type: ignore[misc]


def _values(name: str, variable: Node, *, at: Path, opened: bool) -> list[str]:
    default = part(variable, "default", str, at=at)
    listed = part(variable, "enum", list, at=at)
    if listed:
        return [of_kind(value, str, at=(*at, "enum", n)) for n, value in enumerate(listed)]
    if opened and name != "port":
        return ["*"]
    if default is None:
        raise Flaw(at, f"the variable {quote(name)} of a server has no default; give it one")
    return [default]


def _host(authority: str, *, at: Path) -> str:
    """The host as rules write it: `*` only where it is a whole label that the language takes."""
    place = split_authority(authority.replace("*", "any"), 443)
    labels = authority.rpartition("@")[2].partition(":")[0].split(".") if place else []
    stars = [number for number, label in enumerate(labels) if "*" in label]
    if place is None or len(stars) > 1 or any(labels[n] != "*" or n > len(labels) - 3 for n in stars):
        raise Flaw(at, f"{quote(authority)} is no host that a rule can name; {_GIVE_HOST}")
    return ".".join(label.lower() for label in labels) if stars else place[0]
