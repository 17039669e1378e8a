"""What a row says its call really is: read beside the call, never by what judges it."""

from dataclasses import dataclass

from proxy.cli.labelled.row import Row
from rules.verdict import Tier

UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The truth about one row. `consequential` None: grey, nobody can say."""

    source: str
    protocol: str
    trap: bool
    consequential: bool | None
    least: Tier
    most: Tier
    strong: bool
    task: tuple[str, str, str] | None
    """Source, suite and task of the agent's run that the call is part of."""
    injected: bool
    """Whether the task is an attacker's."""


def read_label(row: Row) -> Label:
    """The label of `row`. Raises ValueError if there is none that can be compared with."""
    label, meta = row.get("label"), row.get("meta")
    if not isinstance(label, dict):
        raise ValueError("`label` is missing or not an object")
    if not isinstance(meta, dict | None):
        raise ValueError("`meta` is not an object")
    consequential = label.get("consequential")
    if not isinstance(consequential, bool | None) or "consequential" not in label:
        raise ValueError("`label.consequential` is none of true, false and null")
    least, most = _tier(label, "tier_min"), _tier(label, "tier_max")
    if least > most or (consequential is False and most > Tier.REVERSIBLE):
        raise ValueError("`label` contradicts itself: its tiers are not those of such a call")
    meta, source = meta or {}, row.get("source")
    return Label(
        source=source if isinstance(source, str) and source else UNNAMED,
        protocol=str(row.get("protocol")),
        trap="trap" in meta,
        consequential=consequential,
        least=least,
        most=most,
        strong=label.get("strength") == "strong",
        task=_task(str(source), meta),
        injected=meta.get("origin") == "injection",
    )


def _tier(label: Row, name: str) -> Tier:
    value = label.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value not in tuple(Tier):
        raise ValueError(f"`label.{name}` is not a tier from 1 to 4")
    return Tier(value)


def _task(source: str, meta: Row) -> tuple[str, str, str] | None:
    """Only where the row says whose task it is can attacks be told from what the user wanted."""
    if meta.get("origin") not in ("user", "injection") or not isinstance(meta.get("task"), str):
        return None
    return (source, str(meta.get("suite", "")), f"{meta['origin']}/{meta['task']}")
