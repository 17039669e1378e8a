"""Modules without their package: little is loaded, and the package stays whole for others."""

import subprocess
import sys

import pytest

from proxy.serving.lean import bare_package

LITTLE = """
import sys
import proxy.serving.data_plane
loaded = {"flask", "tornado", "mitmproxy.addons", "mitmproxy.addons.onboarding"} & sys.modules.keys()
assert not loaded, loaded
import mitmproxy.addons
assert mitmproxy.addons.default_addons()
assert mitmproxy.addons.proxyserver.Proxyserver is proxy.serving.data_plane.Proxyserver
"""


def test_the_data_plane_loads_two_addons() -> None:
    """In a process of its own: none of mitmproxy's other addons, until somebody asks for them."""
    said = subprocess.run([sys.executable, "-c", LITTLE], capture_output=True, check=False, text=True)
    assert (said.returncode, said.stderr) == (0, "")


def test_a_package_that_is_loaded_stays() -> None:
    """Nothing is taken away from those who have it."""
    package = sys.modules["email"] = __import__("email")
    with bare_package("email"):
        assert sys.modules["email"] is package
    assert sys.modules["email"] is package


def test_a_failure_leaves_nothing_behind() -> None:
    """An import that fails inside is an import that failed."""
    with pytest.raises(ImportError), bare_package("xml"):
        import xml.nothing  # type: ignore[import-not-found] # noqa: F401
    assert "xml" not in sys.modules or hasattr(sys.modules["xml"], "__file__")
