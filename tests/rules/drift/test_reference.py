"""What calls name instead of carrying it."""

import pytest

from rules.call import HttpCall
from rules.drift.reference import references
from tests.rules.calls import http

GRAPH = "https://graph.test/me/messages/AA%3D/"
S3 = "s3.eu-west-1.amazonaws.com"


def copy(line: str, source: str) -> HttpCall:
    """An S3 copy."""
    return http(line, headers={"x-amz-copy-source": source})


CASES: dict[str, tuple[HttpCall, list[str]]] = {
    "draft by path": (http("POST mail.test/v1/drafts/d1/send"), ["https://mail.test/v1/drafts/d1"]),
    "message by path": (http("POST graph.test/me/messages/AA%3D/send"), [GRAPH[:-1]]),
    "odd letters": (http("POST mail.test/drafts/d1/S%65nd"), ["https://mail.test/drafts/d1"]),
    "draft by id": (
        http("POST m.test/v1/drafts/send", {"id": "r/1?"}),
        ["https://m.test/v1/drafts/r%2F1%3F"],
    ),
    "draft carried": (http("POST m.test/v1/drafts/send", {"message": {"raw": "x"}}), []),
    "draft id of another type": (http("POST m.test/v1/drafts/send", {"id": ["r1"]}), []),
    "no verb": (http("POST mail.test/v1/drafts/d1/copy"), []),
    "draft with a word for its id": (
        http("POST mail.test/drafts/abc/send"),
        ["https://mail.test/drafts/abc"],
    ),
    "send alone": (http("POST mail.test/send"), []),
    "collection": (http("POST mail.test/v3/mail/send"), []),
    "get": (http("GET mail.test/v1/drafts/d1/send"), []),
    "copy, path style": (copy(f"PUT {S3}/to/key", "/from/a%20b"), [f"https://{S3}/from/a%20b"]),
    "copy, virtual hosts": (
        copy(f"PUT to.{S3}/key", "from/k?versionId=1"),
        [f"https://from.{S3}/k?versionId=1"],
    ),
    "copy from an odd bucket": (copy(f"PUT to.{S3}/key", "evil.test/../k"), [f"https://evil.test.{S3}/../k"]),
    "copy from no bucket": (copy(f"PUT to.{S3}/key", "/a@b/k"), []),
    "copy by arn": (copy(f"PUT to.{S3}/key", "arn:aws:s3:::b/k"), []),
    "media": (
        http(
            "POST sms.test/messages",
            "To=1&MediaUrl=https%3A%2F%2Fcdn.test%2Fa&StatusUrl=https%3A%2F%2Fx.test",
        ),
        ["https://cdn.test/a"],
    ),
    "nested media": (
        http("POST x.test/m", {"content": [{"image_url": {"url": "https://cdn.test/a?b=1#c"}}]}),
        ["https://cdn.test/a?b=1"],
    ),
    "list of media": (
        http("POST x.test/m", {"attachment_urls": ["http://cdn.test:8080", "HTTPS://[2606:4700::1]/a"]}),
        ["http://cdn.test:8080/", "https://[2606:4700::1]/a"],
    ),
    "callback": (http("POST x.test/m", {"callback_url": "https://x.test/a", "url": "https://x.test"}), []),
    "odd addresses": (
        http(
            "POST x.test/m",
            {
                "image_urls": [
                    "https://user@cdn.test/",
                    "https://cdn.test\\@evil.test/",
                    "https://0x7f.1/",
                    "ftp://cdn.test/",
                    "https://cdn.test:0/",
                    "https://c\u00e4n.test/",
                    "//cdn.test/",
                    " https://cdn.test/",
                ]
            },
        ),
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_call_names(name: str) -> None:
    """Drafts by path or id, sources of copies, media by address; never an address with two readings."""
    call, expected = CASES[name]
    assert [place.url for place in references(call)] == expected


def test_a_large_body_is_looked_through_up_to_a_bound() -> None:
    """However many members an agent sends, the search ends."""
    body = {"items": [{"n": n} for n in range(5000)], "file_url": "https://cdn.test/a"}
    assert [place.url for place in references(http("POST x.test/m", body))] == ["https://cdn.test/a"]
