"""Operations in paths."""

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

PATHS: dict[str, Effect] = {
    "POST a.test/api/chat.postMessage": Effect.COMMUNICATION,
    "GET a.test/api/chat.postMessage": Effect.COMMUNICATION,
    "GET a.test/api/admin.users.remove": Effect.DELETION,
    "POST a.test/api/conversations.list": Effect.READ,
    "POST a.test/api/team.info": Effect.READ,
    "POST a.test/api/search.messages": Effect.READ,
    "GET a.test/api/users.conversations": Effect.READ,
    "POST a.test/api/users.conversations": Effect.CHANGE,
    "GET a.test/api/users.frobnicate": Effect.CHANGE,
    "POST a.test/api/pins.add": Effect.REVERSIBLE,
    "POST a.test/api/users.add": Effect.CHANGE,
    "GET a.test/files/report.delete": Effect.READ,
    "POST a.test/v1/docs:search": Effect.READ,
    "POST a.test/v1/docs/7:batchGet": Effect.READ,
    "POST a.test/v1/docs/7:setIamPolicy": Effect.PRIVILEGE,
    "POST a.test/v1/docs/7:frobnicate": Effect.CHANGE,
    "GET a.test/v1/docs/7:export": Effect.READ,
    "GET a.test/v1/docs/7:cancel": Effect.CHANGE,
    "PUT a.test/v1/docs:search": Effect.CHANGE,
    "POST a.test/v1/customers/search": Effect.READ,
    "POST a.test/v1/customers/search/": Effect.READ,
    "POST a.test/orders/search.json": Effect.READ,
    "PUT a.test/v1/customers/search": Effect.CHANGE,
    "PATCH a.test/v1/customers/search": Effect.CHANGE,
    "DELETE a.test/v1/customers/search": Effect.DELETION,
    "POST a.test/search/customers": Effect.CHANGE,
    "POST a.test/me/getSchedule": Effect.READ,
    "POST a.test/me/sendMail": Effect.COMMUNICATION,
    "POST a.test/v1/logs/list": Effect.READ,
    "POST a.test/boards/7/list": Effect.CHANGE,
    "POST a.test/teams/7/view": Effect.CHANGE,
    "POST a.test/check-ins": Effect.CHANGE,
    "POST a.test/search-keys": Effect.PRIVILEGE,
    "POST a.test/searches": Effect.CHANGE,
    "POST a.test/listings": Effect.CHANGE,
    "POST a.test/v1/checkouts": Effect.FINANCIAL,
    "POST a.test/v1/checkout": Effect.FINANCIAL,
    "GET a.test/v1/orders/7/cancel": Effect.FINANCIAL,
    "GET a.test/v1/orders/cancelled": Effect.READ,
    "GET a.test/bot7/sendMessage": Effect.COMMUNICATION,
    "GET a.test/bot7/sendmessage": Effect.COMMUNICATION,
    "GET a.test/users/unsubscribe": Effect.COMMUNICATION,
    "GET a.test/v1/transfers": Effect.READ,
    "GET a.test/blog/how-to-delete-an-account": Effect.READ,
    "GET a.test/v1/charges/search": Effect.READ,
    "GET a.test/": Effect.READ,
    "POST a.test/": Effect.CHANGE,
    "POST a.test/cards/7/pin": Effect.CHANGE,
    "POST a.test/shipments/7/label": Effect.CHANGE,
    "POST a.test/messages/7/pin": Effect.REVERSIBLE,
    "POST a.test/items/7/follow": Effect.REVERSIBLE,
    "POST a.test/nodes/7/label": Effect.CHANGE,
    "POST a.test/monitors/7/mute": Effect.CHANGE,
    "POST a.test/incidents/7/snooze": Effect.CHANGE,
    "POST a.test/calls/7/mute": Effect.REVERSIBLE,
    "POST a.test/policies/7/tag": Effect.CHANGE,
    "POST a.test/accounts/7/listKeys": Effect.PRIVILEGE,
    "POST a.test/accounts/7/ListAccountSas": Effect.PRIVILEGE,
    "POST a.test/files/list_folder/continue": Effect.READ,
    "POST a.test/files/search/continue_v2": Effect.READ,
    "POST a.test/files/move/continue": Effect.CHANGE,
    "POST a.test/files/continue": Effect.CHANGE,
    "POST a.test/logs/_count": Effect.READ,
    "POST a.test/logs/count": Effect.CHANGE,
    "POST a.test/_msearch": Effect.READ,
    "POST a.test/oauth2/introspect": Effect.READ,
    "POST a.test/s%D0%B5arch": Effect.CHANGE,
}


@pytest.mark.parametrize("line", PATHS)
def test_paths(line: str) -> None:
    """The last segment says what a POST does and raises a GET; it lowers no other method."""
    assert read_http(http(line)).effect is PATHS[line]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("POST a.test/v1/customers/search", "by the end of its path, `search`, it only reads"),
        ("POST a.test/api/chat.delete", "by its name `chat.delete` takes something away"),
        ("POST a.test/v1/x:cancel", "by its name `:cancel` changes something"),
    ],
)
def test_the_evidence_is_said(line: str, words: str) -> None:
    """The reason names what fixed the tier."""
    assert read_http(http(line)).because == words
