"""File, environment and flags: which goes before which, where each value was said, and hostile ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.layers import Layers, Override, read_layers

FILE = """version: 1
identity: {agent: of-file, session: of-file}
inline_wait:
  usual: 5
redis: {url: "redis://file.internal/0"}
"""


def said(text: str | None, environ: Mapping[str, str], folder: Path, *flags: Override) -> Layers | list[str]:
    """What comes of it: the layers, or the problems in words."""
    path = None
    if text is not None:
        path = folder / "config.yaml"
        path.write_text(text)
    found = read_layers(path, flags=flags, environ=environ)
    return found if isinstance(found, Layers) else [str(problem) for problem in found]


def test_the_order(tmp_path: Path) -> None:
    """A flag goes before the environment, the environment before the file, the file before a default."""
    environ = {"SIDEGATE__IDENTITY__AGENT": "of-environment", "SIDEGATE__SERVE__LISTEN": "127.0.0.1:1"}
    flag = Override(key=("serve", "listen"), value="127.0.0.1:2", origin="flag --listen")
    layers = said(FILE, environ, tmp_path, flag)
    assert isinstance(layers, Layers)
    config = layers.config
    assert (config.serve.listen, layers.origin(("serve", "listen"))) == ("127.0.0.1:2", "flag --listen")
    assert config.identity.agent == "of-environment"
    assert layers.origin(("identity", "agent")) == "environment SIDEGATE__IDENTITY__AGENT"
    assert config.identity.session == "of-file"
    assert layers.origin(("identity", "session")) == f"file {tmp_path}/config.yaml:2"
    assert layers.origin(("inline_wait", "usual")) == f"file {tmp_path}/config.yaml:4"
    assert layers.origin(("inline_wait", "most")) == "default"
    assert layers.origin(("windows", "decision")) == "default"


def test_without_anything(tmp_path: Path) -> None:
    """Everything is a default."""
    layers = said(None, {"SIDEGATE_KEYS": "x", "SIDEGATE_PORT": "tcp://10.0.0.1:80"}, tmp_path)
    assert isinstance(layers, Layers)
    assert layers.origins == {}


def test_the_stores_variable(tmp_path: Path) -> None:
    """REDIS_URL goes before the file's `redis.url`, as ever; an empty one says nothing."""
    layers = said(FILE, {"REDIS_URL": "redis://env.internal/0"}, tmp_path)
    assert isinstance(layers, Layers)
    assert layers.config.redis.url == "redis://env.internal/0"
    assert layers.origin(("redis", "url")) == "environment REDIS_URL"
    layers = said(FILE, {"REDIS_URL": ""}, tmp_path)
    assert isinstance(layers, Layers)
    assert layers.config.redis.url == "redis://file.internal/0"


VALUES: dict[str, tuple[str, str, object]] = {
    "a text": ("IDENTITY__HUMAN", "eve@books.example", "eve@books.example"),
    "a quoted number": ("IDENTITY__HUMAN", "'7'", "7"),
    "a number": ("INLINE_WAIT__USUAL", "1.5", 1.5),
    "a truth": ("SERVE__PACKS", "false", False),
    "a list": ("DESTINATIONS__CONNECT_PORTS", "[443, 8443]", (443, 8443)),
    "nothing": ("REDIS__URL", "", None),
    "json": ("SERVE__RULES", '["a.yaml"]', ("a.yaml",)),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_are_written_as_in_the_file(tmp_path: Path, case: str) -> None:
    """A variable is a piece of YAML."""
    name, text, value = VALUES[case]
    layers = said(None, {f"SIDEGATE__{name}": text}, tmp_path)
    assert isinstance(layers, Layers), layers
    found: object = layers.config
    for part in name.lower().split("__"):
        found = getattr(found, part)
    assert found == value


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "an unknown key": (
        {"SIDEGATE__IDENTITY__AGNT": "x"},
        "SIDEGATE__IDENTITY__AGNT: identity.agnt: there is no",
    ),
    "an unknown section": ({"SIDEGATE__IDENTIY__AGENT": "x"}, "there is no such key"),
    "no key at all": ({"SIDEGATE__": "x"}, "there is no such key"),
    "a key within a text": ({"SIDEGATE__IDENTITY__AGENT__X": "x"}, "there is no such key"),
    "one of a list": ({"SIDEGATE__CREDENTIALS__0__HOST": "x"}, "there is no such key"),
    "a number for a text": ({"SIDEGATE__IDENTITY__AGENT": "5"}, "SIDEGATE__IDENTITY__AGENT: identity.agent:"),
    "no yaml": ({"SIDEGATE__SERVE__RULES": "[a"}, "SIDEGATE__SERVE__RULES: serve.rules: this is not yaml"),
    "two documents": ({"SIDEGATE__IDENTITY__HUMAN": "a\n---\nb"}, "a second document starts"),
    "an anchor": ({"SIDEGATE__IDENTITY__HUMAN": "&a b"}, "anchors"),
    "a bad address": ({"SIDEGATE__SERVE__LISTEN": "http://x"}, "SIDEGATE__SERVE__LISTEN: serve.listen: "),
    "against the file": ({"SIDEGATE__INLINE_WAIT__MOST": "1"}, "`usual` (5) is over `most` (1)"),
    "a store that is none": (
        {"REDIS_URL": "http://u:pass-word@h/"},
        "REDIS_URL: redis.url: it does not begin",
    ),
    "another version": ({"SIDEGATE__VERSION": "2"}, "SIDEGATE__VERSION: version:"),
}


@pytest.mark.parametrize("case", WRONG)
def test_hostile_variables(tmp_path: Path, case: str) -> None:
    """Each is named with its key and what is wrong; no secret is quoted, and nothing is guessed."""
    environ, words = WRONG[case]
    problems = said(FILE, environ, tmp_path)
    assert isinstance(problems, list)
    assert any(words in problem for problem in problems), problems
    assert not any("pass-word" in problem for problem in problems)


def test_a_section_that_is_no_mapping(tmp_path: Path) -> None:
    """A part of it cannot be set, and the file's own fault is told."""
    problems = said("version: 1\nidentity: eve\n", {"SIDEGATE__IDENTITY__AGENT": "x"}, tmp_path)
    assert isinstance(problems, list)
    assert "`identity` has no keys in it" in problems[0]


@pytest.mark.parametrize("text", ["version: [", "- 1\n", "version: 1\nversion: 1\n", "5", "\0"])
def test_a_broken_file_under_variables(tmp_path: Path, text: str) -> None:
    """The file's own problems, with line and column."""
    problems = said(text, {"SIDEGATE__IDENTITY__AGENT": "x"}, tmp_path)
    assert isinstance(problems, list)
    assert problems
    assert all("config.yaml:" in problem for problem in problems)


def test_a_missing_file(tmp_path: Path) -> None:
    """It is named."""
    found = read_layers(tmp_path / "none.yaml", environ={})
    assert isinstance(found, tuple)
    assert "cannot be read" in str(found[0])


@given(
    st.dictionaries(
        st.text(alphabet="IDENTYAGSRVLO_", max_size=20).map("SIDEGATE__{}".format), st.text(max_size=30)
    )
)
def test_no_environment_makes_it_raise(environ: dict[str, str]) -> None:
    """There is a configuration, or there are problems."""
    found = read_layers(None, environ=environ)
    assert isinstance(found, Layers) or found
