"""Work whose failure stays its own."""

import asyncio

import pytest

from proxy.failure import ended, place

SECRET = "secret-of-the-request"


async def fails() -> int:
    """Fail with words that nobody may read."""
    raise ValueError(SECRET)


async def works() -> int:
    """Do something."""
    await asyncio.sleep(0)
    return 7


async def test_how_work_ended() -> None:
    """A result is given as it is, and so is what was raised; the place is told without the words."""
    assert await ended(works()) == 7
    error = await ended(fails())
    assert isinstance(error, ValueError)
    assert "in fails" in place(error)
    assert SECRET not in place(error)


async def test_cancelling_reaches_the_work() -> None:
    """Who waits and is cancelled leaves nothing running behind."""
    begun, gone = asyncio.Event(), asyncio.Event()

    async def waits() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ended(waits()))
        await begun.wait()
        task.cancel()
    assert gone.is_set()
    assert task.cancelled()


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), ExceptionGroup("two", [ValueError()])], ids=["cancelled", "group"]
)
async def test_other_ends(error: BaseException) -> None:
    """Being cancelled by somebody else, or failing in parts, is a way to end as well."""

    async def raises() -> None:
        raise error

    assert isinstance(await ended(raises()), type(error))
