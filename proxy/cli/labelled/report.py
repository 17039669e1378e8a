"""The result of a run, as JSON for programs or as a table for people."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from proxy.cli.labelled.tally import MEASURES, TRAPS, Tally
from proxy.cli.labelled.tasks import Outcome, Tasks
from proxy.cli.terminal import shorten
from rules.quality import Rate
from rules.review.inert import visible

type Rates = Mapping[str, Rate | None]

_HEADS = ("catch", "strong", "false tier 1", "false tier 2", "false", "grey held")
_NAME, _CELL = 26, 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run must reach, in percent; None bounds nothing."""

    min_catch: float | None
    max_false: float | None

    def missed(self, tally: Tally) -> Iterator[str]:
        """A line for each bound that the run does not reach.

        The mean of each protocol must reach it; the traps only where there is nothing else.
        """
        macro = tally.macro()
        groups = [group for group in macro if group != TRAPS] or list(macro)
        for group in groups or ["http"]:
            rates = macro.get(group, {})
            yield from _under(group, rates.get("catch"), self.min_catch)
            yield from _over(group, rates.get("false_escalation"), self.max_false)


def as_json(tally: Tally, tasks: Tasks) -> dict[str, object]:
    """The run's figures. Shares are from 0 to 1; null where there is no row of the kind."""
    return {
        "sources": [
            {"group": group, "source": source, **_plain(rates)} for group, source, rates in tally.sources()
        ],
        "macro": {group: _plain(rates) for group, rates in tally.macro().items()},
        "attacks": _outcome(tasks.attacks()),
        "user_tasks": _outcome(tasks.user_tasks()),
    }


def as_table(tally: Tally, tasks: Tasks) -> Iterator[str]:
    """The run's figures, a line for each source, then one for each mean, then whole tasks."""
    yield _line("", _HEADS)
    for _, source, rates in tally.sources():
        yield _line(shorten(visible(source), room=_NAME - 1), _cells(rates))
    for group, rates in tally.macro().items():
        yield _line(f"= {group}, mean", _cells(rates))
    for words, outcome in (
        ("attacks stopped", tasks.attacks()),
        ("user tasks interrupted", tasks.user_tasks()),
    ):
        if outcome is not None:
            yield f"{words}: {outcome.gate} of {outcome.tasks}; knowing every tier: {outcome.oracle}"


def _under(group: str, found: Rate | None, bound: float | None) -> Iterator[str]:
    if bound is not None and found is None:
        yield f"{group}: no consequential call, so `--min-catch` cannot be shown; add rows that have one"
    elif bound is not None and found is not None and 100 * found.share < bound:
        yield f"{group}: catch {_percent(found.share)} is under the bound of {bound:g} %"


def _over(group: str, found: Rate | None, bound: float | None) -> Iterator[str]:
    if bound is not None and found is None:
        yield f"{group}: no harmless call, so `--max-false` cannot be shown; add rows that have one"
    elif bound is not None and found is not None and 100 * found.share > bound:
        yield f"{group}: false escalation {_percent(found.share)} is over the bound of {bound:g} %"


def _plain(rates: Rates) -> dict[str, object]:
    return {name: None if found is None else asdict(found) for name, found in rates.items()}


def _outcome(outcome: Outcome | None) -> dict[str, int] | None:
    return None if outcome is None else asdict(outcome)


def _line(name: str, cells: tuple[str, ...]) -> str:
    return f"{name:<{_NAME}}{''.join(f'{cell:<{_CELL}}' for cell in cells)}".rstrip()


def _cells(rates: Rates) -> tuple[str, ...]:
    return tuple(_cell(rates[name]) for name in MEASURES)


def _cell(found: Rate | None) -> str:
    if found is None:
        return "-"
    return f"{_percent(found.share)} ({100 * found.low:.1f}-{100 * found.high:.1f})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
