"""Failures that nobody foresaw: kept to the work in which they happen, and told without their words."""

import asyncio
from collections.abc import Coroutine
from traceback import format_tb
from typing import Any


async def ended[T](work: Coroutine[Any, Any, T]) -> T | BaseException:
    """How `work` ended: what it returned, or what it raised. Cancelling the caller cancels the work."""
    results: tuple[T | BaseException] = await asyncio.gather(work, return_exceptions=True)
    return results[0]


def place(error: BaseException) -> str:
    """Where `error` was raised, without its own words: they could quote a request."""
    return "".join(format_tb(error.__traceback__))
