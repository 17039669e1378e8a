"""What Grafana and Prometheus find when the compose example starts them."""

import subprocess
from pathlib import Path

from tests.dashboards.boards import FILES, FOLDER, NAMES, ROOT, dashboard
from tests.dashboards.prometheus import tool
from tests.dashboards.rules.files import RULES
from tests.dashboards.shipped import EXAMPLE, PROVISIONING, flags, mounts, read_yaml, services


def test_prometheus_takes_its_configuration() -> None:
    """As its own checker reads it."""
    file = EXAMPLE / "prometheus.yml"
    done = subprocess.run(
        [tool("promtool"), "check", "config", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_prometheus_asks_the_reviewers_listener() -> None:
    """The target is the address that the sidecar's command line names."""
    (job,) = read_yaml(EXAMPLE / "prometheus.yml")["scrape_configs"]
    assert job["static_configs"] == [{"targets": [flags("sidegate")["--console"]]}]
    assert mounts("prometheus")["/etc/prometheus/prometheus.yml"][1] == "ro"


def test_prometheus_finds_the_rules() -> None:
    """The folder is mounted where the configuration looks."""
    (pattern,) = read_yaml(EXAMPLE / "prometheus.yml")["rule_files"]
    assert mounts("prometheus")[str(Path(pattern).parent)] == ("./dashboards/rules", "ro")
    assert all(file.match(Path(pattern).name) for file in RULES)


def test_grafana_asks_prometheus() -> None:
    """The data source names the service and the port on which it listens."""
    (source,) = read_yaml(PROVISIONING / "datasources" / "prometheus.yaml")["datasources"]
    (port,) = services()["prometheus"]["ports"]
    assert source["url"] == f"http://prometheus:{port.rpartition(':')[2]}"
    assert (source["type"], source["isDefault"]) == ("prometheus", True)


def test_grafana_knows_how_often_prometheus_looks() -> None:
    """`$__rate_interval` is worked out from it, and would be too short for any rate otherwise."""
    (source,) = read_yaml(PROVISIONING / "datasources" / "prometheus.yaml")["datasources"]
    config = read_yaml(EXAMPLE / "prometheus.yml")
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]


def test_grafana_finds_the_dashboards() -> None:
    """The provider looks where the folder is mounted, and so does the home page."""
    (provider,) = read_yaml(PROVISIONING / "dashboards" / "sidegate.yaml")["providers"]
    place = provider["options"]["path"]
    assert mounts("grafana")[place] == (f"./{FOLDER.relative_to(ROOT)}", "ro")
    home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in {f"{place}/{file.name}" for file in FILES}
    assert mounts("grafana")["/etc/grafana/provisioning"] == (f"./{PROVISIONING.relative_to(ROOT)}", "ro")


def test_a_provisioned_dashboard_can_be_found_again() -> None:
    """Grafana refuses a provisioned file without a title, and gives a new address without a uid."""
    assert all(dashboard(name)["title"] and dashboard(name)["uid"] for name in NAMES)
    assert len({dashboard(name)["uid"] for name in NAMES}) == len(NAMES)


def test_nobody_can_log_in_with_a_known_password() -> None:
    """Whoever reaches the loopback port may look, and that is all."""
    environment = services()["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
