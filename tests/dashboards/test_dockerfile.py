"""The Dockerfile's promises, as far as they can be read from it; `make image` builds and tries it."""

import os
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.dashboards.boards import ROOT
from tests.dashboards.shipped import DOCKERFILE, instructions, stages, unknown_flags
from tests.deploy.shipped import environment

_USER = "1337:1337"


def final(word: str) -> str:
    """The rest of the only instruction of this name in the last stage."""
    (found,) = [each.rest for each in stages()[-1] if each.word == word]
    return found


def test_every_base_is_the_argument_with_a_fixed_default() -> None:
    """One argument names the base of all stages, so that one digest pins the image."""
    bases = [each.rest.split()[0] for each in instructions() if each.word == "FROM"]
    assert len(bases) > 1
    assert set(bases) == {"${BASE}"}
    (default,) = [each.rest for each in instructions() if each.rest.startswith("BASE=")]
    assert re.fullmatch(r"BASE=python:3\.13-slim\S*", default)
    assert "latest" not in DOCKERFILE.read_text()


def test_runs_as_a_fixed_user_without_rights() -> None:
    """A number, because a platform that forbids root cannot look up a name."""
    assert final("USER") == _USER
    after = stages()[-1][[each.word for each in stages()[-1]].index("USER") :]
    assert not [each for each in after if each.word in {"RUN", "COPY", "ADD"}]


def test_signals_reach_the_sidecar() -> None:
    """The shell form would start a shell that keeps SIGTERM to itself."""
    (entry,) = [each.words for each in stages()[-1] if each.word == "ENTRYPOINT"]
    assert entry == ["/opt/sidegate/bin/sidegate"]
    assert final("STOPSIGNAL") == "SIGTERM"


def test_health_is_asked_without_a_shell() -> None:
    """The image has no curl, and the check takes its address from the data folder."""
    (check,) = [each for each in stages()[-1] if each.word == "HEALTHCHECK"]
    assert check.words == ["/opt/sidegate/bin/python", "/opt/sidegate/lib/ready.py"]


def test_the_command_is_one_that_sidegate_has() -> None:
    """Every flag of the image's own command exists."""
    (command,) = [each.words for each in stages()[-1] if each.word == "CMD"]
    assert unknown_flags(command) == []
    assert final("VOLUME") == command[command.index("--data-dir") + 1]


def test_only_pinned_wheels_are_installed() -> None:
    """Each package by its hash, nothing compiled, nothing cached."""
    installs = [each.rest for each in instructions() if " install " in each.rest and "pip" in each.rest]
    assert installs
    installs = [each for each in installs if "apt-get" not in each]
    assert "--require-hashes --only-binary :all: --requirement run.txt" in installs[0]
    for command in installs:
        assert command.count(" install ") == command.count("--no-cache-dir")
        assert "--require-hashes" in command or "--no-deps --no-build-isolation" in command


def test_no_compiler_is_installed() -> None:
    """One system package is added, without what it recommends, and nothing is left of its way in."""
    assert not [each for each in instructions() if re.search(r"\b(apk|dnf|gcc|make)\b", each.rest)]
    (command,) = [each.rest for each in instructions() if "apt" in each.rest]
    assert "install --yes --no-install-recommends nftables &&" in command
    assert "rm -rf /var/lib/apt/lists/*" in command


def test_what_is_in_it_is_listed() -> None:
    """By a tool that is pinned and stays behind, over the environment as it goes into the image."""
    (command,) = [each.rest for each in instructions() if "cyclonedx" in each.rest]
    assert command.endswith("--output-file /opt/sidegate/lib/sbom.cdx.json /opt/sidegate/bin/python")
    assert "cyclonedx" not in (ROOT / "requirements" / "run.txt").read_text()


def copied() -> list[str]:
    """What the build takes from the checkout."""
    lists = [each.rest.split()[:-1] for each in instructions() if each.word == "COPY"]
    return [name for names in lists for name in names if not names[0].startswith("--from")]


@pytest.mark.parametrize("name", copied())
def test_what_is_copied_exists_and_is_sent_to_the_build(name: str) -> None:
    """.dockerignore leaves out everything but these."""
    assert (ROOT / name).exists()
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert f"!{name}" in rules


def test_nothing_else_is_sent_to_the_build() -> None:
    """No data folder, key, test or history can end up in a layer."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())
    assert fnmatch("rules/__pycache__", rules[rules.index("**/__pycache__")])


def test_the_script_that_builds_it_is_ready_to_run() -> None:
    """`make image` calls it by its path."""
    script = ROOT / "tools" / "image.sh"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


@pytest.mark.deploy
@pytest.mark.acceptance
def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    """The linter for Dockerfiles; a plain mistake shows that it looks."""
    linter = environment().with_name("hadolint")
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM debian\nRUN cd /tmp && apt-get install curl\n")
    for file, code in ((DOCKERFILE, 0), (wrong, 1)):
        done = subprocess.run([linter, file], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, bool(done.stdout)) == (code, bool(code)), done.stdout
