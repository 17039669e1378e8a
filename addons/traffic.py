"""Which requests are under way, so that a shutdown can let them finish."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """Whoever carries a request from its last byte to the end of its answer is in `busy`."""

    busy: set[object] = field(default_factory=set)
