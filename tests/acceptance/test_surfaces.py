"""Hostile text of a call on every surface on which people or programs read it: inert, and visible."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.chromium import PHONE, Reader, chromium
from tests.acceptance.hostile import FORGED, MARK, Scene, link_in, scene
from tests.acceptance.processes import until
from tests.proxy.channels.slack.workspace import said
from tests.proxy.cli.desk import Desk
from tests.proxy.cli.test_review import at

pytestmark = pytest.mark.review

type Surface = Callable[[Scene], str]

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PAGES = ("page", "what a change", "behind")
# What a terminal is told by ourselves: colours, places and modes.
_OURS = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\r+\n")
_CODE = re.compile(r"`[^`]*`")


@pytest.fixture(scope="module")
def here(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One sidecar with everything that hostile calls leave behind."""
    with scene(authority, tmp_path_factory.mktemp("scene")) as found:
        yield found


def pages(*paths: str) -> dict[str, Surface]:
    """Pages of the console; HOLD, DRILL and SAMPLE stand for ids."""
    return {f"page {path}": partial(_page, path) for path in paths}


def answers(*paths: str) -> dict[str, Surface]:
    """Answers of the API."""
    return {f"api {path}": partial(_answer, path) for path in paths}


def commands(*lines: str) -> dict[str, Surface]:
    """What commands print."""
    return {f"sidegate {line}": partial(_printed, line) for line in lines}


def _page(path: str, here: Scene) -> str:
    return here.page(filled(here, path))


def _answer(path: str, here: Scene) -> str:
    return here.api(filled(here, path))


def _printed(line: str, here: Scene) -> str:
    return here.command(*filled(here, line).split(" "))


def filled(here: Scene, text: str) -> str:
    """With the ids of now."""
    return (
        text.replace("HOLD", here.hold_id).replace("DRILL", here.drill_id).replace("SAMPLE", here.sample_id)
    )


def _trail(what: str, here: Scene) -> str:
    # A command of two words.
    return here.command(f"audit {what}")


def preview(here: Scene) -> str:
    """What the form for changes says of a change."""
    page = here.person.get(f"/holds/{here.hold_id}/edit").text
    hidden = dict(re.findall(r'name="(csrf|digest)" value="([^"]*)"', page))
    body = json.dumps({"to": "someone@example.org", "amount": 1, "memo": f"{MARK} <script>alert(1)</script>"})
    sent = here.person.post(f"/holds/{here.hold_id}/edit/preview", data={**hidden, "body": body})
    assert sent.status_code == 200, sent.text
    return sent.text


def letter(here: Scene) -> str:
    """A letter as it came, and as it reads in each form."""
    until(lambda: here.box.letters, deadline=30, what="a letter")
    assert all(raw.isascii() for raw in here.box.raw)
    assert all(byte >= 0x20 or byte in b"\r\n" for raw in here.box.raw for byte in raw)
    texts = list[str]()
    for one in here.box.letters:
        bodies = (one.get_body((kind,)) for kind in ("plain", "html"))
        texts += [str(one["Subject"]), *(str(body.get_content()) for body in bodies if body)]
    return "\n".join(texts).replace("\r\n", "\n")


def behind_a_letter(here: Scene) -> str:
    """The page to which a letter leads."""
    return here.page(letter_link(here))


def letter_link(here: Scene) -> str:
    """The path to which the first letter leads."""
    until(lambda: here.box.letters, deadline=30, what="a letter")
    plain = here.box.letters[0].get_body(("plain",))
    assert plain
    return link_in(str(plain.get_content()))


def chat(here: Scene) -> str:
    """All messages in Slack, with what is not code alone: there it would be a mention, a link or bold."""
    messages = [said(message) for message in here.workspace.messages.values()]
    outside = _CODE.sub("", "\n".join(messages))
    assert "bold" not in outside
    assert "evil.example" not in outside
    assert not re.search("<[!@#h]", "\n".join(messages))
    return "\n".join(messages)


def hook(here: Scene) -> str:
    """What programs were sent, as they read it."""
    assert all(heard.body.isascii() for heard in here.listener.heard)
    return "\n".join(
        str(value) for heard in here.listener.heard for value in json.loads(heard.body)["data"].values()
    )


def terminal(here: Scene) -> str:
    """`sidegate review`, on a terminal."""
    with at(Desk(folder=here.sidecar.data_dir, console=here.sidecar.console)) as screen:
        shown = screen.wait_for("(more below)")
        screen.type("q")
        assert screen.ended() == 0
    return _OURS.sub("\n", shown)


SURFACES: dict[str, Surface] = {
    **pages("/holds", "/holds?state=all", "/holds/list", "/holds/HOLD", "/holds/HOLD/parts/target"),
    **pages("/holds/HOLD/parts/headers", "/holds/HOLD/parts/body", "/holds/HOLD/edit", "/holds/HOLD/alike"),
    **pages("/holds/DRILL", "/history", "/passed", "/passed/SAMPLE"),
    **answers("/api/holds", "/api/holds/HOLD", "/api/holds/HOLD/content?part=body", "/api/holds/DRILL"),
    **answers("/api/passed", "/api/passed/SAMPLE"),
    **commands("holds HOLD", "holds HOLD --json", "passed", "passed SAMPLE"),
    "what a change would do": preview,
    "mail": letter,
    "slack": chat,
    "webhook": hook,
    "sidegate review": terminal,
}
"""Those that show what the agent wrote."""
QUIET: dict[str, Surface] = {
    **pages("/holds/HOLD/standing", "/grants", "/numbers", "/agents", "/deliveries", "/kill", "/rules"),
    **answers("/api/grants", "/api/deliveries", "/metrics"),
    **commands("holds", "holds --csv", "grants"),
    "audit show": partial(_trail, "show"),
    "audit export": partial(_trail, "export"),
    "behind a letter": behind_a_letter,
    "log": lambda here: here.sidecar.log,
}
"""Those that need not, though what they say comes of the same calls."""


ON_A_PHONE = (
    *("/holds?state=all", "/holds/DRILL", "/holds/HOLD/alike", "/holds/HOLD/edit"),
    *(f"/holds/HOLD/parts/{part}" for part in ("target", "headers", "body")),
    *("/history", "/passed", "/passed/SAMPLE", "/grants", "/numbers"),
)
"""Pages with what the agent wrote."""


@pytest.mark.parametrize("name", [*SURFACES, *QUIET])
def test_nothing_acts_and_nothing_hides(name: str, here: Scene) -> None:
    """No character that is unseen or steers, no tag of theirs, no line or cell that could pass for ours."""
    shown = {**SURFACES, **QUIET}[name](here)
    assert unseen(shown) == []
    if name.startswith(_PAGES):
        assert "<script>alert" not in shown
        assert "<img" not in shown
    assert not [line for line in shown.splitlines() if line.startswith((FORGED, "="))]
    assert name in QUIET or MARK in shown


def test_on_a_phone(here: Scene) -> None:
    """The pages run nothing of theirs, are no wider than the screen, and axe finds nothing serious."""
    with chromium() as browser:
        reader = Reader(browser, here.sidecar, size=PHONE)
        reader.log_in()
        for path in (*ON_A_PHONE, letter_link(here)):
            reader.page.goto(filled(here, path))
            assert reader.overflows() == [], path
            assert reader.graves() == [], path
            assert not reader.ran()
        assert reader.complaints == []


def unseen(text: str) -> list[str]:
    """The characters of `text` that act or hide; line ends are ours."""
    odd = {char for char in text if char != "\n" and unicodedata.category(char) in _UNSEEN}
    return sorted(f"U+{ord(char):04X}" for char in odd)
