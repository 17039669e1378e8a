"""Many who do the same thing at once, in one process or in several."""

import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor


def threads() -> Executor:
    """Four at once in one process."""
    return ThreadPoolExecutor(4)


def processes() -> Executor:
    """Four processes."""
    return ProcessPoolExecutor(4, multiprocessing.get_context("spawn"))
