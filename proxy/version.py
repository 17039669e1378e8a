"""Which Sidegate this is."""

from importlib.metadata import PackageNotFoundError, version


def own() -> str:
    """The version of the installed package, `unknown` where it runs from a folder that nobody installed."""
    try:
        return version("sidegate")
    except PackageNotFoundError:
        return "unknown"
