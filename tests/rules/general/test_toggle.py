"""Pairs of calls at one URL."""

import pytest

from rules.general.toggle import toggles

YES = [
    "PUT /issues/7/labels",
    "POST /issues/7/labels",
    "DELETE /issues/7/labels/bug",
    "PUT /gists/7/star",
    "DELETE /gists/7/star",
    "DELETE /comments/7/reactions/9",
    "PUT /user/starred/octo/hello",
    "DELETE /me/following/alex",
    "PUT /tickets/7/tags.json",
    "PUT /channels/7/messages/8/reactions/x/@me",
    "DELETE /users/7/messages/8/labels/x",
    "DELETE /groups/7/threads/8/star",
]
NO = [
    "PATCH /issues/7/labels",
    "GET /issues/7/labels",
    "POST /repos/octo/hello/labels",
    "DELETE /repos/octo/hello/labels/bug",
    "DELETE /labels/7",
    "DELETE /cards/7/pin",
    "PUT /users/7/pin",
    "POST /shipments/7/labels",
    "DELETE /me/following",
    "DELETE /admin/starred/octo",
    "PUT /star",
    "PUT /",
    "DELETE /issues/7",
    "POST /firewalls/7/tags",
    "DELETE /v2/firewalls/7/tags",
    "PUT /roles/7/labels/x",
    "PUT /7/labels",
    "PUT /repos/octo/hello/actions/runners/77/labels",
    "DELETE /repos/octo/hello/actions/runners/77/labels/gpu",
    "POST /nodes/77/labels",
    "POST /machines/77/tags",
    "DELETE /policies/77/tags/x",
    "POST /groups/77/tags",
    "POST /monitors/77/mute",
    "PUT /frobs/77/labels",
    "PUT /@me",
]


@pytest.mark.parametrize(
    ("line", "expected"), [*((line, True) for line in YES), *((line, False) for line in NO)]
)
def test_toggles(line: str, expected: bool) -> None:
    """Only what is put on a thing, where the URL shows the thing."""
    method, _, path = line.partition(" ")
    assert toggles(method, path[1:].split("/")) is expected
