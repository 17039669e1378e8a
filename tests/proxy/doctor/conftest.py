"""A sidecar's console, as the commands find it."""

from tests.proxy.cli.conftest import *  # noqa: F403 (fixtures are found by their names)
