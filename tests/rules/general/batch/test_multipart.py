"""Batches of several parts."""

import pytest

from rules.call import HttpCall
from rules.normalize import normalize
from tests.rules.calls import compiled, judged, message

RULES = compiled("""
rules:
  - {id: secret, match: {host: g.test, path: "/v1/secrets/**"}, tier: 4}
""")
HTTP = "Content-Type: application/http\nContent-ID: <1>\n\n"
READ = f"{HTTP}GET /calendar/v3/me HTTP/1.1\n\n"
SEARCH = f'{HTTP}POST /v3/users/search HTTP/1.1\nContent-Type: application/json\n\n{{"q": "a"}}\n'
DELETION = f"{HTTP}DELETE /calendar/v3/me/7\n\n"


def mixed(*parts: str, boundary: str = "b") -> str:
    """A body of these parts."""
    return "".join(f"--{boundary}\n{part}" for part in parts) + f"--{boundary}--\n"


def changes(*parts: str) -> str:
    """A change set."""
    return f"Content-Type: multipart/mixed; boundary=c\n\n{mixed(*parts, boundary='c')}"


def tier(
    body: str | bytes, *, kind: str = "multipart/mixed; boundary=b", path: str = "/batch/calendar/v3"
) -> int:
    """The tier of a posted body of that type."""
    content = body.replace("\n", "\r\n").encode() if isinstance(body, str) else body
    sent = message(f"POST g.test{path}", None, headers={"Content-Type": kind})
    call = normalize(type(sent)(**{name: getattr(sent, name) for name in sent.__slots__} | {"body": content}))
    assert isinstance(call, HttpCall), call
    return judged(call, RULES)[0]


JUDGED: dict[str, tuple[str, int]] = {
    "a read": (mixed(READ), 1),
    "reads": (mixed(READ, SEARCH), 1),
    "a deletion": (mixed(READ, DELETION), 4),
    "a deletion in a change set": (mixed(READ, changes(DELETION)), 4),
    "a read in a change set": (mixed(changes(READ)), 1),
    "change sets too deep": (mixed(changes(changes(changes(changes(READ))))), 4),
    "a read of what a rule holds": (mixed(f"{HTTP}GET /v1/secrets/7 HTTP/1.1\n\n"), 4),
    "another host": (mixed(f"{HTTP}GET /me HTTP/1.1\nHost: other.test\n\n"), 4),
    "its own host": (mixed(f"{HTTP}GET /me HTTP/1.1\nHost: g.test\n\n"), 1),
    "an override": (mixed(f"{HTTP}GET /me HTTP/1.1\nX-HTTP-Method-Override: DELETE\n\n"), 4),
    "an unknown method": (mixed(f"{HTTP}BREW /me HTTP/1.1\n\n"), 4),
    "no request": (mixed(f"{HTTP}hello\n\n"), 4),
    "a part of another type": (mixed(READ, "Content-Type: text/plain\n\nhello\n"), 4),
    "a part without a type": (mixed(READ, "\nGET /me HTTP/1.1\n\n"), 4),
    "an encoded part": (mixed(f"Content-Transfer-Encoding: base64\n{HTTP}R0VU\n"), 4),
    "a field twice": (mixed(f"Content-Type: text/plain\n{HTTP}GET /me\n\n"), 4),
    "a folded field": (mixed(f"{HTTP}GET /me HTTP/1.1\nA: b\n c\n\n"), 4),
    "a wrong length": (mixed(f"Content-Length: 3\n{HTTP}GET /me\n\n"), 4),
    "a wrong length inside": (mixed(f"{HTTP}POST /users/search HTTP/1.1\nContent-Length: 1\n\nabcd\n"), 4),
    "text before": ("hello\n" + mixed(READ), 4),
    "text after": (mixed(READ) + f"--b\n{DELETION}", 4),
    "the boundary inside": (mixed(f"{HTTP}GET /me HTTP/1.1\nA: --b\n\n"), 4),
    "no end": (f"--b\n{READ}", 4),
    "no parts": ("--b--\n", 4),
    "another boundary": (mixed(READ, boundary="x"), 4),
}


@pytest.mark.parametrize("name", JUDGED)
def test_parts(name: str) -> None:
    """The gravest request inside stands; what two readers may read differently is tier 4."""
    body, expected = JUDGED[name]
    assert tier(body) == expected


def test_line_ends_of_both_kinds() -> None:
    """Bare line feeds alone are read; a delimiter between two kinds of line ends is not."""
    assert tier(mixed(READ).encode()) == 1
    assert tier(mixed(READ, DELETION).encode()) == 4
    assert tier((mixed(READ) + "--b\n").replace("\n", "\r\n").encode() + mixed(DELETION).encode()) == 4


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed",
        "multipart/mixed; boundary=b; boundary=c",
        "multipart/mixed; boundary=b; a=b",
        "multipart/mixed; boundary=x",
    ],
)
def test_a_boundary_in_doubt(kind: str) -> None:
    """Without one certain boundary nothing inside is certain."""
    assert tier(mixed(READ), kind=kind) == 4


def test_odata() -> None:
    """`$batch` takes parts as well as lists."""
    assert tier(mixed(READ), path="/v1/$batch") == 1
    assert tier(mixed(changes(DELETION)), path="/v1/$batch") == 4


def test_elsewhere() -> None:
    """Where no batches are taken, the parts only raise."""
    assert tier(mixed(READ), path="/upload") == 3
    assert tier(mixed(DELETION), path="/upload") == 4
    assert tier("--b\nContent-Type: text/plain\n\nx\n--b--\n", path="/upload") == 3
