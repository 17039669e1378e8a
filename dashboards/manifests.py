"""The rules as Kubernetes takes them: an object of the Prometheus operator, and the part that the chart reads."""

from pathlib import Path
from textwrap import indent

_ROOT = Path(__file__).parents[1]
_FILES = ("recording.yml", "alerts.yml")
_START = "groups:\n"
_NOTE = "# Written by `python -m dashboards` from dashboards/rules: change it there.\n"
_HEAD = f"""\
{_NOTE}apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sidegate
  labels: {{app.kubernetes.io/name: agent}}
spec:
"""

MANIFEST = _ROOT / "deploy" / "kubernetes" / "monitoring" / "rules.yaml"
PART = _ROOT / "deploy" / "helm" / "sidegate" / "groups.yaml"


def groups() -> str:
    """All groups of rules in one mapping, as they stand in their files."""
    texts = [(Path(__file__).parent / "rules" / name).read_text() for name in _FILES]
    return _START + "".join(text.partition(_START)[2].lstrip("\n") for text in texts)


def manifest() -> str:
    """The object for `kubectl`."""
    return _HEAD + indent(groups(), "  ")


def part() -> str:
    """What the chart's object is made of."""
    return _NOTE + groups()


def write() -> None:
    """Write both."""
    MANIFEST.write_text(manifest())
    PART.write_text(part())
