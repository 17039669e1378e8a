"""Tests of how strictly forms are read."""

import pytest

from tests.proxy.console.pages.browser import Browser


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/kill/on", b"csrf=%ff&reason=x", 400),
        ("/kill/on", b"csrf=a&csrf=b&reason=x", 400),
        ("/kill/on", b"csrf=a&other=b", 400),
        ("/kill/on", b"&".join(b"a%d=1" % n for n in range(50)), 400),
        ("/kill/on", b"csrf=" + b"a" * 70_000, 413),
        ("/kill/on", "csrf=\u00e9".encode(), 400),
    ],
    ids=["no utf-8", "twice", "unknown", "many", "large", "not ascii"],
)
async def test_forms_are_read_strictly(browser: Browser, path: str, body: bytes, status: int) -> None:
    """What no page of ours would send is not heard."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser.client.post(path, content=body, headers=headers)
    assert response.status_code == status
    assert "<h1>" in response.text


async def test_a_form_of_another_type_is_not_heard(browser: Browser) -> None:
    """A page of another origin could send JSON or plain text as if it were a form."""
    assert (await browser.client.post("/kill/on", json={"reason": "x"})).status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=a"},
        {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
        {},
    ],
    ids=["text", "multipart", "encoded", "none"],
)
async def test_the_fields_of_a_form_under_another_name(browser: Browser, headers: dict[str, str]) -> None:
    """Not even the right fields count where the body is said to be something else."""
    csrf = Browser.form_of((await browser.get("/kill")).text, "/kill/on")["csrf"]
    content = f"csrf={csrf}&reason=x".encode()
    response = await browser.client.post("/kill/on", content=content, headers=headers)
    assert response.status_code == 415
    assert "It is off" in (await browser.get("/kill")).text


async def test_a_field_that_nobody_reads_does_not_act_on_the_page(browser: Browser) -> None:
    """Its name comes back as text."""
    response = await browser.client.post("/kill/on", data={"<script>alert(1)</script>": "x"})
    assert response.status_code == 400
    assert "&lt;script&gt;" in response.text
    assert "<script>alert" not in response.text
