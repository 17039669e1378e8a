"""The quickstart's and the deploy page's commands: programs, flags and files that are there."""

import re
import shlex

import pytest

from tests.dashboards.shipped import unknown_flags
from tests.test_docs import DOCS, ROOT

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

_PAGES = ("quickstart.md", "deploy.md")


def commands(program: str) -> list[list[str]]:
    """The words of each indented line that runs `program`, after the program."""
    found = []
    for page in _PAGES:
        for line in re.findall(r"^    (.+)$", (DOCS / page).read_text(), re.MULTILINE):
            named = re.search(rf"(?:^|[ /\"(]){program} ", line)
            # The chart's folder has the program's name.
            if named and (program == "helm" or not line.startswith("helm ")):
                words = shlex.split(line.replace('"$(', "").replace(')"', ""), comments=True)
                place = max(n for n, word in enumerate(words) if word.rpartition("/")[2] == program)
                found.append(words[place + 1 :])
    return found


def test_commands_of_sidegate() -> None:
    """Every subcommand and flag is the program's; what comes after `--` is somebody else's."""
    found = [" ".join(words).partition(" -- ")[0].split() for words in commands("sidegate")]
    assert len(found) > 8
    for words in found:
        if words[:2] == ["mcp", "install"]:
            words[:2] = ["mcp install"]
        known = [words[0], *(word for word in words[1:] if word.startswith("--"))]
        assert known[0] == "mcp install" or unknown_flags(known) == [], words


def test_paths_of_kubectl_and_helm() -> None:
    """They are folders of this checkout, of the kind that the command takes."""
    for words in commands("kubectl"):
        if "--kustomize" in words:
            folder = ROOT / words[words.index("--kustomize") + 1]
            assert (folder / "kustomization.yaml").is_file()
    (words,) = commands("helm")
    assert (ROOT / words[2] / "Chart.yaml").is_file()


def test_every_kind_of_agent_has_its_place() -> None:
    """Five minutes for each."""
    text = (DOCS / "quickstart.md").read_text()
    for kind in ("A Python agent", "A Node agent", "Claude Code", "An MCP client", "Kubernetes"):
        assert f"### {kind}\n" in text
