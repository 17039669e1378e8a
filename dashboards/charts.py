"""The charts that boards have more than once, by what they show."""

from dashboards.board import Chart, Steps, alarm, wanted
from dashboards.queries import each_job, now, risen


def ratio(title: str, about: str, recorded: str, *, steps: Steps = (), decimals: int = 1) -> Chart:
    """A share that a recording rule works out."""
    queries = (each_job(recorded),)
    return Chart(
        title=title, about=about, queries=queries, unit="percentunit", decimals=decimals, steps=steps
    )


def bounded(title: str, about: str, recorded: str, *, steps: Steps) -> Chart:
    """A share of 30 days between the bounds of its interval; `recorded` names all three."""
    queries = (
        each_job(f"{recorded}:ratio30d", "rate"),
        each_job(f"{recorded}_lower:ratio30d", "at least"),
        each_job(f"{recorded}_upper:ratio30d", "at most"),
    )
    return Chart(
        title=title, about=about, queries=queries, unit="percentunit", width=8, decimals=1, steps=steps
    )


def count(title: str, about: str, counter: str, *matchers: str, steps: Steps = ()) -> Chart:
    """What was counted in the chosen time."""
    return Chart(title=title, about=about, queries=(risen(counter, *matchers),), steps=steps)


def up(title: str, about: str, gauge: str, *, by: str = "") -> Chart:
    """Whether a part works, at every sidecar."""
    words = (("0", "down", "red"), ("1", "up", "green"))
    query = now("min", gauge, by=by)
    return Chart(title=title, about=about, queries=(query,), unit="none", steps=wanted(1), words=words)


def raised(title: str, about: str, gauge: str, *, off: str, on: str) -> Chart:
    """Whether any sidecar says what should not be; `off` and `on` are the words for no and yes."""
    words = (("0", off, "green"), ("1", on, "red"))
    query = now("max", gauge)
    return Chart(title=title, about=about, queries=(query,), unit="none", steps=alarm(1), words=words)
