"""Scenario `judging`: what one judgement costs, in this process, and whether more rules make it dearer."""

import gc
import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proxy.packs import load_packs
from rules.call import HttpCall, PayloadKind
from rules.classify import classify
from rules.compile import compile_rules
from rules.message import Message
from rules.normalize import normalize
from rules.ruleset import Ruleset
from tests.bench.bench import Bench, say
from tests.bench.processes import HOST
from tests.bench.report import Goal, Json, Section, percentile

SIZES = (100, 4 * 1024, 64 * 1024)
"""Bytes of the JSON bodies."""
GOAL_SIZE = 4 * 1024
P99_GOAL_US = 1000.0
FEW, MANY = 10, 10_000
RULE_BODY_SIZE = 1024
RULE_RATIO_GOAL = 1.2
CLASSIFY_GOAL_US = 100.0
SERIES_SECONDS = 1.0
"""How long each row is measured; half of it is the reference's."""

RULE = """\
  - id: rule-{n}
    match: {{host: {host}, method: POST, path: "/v1/kind-{n}/{{id}}"}}
    tier: 4
    lower: [{{when: {{body: {{amount: {{lte: 2000}}, currency: usd}}}}, tier: 2}}]
"""

HEADER = ("judgement", "median us", "p99 us", "reference us", "times the reference", "judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of each turn of one piece of work and of its reference, turn by turn."""

    name: str
    turns: tuple[float, ...]
    reference: tuple[float, ...]

    @property
    def median_us(self) -> float:
        """The middle turn, in microseconds."""
        return 1e6 * statistics.median(self.turns)

    @property
    def p99_us(self) -> float:
        """What 99 of 100 turns stayed within, in microseconds."""
        return 1e6 * percentile(self.turns, 0.99)

    @property
    def reference_us(self) -> float:
        """The reference's middle turn, in microseconds."""
        return 1e6 * statistics.median(self.reference)

    @property
    def ratio(self) -> float:
        """The median over the reference's."""
        return self.median_us / self.reference_us


def run(bench: Bench) -> Section:
    """Judge bodies of every size, plain and compressed, then one body under few and under many rules."""
    few, many = ruleset_of(FEW), ruleset_of(MANY)
    sizes = [_judge(body_of(size), few, encoded=encoded) for size in SIZES for encoded in (False, True)]
    return section(sizes, _classify(few, many))


def section(sizes: Iterable[Cost], rules: Cost) -> Section:
    """Put the costs into a table; `rules` has many rules as its work and few as its reference."""
    by_name = {cost.name: cost for cost in sizes}
    p99 = by_name[_name(GOAL_SIZE, encoded=False)].p99_us
    return Section(
        name="judging",
        title="CPU of judging one POST in process: normalize (and decode) + classify; reference: json.loads "
        f"of the same body. Last: classify alone, {MANY:,} rules; reference: {FEW} rules",
        header=HEADER,
        rows=tuple(_row(cost) for cost in (*by_name.values(), rules)),
        notes=(),
        goals=(
            Goal(
                text=f"p99 {p99:.0f} us for judging a JSON body of {GOAL_SIZE // 1024} KB "
                f"(goal {P99_GOAL_US:.0f})",
                met=p99 <= P99_GOAL_US,
            ),
            Goal(
                text=f"median {rules.reference_us:.0f} us for classifying {RULE_BODY_SIZE // 1024} KB "
                f"with all packs (goal {CLASSIFY_GOAL_US:.0f})",
                met=rules.reference_us <= CLASSIFY_GOAL_US,
            ),
            Goal(
                text=f"ratio {rules.ratio:.2f} of classifying under {MANY:,} rules to {FEW} "
                f"(goal {RULE_RATIO_GOAL:.1f})",
                met=rules.ratio <= RULE_RATIO_GOAL,
            ),
        ),
        data={cost.name: _data(cost) for cost in (*by_name.values(), rules)},
    )


def interleaved(
    name: str, work: Callable[[], object], reference: Callable[[], object], *, seconds: float
) -> Cost:
    """Time both in turns until `seconds` are over, so that a machine that slows hits both alike."""
    turns, references = list[float](), list[float]()
    gc.collect()
    end = time.perf_counter() + seconds
    while not turns or time.perf_counter() < end:
        references.append(_timed(reference))
        turns.append(_timed(work))
    return Cost(name=name, turns=tuple(turns), reference=tuple(references))


def body_of(size: int) -> bytes:
    """A JSON order of `size` bytes: a head that the rules look at, then as many items as fit."""
    items = list[Json]()
    order = {"amount": 1999, "currency": "usd", "items": items, "note": ""}
    while len(_text(order)) < size - 120:
        items.append({"sku": f"part-{len(items)}", "count": len(items), "price": 12.5, "gift": False})
    order["note"] = "n" * (size - len(_text(order)))
    return _text(order)


def message_of(body: bytes, *, encoded: bool = False) -> Message:
    """A POST that the first rule names, as a JSON client would send it."""
    content = gzip.compress(body, mtime=0) if encoded else body
    fields = [(b"Host", HOST.encode()), (b"User-Agent", b"bench"), (b"Accept", b"*/*")]
    fields += [(b"Authorization", b"Bearer 0123456789abcdef"), (b"Content-Type", b"application/json")]
    fields += [(b"Content-Encoding", b"gzip")] if encoded else []
    return Message(
        scheme="https",
        host=HOST,
        port=443,
        sni=HOST,
        method=b"POST",
        target=b"/v1/kind-0/a1?expand=items",
        fields=(*fields, (b"Content-Length", str(len(content)).encode())),
        body=content,
    )


def ruleset_of(count: int) -> Ruleset:
    """All packs and `count` rules, every second one for the call's host; only the first names its path."""
    hosts = (HOST, "api-{n}.example")
    rules = "".join(RULE.format(n=n, host=hosts[n % 2].format(n=n)) for n in range(count))
    compiled = compile_rules([("bench.yaml", f"version: 1\nrules:\n{rules}")], load_packs())
    if not isinstance(compiled, Ruleset):
        raise ValueError(f"the benchmark's own rules are wrong: {compiled[0]}")
    return compiled


def read(message: Message) -> HttpCall:
    """The call in `message`. ValueError unless its body was understood: else the cost says nothing."""
    call = normalize(message)
    if not isinstance(call, HttpCall) or call.payload.kind is not PayloadKind.JSON:
        raise ValueError("the benchmark's own request was not understood")
    return call


def _judge(body: bytes, ruleset: Ruleset, *, encoded: bool) -> Cost:
    message = message_of(body, encoded=encoded)
    name = _name(len(body), encoded=encoded)
    cost = interleaved(
        name,
        lambda: classify(read(message), ruleset),
        lambda: json.loads(body),
        seconds=SERIES_SECONDS,
    )
    say(f"judging: {name}: median {cost.median_us:.0f} us, p99 {cost.p99_us:.0f} us")
    return cost


def _classify(few: Ruleset, many: Ruleset) -> Cost:
    call = read(message_of(body_of(RULE_BODY_SIZE)))
    name = f"classify {RULE_BODY_SIZE // 1024} KB, {MANY:,} rules"
    cost = interleaved(
        name, lambda: classify(call, many), lambda: classify(call, few), seconds=SERIES_SECONDS
    )
    say(f"judging: {name}: {cost.ratio:.2f} of the cost with {FEW}")
    return cost


def _name(size: int, *, encoded: bool) -> str:
    return f"{size / 1024:.1f} KB{' gzip' if encoded else ''}"


def _text(order: object) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()


def _timed(work: Callable[[], object]) -> float:
    """CPU seconds: whoever else takes the core meanwhile is no cost of ours."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def _row(cost: Cost) -> tuple[str, ...]:
    return (
        cost.name,
        f"{cost.median_us:,.1f}",
        f"{cost.p99_us:,.1f}",
        f"{cost.reference_us:,.1f}",
        f"{cost.ratio:.2f}",
        f"{len(cost.turns):,}",
    )


def _data(cost: Cost) -> Json:
    return {
        "median_us": cost.median_us,
        "p99_us": cost.p99_us,
        "reference_us": cost.reference_us,
        "ratio": cost.ratio,
        "turns": len(cost.turns),
    }
