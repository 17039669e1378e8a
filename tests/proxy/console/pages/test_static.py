"""Tests of the files that pages load, and that nothing else of the disk is given."""

import re
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import proxy.console.pages
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World, console_of

_PAGES = Path(proxy.console.pages.__file__).parent
_SECONDS = 30.0
_LOADED = re.compile(r'"/static/([^"]+)"')

TYPES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "sidegate.svg": "image/svg+xml",
}


@pytest.mark.parametrize("name", TYPES)
async def test_a_file(stranger: Browser, name: str) -> None:
    """Byte for byte, of its type and no other, and there before anybody logs in: the login page has it."""
    response = await stranger.get(f"/static/{name}")
    assert response.status_code == 200
    assert response.content == (_PAGES / "static" / name).read_bytes()
    assert response.headers["content-type"] == TYPES[name]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    assert "set-cookie" not in response.headers


def test_the_templates_load_nothing_else() -> None:
    """Each file that a page asks for is one of these, and each of these is asked for."""
    texts = [path.read_text() for path in (_PAGES / "templates").glob("*.html")]
    assert {name for text in texts for name in _LOADED.findall(text)} == set(TYPES)


ELSEWHERE = {
    "nothing": "",
    "unknown": "nothing.js",
    "capitals": "CONSOLE.JS",
    "folder": "console.js/",
    "zero": "console.js%00",
    "blank": "console.js%20",
    "on the disk": "htmx.LICENSE.txt",
    "above": "../static.py",
    "above, one escaped": "..%2fstatic.py",
    "above, all escaped": "%2e%2e%2fstatic.py",
    "far above": "%2e%2e%2f" * 8 + "etc%2fpasswd",
    "above, backslash": "..%5cstatic.py",
    "above, escaped twice": "%252e%252e%252fstatic.py",
    "root": "%2fetc%2fpasswd",
    "through a file": "console.js%2f..%2f..%2fstatic.py",
    "no utf-8": "%ff%fe",
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "long": "a" * 5000,
}


@pytest.mark.parametrize("case", ELSEWHERE)
async def test_what_is_no_file_of_ours(stranger: Browser, case: str) -> None:
    """Whether it is on the disk or not it is not there, and the answer is no page in which a name acts."""
    response = await stranger.get(f"/static/{ELSEWHERE[case]}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "there is no" in response.text or "there is nothing at" in response.text


@pytest.mark.parametrize("path", ["/static/../static.py", "/static/./../../app.py", "/static//etc/passwd"])
def test_a_path_as_no_browser_sends_it(world: World, path: str) -> None:
    """A client that resolves nothing gets no further."""
    with console_of(world) as url:
        place = urlsplit(url)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=_SECONDS)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
    assert answer.status == 404
    assert "there is nothing at" in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_files_are_only_read(stranger: Browser, method: str) -> None:
    """Nothing is put there."""
    assert (await stranger.client.request(method, "/static/console.js")).status_code == 405
