"""What a value must be: operators and their operands, for conditions on calls and on answers."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from rules.language.document import Strict
from rules.language.vocabulary import HeaderName, MemberPath, Number, Scalar
from rules.matching.condition import Operand


class Requirement(Strict):
    """What a value must be; all that is given must hold. A bare value stands for `eq`."""

    eq: Scalar | None = None
    """This value. Numbers compare exactly; `1` and `1.0` are the same, `1` and `"1"` are not."""
    ne: Scalar | None = None
    """Any other value."""
    in_: Annotated[tuple[Scalar, ...] | None, Field(alias="in", min_length=1)] = None
    """One of these values."""
    not_in: Annotated[tuple[Scalar, ...] | None, Field(min_length=1)] = None
    """None of these values."""
    gt: Number | None = None
    """A greater number."""
    gte: Number | None = None
    """A greater or the same number."""
    lt: Number | None = None
    """A smaller number."""
    lte: Number | None = None
    """A smaller or the same number."""
    exists: bool | None = None
    """Whether there is a value at all."""

    @model_validator(mode="before")
    @classmethod
    def _from_bare_value(cls, value: object) -> object:
        if not isinstance(value, dict):
            return {"eq": value}
        return {name: tuple(v) if isinstance(v, list) else v for name, v in value.items()}

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        given = self.given()
        if not given:
            raise ValueError("it tests nothing; write a value or an operator such as `{exists: true}`")
        if self.exists is False and len(given) > 1:
            raise ValueError("what does not exist has no value; write `exists: false` alone")
        least = [n for n in (self.gt, self.gte) if isinstance(n, int | Decimal)]
        most = [n for n in (self.lt, self.lte) if isinstance(n, int | Decimal)]
        if least and most and max(least) > min(most):
            raise ValueError("no number is in these bounds; swap or widen them")
        return self

    def given(self) -> dict[str, Operand | tuple[Operand, ...]]:
        """The operators that the file gives, by their names there."""
        return self.model_dump(by_alias=True, exclude_none=True)


def _without_lists(required: Requirement) -> Requirement:
    for operands in required.given().values():
        several = operands if isinstance(operands, tuple) else (operands,)
        if any(isinstance(operand, str) and "," in operand for operand in several):
            raise ValueError("a header's value with a comma is a list; name one member of it")
    return required


type Members = Annotated[dict[MemberPath, Requirement], Field(min_length=1)]
type HeaderFields = Annotated[
    dict[HeaderName, Annotated[Requirement, AfterValidator(_without_lists)]],
    Field(min_length=1),
]
