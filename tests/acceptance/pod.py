"""A pod with a real sidecar and a captured agent, and a world on the other end of a cable."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.sidecar import Sidecar
from tests.evasion.launcher import Plant
from tests.evasion.places import Places
from tests.evasion.recorder import Recorder
from tests.nets import Net, joined, nets

WORLD_4, WORLD_6 = "203.0.113.1", "2001:db8:113::1"
AGENT = 1500
CAPTURED, DNS = 15001, 15053
_ROOT = Path(__file__).parents[2]
_PLACES = Places(http1=WORLD_4, http2="203.0.113.3")
_CONFIG = f"""\
version: 1
destinations: {{allow: ["{_PLACES.http1}", "{_PLACES.http2}"]}}
inline_wait: {{usual: 0, most: 0}}
"""
_RULES = """\
version: 1
rules:
  - id: charges
    match: {host: pay.test, method: POST, path: /v1/charges}
    tier: 4
    reason: moves money
"""
# All that comes over the cable, but for what finds the other end of it.
_COUNT = """\
table inet counted {
	chain c {
		type filter hook input priority 0; policy accept;
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
		icmpv6 type mld2-listener-report accept
		iifname "pod0" counter
	}
}
"""


@dataclass(frozen=True, slots=True)
class Pod:
    """Its network, the world's, and the sidecar."""

    net: Net
    world: Net
    sidecar: Sidecar
    upstream: Recorder

    def agent(self, *command: str, seconds: float = 60.0) -> str:
        """What a command prints that the agent runs, errors too, whatever becomes of it."""
        done = self.net.try_(*command, uid=AGENT, seconds=seconds)
        return done.stdout + done.stderr

    def packets(self) -> int:
        """How many have come over the cable to the world."""
        found = re.search(r"counter packets (\d+)", self.world.run("nft", "list", "table", "inet", "counted"))
        assert found
        return int(found[1])

    def sidegate(self, *arguments: str) -> str:
        """A command of ours in the pod, as its operator; it has to succeed."""
        return self.net.run(sys.executable, str(_ROOT / "sidegate.py"), *arguments)

    def up(self, *flags: str) -> None:
        """Capture all but the sidecar, which is root's here."""
        ports = ("--to", str(CAPTURED), "--dns", str(DNS), "--close", self.console_port)
        self.sidegate("capture", "up", "--uid", "0", *ports, *flags)

    @property
    def console_port(self) -> str:
        """The reviewers' door."""
        return self.sidecar.console.rpartition(":")[2]


@contextmanager
def pod(folder: Path, *, rules: str = _RULES) -> Iterator[Pod]:
    """A pod that is not captured yet; the agent can read the certificates, at `/tmp` if nowhere else."""
    authority = Authority.create(folder / "authority")
    with nets(2) as (net, world):
        joined(net, world)
        world.run("ip", "address", "add", f"{_PLACES.http2}/24", "dev", "pod0")
        world.run("nft", "-f", "-", stdin=_COUNT)
        with world:
            upstream = Recorder(_PLACES, authority=authority, names={"pay.test", "h2.test"}, ports=())
            upstream.__enter__()
        try:
            with (
                net,
                Sidecar(
                    upstream_ca=authority.ca,
                    rules=rules,
                    config=_CONFIG,
                    environment={"PYTHONPATH": str(_ROOT)},
                    launcher=(sys.executable, "-m", "tests.evasion.launcher", *_HOSTS, Plant.NOTHING),
                    flags=("--capture", str(CAPTURED), "--dns", str(DNS)),
                ) as sidecar,
            ):
                _publish(sidecar)
                yield Pod(net, world, sidecar, upstream)
        finally:
            upstream.close()


_HOSTS = (_PLACES.http1, _PLACES.http2)


def trusted(sidecar: Sidecar) -> Path:
    """Where the agent finds the bundle."""
    return sidecar.folder / "trust" / "ca-bundle.pem"


def _publish(sidecar: Sidecar) -> None:
    """Give the agent the certificates, as a volume of its own does, and nothing else."""
    sidecar.folder.chmod(0o711)
    shelf = trusted(sidecar).parent
    shelf.mkdir(exist_ok=True)
    for name in ("ca.pem", "ca-bundle.pem"):
        (shelf / name).write_bytes((sidecar.data_dir / name).read_bytes())
    shelf.chmod(0o711)
