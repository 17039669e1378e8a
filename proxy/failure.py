"""Failures that nobody foresaw: kept to the work in which they happen, and told without their words."""

import asyncio
import logging
from collections.abc import Coroutine
from traceback import format_tb
from typing import Any

logger = logging.getLogger(__name__)


async def ended[T](work: Coroutine[Any, Any, T]) -> T | BaseException:
    """How `work` ended: what it returned, or what it raised. Cancelling the caller cancels the work."""
    results: tuple[T | BaseException] = await asyncio.gather(work, return_exceptions=True)
    return results[0]


def place(error: BaseException) -> str:
    """Where `error` was raised, without its own words: they could quote a request."""
    return "".join(format_tb(error.__traceback__))


def report(event: str, error: BaseException) -> None:
    """Log that `event` happened by an `error` that nobody foresaw."""
    logger.error("%s error=%s at\n%s", event, type(error).__name__, place(error))
