"""PromQL as the boards write it: every query keeps to the chosen job, and its legend follows from its labels."""

type Query = tuple[str, str]
"""An expression, and the legend of what it gives."""


def series(name: str, *matchers: str) -> str:
    """The chosen job's series of that name, or those of them that match."""
    return f"{name}{{{', '.join(('job=~"$job"', *matchers))}}}"


def combined(how: str, inner: str, *, by: str = "", legend: str | None = None) -> Query:
    """What an aggregation (`sum`, `max`) makes of `inner`, for each value of the labels that `by` lists."""
    grouped = f"{how} by ({by}) " if by else how
    labels = by.split(", ") if by else []
    named = ": ".join(f"{{{{{label}}}}}" for label in labels)
    return f"{grouped}({inner})", named if legend is None else legend


def now(how: str, name: str, *matchers: str, by: str = "") -> Query:
    """What a series is now, of all sidecars together."""
    return combined(how, series(name, *matchers), by=by)


def risen(name: str, *matchers: str, by: str = "", legend: str | None = None) -> Query:
    """By how much a counter has risen in the chosen time."""
    return combined("sum", f"increase({series(name, *matchers)}[$__range])", by=by, legend=legend)


def rising(name: str, *, by: str = "", legend: str | None = None) -> Query:
    """By how much a counter rises from one point of a line to the next."""
    return combined("sum", f"increase({series(name)}[$__rate_interval])", by=by, legend=legend)


def per_second(name: str, *, by: str, legend: str | None = None) -> Query:
    """How fast a counter rises, as a line."""
    return combined("sum", f"rate({series(name)}[$__rate_interval])", by=by, legend=legend)


def quantiles(histogram: str, by: str) -> tuple[Query, Query]:
    """Half and nine tenths of what a histogram has seen in the chosen time."""
    buckets, _ = risen(f"{histogram}_bucket", by=f"le, {by}")
    half, most = (f"histogram_quantile({share}, {buckets}) > 0" for share in (0.5, 0.9))
    return (half, f"{{{{{by}}}}} p50"), (most, f"{{{{{by}}}}} p90")


def each_job(recorded: str, what: str = "") -> Query:
    """A recorded number of each job; the legend says `what` of it this is."""
    return series(recorded), f"{{{{job}}}} {what}".rstrip()


def happened(query: Query) -> Query:
    """Only what is above zero."""
    expression, legend = query
    return f"{expression} > 0", legend


def ranked(query: Query) -> Query:
    """The most first."""
    expression, legend = query
    return f"sort_desc({expression})", legend
