"""What calls may do together: many small ones are one large one."""

from dataclasses import dataclass
from decimal import Decimal

from rules.call import Call
from rules.matching.condition import number
from rules.matching.reading import Gap, Steps, carried
from rules.request.spelling import fold
from rules.verdict import Spend, Tier

_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a rule lets pass within a window, for each value of `by`. Without `amount`, calls count."""

    limit: Decimal
    window: int
    """Seconds."""
    amount: Steps | None = None
    by: tuple[Steps, ...] = ()

    def spend(self, call: Call, *, rule: str, over: Tier) -> Spend | None:
        """What `call` takes of it, or None where that cannot be read with certainty."""
        amount = Decimal(1) if self.amount is None else _amount(call, self.amount)
        shares = [_share(call, steps) for steps in self.by]
        if amount is None or None in shares:
            return None
        return Spend(
            rule=rule,
            shares=tuple(share for share in shares if share is not None),
            amount=amount,
            limit=self.limit,
            window=self.window,
            over=over,
        )


def _amount(call: Call, steps: Steps) -> Decimal | None:
    """The one amount in `call`; a negative one would give back what was spent."""
    values = carried(call, steps)
    value = number(values[0]) if len(values) == 1 and not isinstance(values[0], Gap) else None
    if value is None:
        return None
    exact = Decimal(value)
    # More digits than any sum of money: what is compared must not be rounded.
    short = len(exact.as_tuple().digits) <= _MOST_DIGITS and abs(exact.adjusted()) <= _MOST_DIGITS
    return exact if exact >= 0 and short else None


def _share(call: Call, steps: Steps) -> str | None:
    """The one value at `steps` as a name; names that a lenient server takes for one are one."""
    match carried(call, steps):
        case [Gap.MISSING]:
            return ""
        case [bool() | int() | Decimal() as value]:
            return f"={value}"
        case [str() as text]:
            return f"={fold(text).strip()}"
        case _:
            return None
