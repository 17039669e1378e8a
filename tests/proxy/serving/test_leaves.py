"""A running sidecar whose authority is rotated: a real client, before, between and after."""

import ssl
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Call, curl
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]


def test_a_rotation_under_way(tmp_path: Path) -> None:
    """A client that loaded both certificates notices nothing; the key changes without a restart."""
    authority = Authority.create(tmp_path)
    with Upstream(authority.issue()) as upstream, Sidecar(upstream_ca=authority.ca) as sidecar:
        first = tmp_path / "first.pem"
        first.write_bytes(sidecar.ca.read_bytes())
        assert sidecar.cli("ca", "prepare").returncode == 0
        both = tmp_path / "both.pem"
        both.write_bytes(sidecar.ca.read_bytes())

        def status(ca: Path) -> int:
            return curl(Call(url=upstream.url("/bytes/10"), proxy=sidecar.proxy, ca=ca)).status

        assert (status(first), status(both)) == (200, 200)
        assert sidecar.cli("ca", "rotate").returncode == 0
        until(lambda: "trust.signing_anew" in sidecar.log, deadline=60, what="the successor to sign")
        assert status(both) == 200
        with pytest.raises(ConnectionError, match="certificate"):
            status(first)
        assert sidecar.cli("ca", "retire").returncode == 0
        assert status(sidecar.ca) == 200
        assert len(ssl.create_default_context(cafile=sidecar.ca).get_ca_certs()) == 1
