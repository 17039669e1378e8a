"""Which operation of a document takes back what another one did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.openapi.operation import Operation

_MAKING = ("POST", "PUT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """The call that takes back; `note` says when it does not, `exact` that it always does."""

    method: str
    path: str
    note: str | None = None

    @property
    def exact(self) -> bool:
        """Whether there is nothing that it would not bring back."""
        return self.note is None


class Inverses:
    """The operations of a document by the calls that reach them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._known: Mapping[tuple[str, str], Operation] = {(o.method, o.whole_path): o for o in operations}
        self._items: dict[str, str] = {
            path.rpartition("/")[0]: path
            for method, path in self._known
            if method == "DELETE" and path.endswith("}") and path.rpartition("/")[2].startswith("{")
        }

    def of(self, operation: Operation) -> Inverse | None:
        """What takes back `operation`, by POST or PUT against DELETE at one URL."""
        path = operation.whole_path
        if operation.method in _MAKING and ("DELETE", path) in self._known:
            overwrites = operation.method == "PUT" and operation.carries
            note = "only where there was nothing before: what was overwritten is lost" if overwrites else None
            return Inverse(method="DELETE", path=path, note=note)
        if operation.method == "DELETE" and not operation.carries:
            made = [self._known[by, path] for by in _MAKING if (by, path) in self._known]
            if made and not made[0].carries:
                return Inverse(method=made[0].method, path=path)
        return None

    def within_family(self, operation: Operation) -> Inverse | None:
        """The same for small things that are put on others: also `/labels` against `/labels/{name}`."""
        if (at_url := self.of(operation)) is not None:
            return at_url
        path = operation.whole_path
        if operation.method in _MAKING:
            if (item := self._items.get(path)) is not None:
                return Inverse(method="DELETE", path=item)
            opposite = self._opposite(path)
            return None if opposite is None else Inverse(method=operation.method, path=opposite)
        collection = path.rpartition("/")[0]
        makers = [by for by in _MAKING if (by, collection) in self._known]
        return Inverse(method=makers[0], path=collection) if makers else None

    def _opposite(self, path: str) -> str | None:
        """`/star` against `/unstar`."""
        before, _, last = path.rpartition("/")
        other = f"{before}/{last.removeprefix('un') if last.startswith('un') else f'un{last}'}"
        return other if any((by, other) in self._known for by in _MAKING) else None
