"""compose.yaml's promises: the agent's only way out, what it can see, and that all its files exist."""

import ipaddress
import re
from typing import Any

import pytest

from proxy.settings.layers import Layers, read_layers
from rules.compile import compile_rules
from rules.ruleset import Ruleset
from tests.dashboards.boards import ROOT
from tests.dashboards.shipped import (
    COMPOSE,
    EXAMPLE,
    compose,
    flags,
    mounts,
    networks,
    services,
    sharing,
    unknown_flags,
)

_EVERY = sorted(services())


def test_the_agent_has_no_other_way_out() -> None:
    """One network without a route outwards, and nobody on it but the sidecar."""
    assert networks("agent") == {"agents"}
    assert compose()["networks"]["agents"]["internal"] is True
    assert {name for name in services() if "agents" in networks(name)} == {"agent", "sidegate"}


def test_the_agent_sees_certificates_only() -> None:
    """Its folders are read-only, and the data folder with the keys is not among them."""
    found = mounts("agent")
    assert {mode for _, mode in found.values()} == {"ro"}
    assert "sidegate-data" not in {source for source, _ in found.values()}
    sharing = {
        name for name in services() for source, _ in mounts(name).values() if source == "sidegate-data"
    }
    assert sharing == {"sidegate", "trust"}


def test_only_two_certificate_files_are_handed_over() -> None:
    """The step that copies them has no network, and names them one by one."""
    trust = services()["trust"]
    assert trust["network_mode"] == "none"
    assert trust["command"] == ["/var/lib/sidegate/ca.pem", "/var/lib/sidegate/ca-bundle.pem"]
    assert mounts("trust")["/var/lib/sidegate"] == ("sidegate-data", "ro")


def test_the_agent_is_another_user() -> None:
    """Redirect rules leave 1337 alone, and root could change them."""
    user, _, group = str(services()["agent"]["user"]).partition(":")
    assert user not in {"", "0", "root", "1337"}
    assert group not in {"", "0", "root", "1337"}


def test_the_agent_uses_the_proxy_and_trusts_it() -> None:
    """Its variables name the address on which the sidecar listens, and a file that it can see."""
    environment = services()["agent"]["environment"]
    proxy = f"http://{flags('sidegate')['--listen']}"
    assert {environment["HTTP_PROXY"], environment["HTTPS_PROXY"]} == {proxy}
    folder, _, name = environment["SSL_CERT_FILE"].rpartition("/")
    assert mounts("agent")[folder] == ("sidegate-trust", "ro")
    assert sharing("sidegate-trust") == {"agent": folder, "trust": services()["trust"]["entrypoint"][-1]}
    assert name in {path.rpartition("/")[2] for path in services()["trust"]["command"]}


@pytest.mark.parametrize(("flag", "network"), [("--listen", "agents"), ("--console", "operators")])
def test_each_door_is_on_its_own_network(flag: str, network: str) -> None:
    """Agents cannot reach the reviewers' listener, because it is bound to another network's address."""
    host = flags("sidegate")[flag].rpartition(":")[0]
    assert services()["sidegate"]["networks"][network] == {"ipv4_address": host}
    (pool,) = compose()["networks"][network]["ipam"]["config"]
    assert ipaddress.ip_address(host) in ipaddress.ip_network(pool["subnet"])
    # Whoever starts first gets the first free address of the range.
    assert ipaddress.ip_address(host) not in ipaddress.ip_network(pool["ip_range"])


def test_nobody_but_the_sidecar_reaches_the_store() -> None:
    """Redis has a network without a route, and keeps every acknowledged write."""
    assert networks("redis") == {"store"}
    assert compose()["networks"]["store"]["internal"] is True
    assert {name for name in services() if "store" in networks(name)} == {"redis", "sidegate"}
    assert {"--appendonly yes", "--appendfsync always"} <= set(services()["redis"]["command"])
    assert services()["sidegate"]["environment"]["REDIS_URL"].startswith("redis://redis:")


@pytest.mark.parametrize("name", _EVERY)
def test_no_service_has_rights_it_does_not_need(name: str) -> None:
    """No capability, none to be gained, not privileged, and ports on loopback only."""
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc"} & set(service)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", ["sidegate", "trust", "agent", "bank", "redis"])
def test_root_file_systems_cannot_be_written(name: str) -> None:
    """What is written is a volume or in memory."""
    assert services()[name]["read_only"] is True


@pytest.mark.parametrize("name", _EVERY)
def test_images_are_named_with_a_version(name: str) -> None:
    """Nothing comes as `latest`, neither in words nor by leaving it out."""
    assert re.fullmatch(r"[a-z0-9/._-]+:v?\d[\w.-]*", services()[name]["image"])


def test_images_can_be_replaced() -> None:
    """Every image is a variable, so that a mirror or a digest needs no edit."""
    images = re.findall(r"^ +image: (.*)$", COMPOSE.read_text(), re.MULTILINE)
    assert all(re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-.+\}", image) for image in images)
    assert len(images) == len(services())


@pytest.mark.parametrize("name", _EVERY)
def test_what_is_mounted_exists(name: str) -> None:
    """Docker would make an empty folder of a missing file, and say nothing."""
    for source, mode in mounts(name).values():
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mode == "ro", source
        else:
            assert source in compose()["volumes"]


def test_what_is_declared_is_used() -> None:
    """No network or volume is left over, and none is missing."""
    used = {network for name in services() for network in networks(name)}
    assert used == set(compose()["networks"])
    named = {source for name in services() for source, _ in mounts(name).values() if "/" not in source}
    assert named == set(compose()["volumes"])


@pytest.mark.parametrize("name", _EVERY)
def test_what_is_waited_for_can_come(name: str) -> None:
    """A service that is waited for to be healthy has a health check."""
    waited: Any = services()[name].get("depends_on", {})
    conditions = {} if isinstance(waited, list) else waited
    for other, how in conditions.items():
        own = "healthcheck" in services()[other] or "build" in services()[other]
        assert own or how["condition"] != "service_healthy"


def test_every_flag_is_one_that_sidegate_has() -> None:
    """The sidecar's command line, checked against the program's own help."""
    assert unknown_flags(services()["sidegate"]["command"]) == []


def test_files_that_flags_name_are_mounted() -> None:
    """Rules, configuration and authorities are where the command line says."""
    found = flags("sidegate")
    assert found["--rules"] in mounts("sidegate")
    assert found["--config"] in mounts("sidegate")
    assert found["--data-dir"] in mounts("sidegate")
    folder, _, name = found["--upstream-ca"].rpartition("/")
    (left,) = [
        target for target, (source, _) in mounts("bank").items() if source == mounts("sidegate")[folder][0]
    ]
    assert flags("bank")["--ca"] == f"{left}/{name}"


def test_the_examples_rules_and_configuration_are_right() -> None:
    """As `sidegate check` reads them."""
    rules = EXAMPLE / "rules.yaml"
    assert isinstance(compile_rules([(rules.name, rules.read_text())]), Ruleset)
    layers = read_layers(EXAMPLE / "config.yaml", environ={})
    assert isinstance(layers, Layers)
    assert {entry.env for entry in layers.config.credentials} <= set(services()["sidegate"]["environment"])
