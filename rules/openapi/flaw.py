"""What makes an OpenAPI document unusable."""

from rules.language.yaml_tree import Path

_MAX_STEP = 80


class Flaw(ValueError):
    """The document cannot be used: `path` leads to what is wrong in it, `message` says what, and the cure."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message

    @property
    def key(self) -> str:
        """The path as people write it: `paths./pets.get.security[0]`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step[:_MAX_STEP]}" for step in self.path)
        return "".join(steps).removeprefix(".") or "document"


class Unnameable(Flaw):
    """No rule can name one of its paths; the rest of the document may be used without it."""
