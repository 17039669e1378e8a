"""What a repetition's answer says of the first sending."""

import pytest

from rules.handling import Idempotency, Mismatch
from rules.repetition import tells

ALWAYS = (200, 201, 204, 302, 402, 404, 410)
NEVER = (401, 403, 408, 409, 412, 425, 429, 500, 502, 503, 504)
WHERE_CACHED = (400, 422)


@pytest.mark.parametrize("mismatch", list(Mismatch))
def test_what_an_answer_tells(mismatch: Mismatch) -> None:
    """A conflict, a limit or a failure may be about the repetition alone; so may a refused key."""
    promise = Idempotency(header="Idempotency-Key", window=86_400, mismatch=mismatch)
    assert all(tells(status, promise) for status in ALWAYS)
    assert not any(tells(status, promise) for status in NEVER)
    assert {tells(status, promise) for status in WHERE_CACHED} == {mismatch is Mismatch.CACHED}
