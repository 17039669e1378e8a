"""What makes a change grave."""

from typing import Any

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

PATHS = {
    "POST a.test/v1/payments": Effect.FINANCIAL,
    "POST a.test/v1/payments/p1/complete": Effect.FINANCIAL,
    "POST a.test/transfer/authorization/create": Effect.FINANCIAL,
    "PATCH a.test/v1/orders/77": Effect.FINANCIAL,
    "POST a.test/users/77/roles": Effect.PRIVILEGE,
    "PUT a.test/guilds/77/members/88/roles/99": Effect.PRIVILEGE,
    "POST a.test/apps/77/api-keys": Effect.PRIVILEGE,
    "PUT a.test/groups/77/users/88": Effect.PRIVILEGE,
    "POST a.test/workspaces/77/addUser": Effect.PRIVILEGE,
    "POST a.test/users/77/lifecycle/deactivate": Effect.PRIVILEGE,
    "POST a.test/lamps/77/lock": Effect.CHANGE,
    "POST a.test/api/v1/users": Effect.CHANGE,
    "POST a.test/channels/77/messages": Effect.COMMUNICATION,
    "POST a.test/messages.mime": Effect.COMMUNICATION,
    "POST a.test/sites/77/deploys": Effect.DEPLOYMENT,
    "PUT a.test/requests/77/merge": Effect.DEPLOYMENT,
    "POST a.test/projects/promote/d1": Effect.DEPLOYMENT,
    "POST a.test/payments/search": Effect.READ,
    "GET a.test/payments": Effect.READ,
    "PUT a.test/messages/77/star": Effect.REVERSIBLE,
    "POST a.test/notes": Effect.CHANGE,
    "PUT b.s3.amazonaws.com/payments": Effect.CHANGE,
}


@pytest.mark.parametrize("line", PATHS)
def test_paths(line: str) -> None:
    """By the kind of thing, for changes alone."""
    assert read_http(http(line)).effect is PATHS[line]


BODIES: dict[str, tuple[Any, Effect]] = {
    "an amount": ({"amount": {"value": 1, "currency": "EUR"}}, Effect.FINANCIAL),
    "an amount beside its currency": ({"sourceAmount": 1, "source_currency": "EUR"}, Effect.FINANCIAL),
    "an amount of something": ({"amount": 7}, Effect.CHANGE),
    "a mail": ({"to": ["a@b.test"], "subject": "s"}, Effect.COMMUNICATION),
    "a mail by form": ("to=a%40b.test&text=t", Effect.COMMUNICATION),
    "mails": ([{"To": "a@b.test", "TextBody": "t"}], Effect.COMMUNICATION),
    "a mail in an envelope": ({"message": {"toRecipients": [{}], "body": {}}}, Effect.COMMUNICATION),
    "personalized mails": ({"personalizations": [{}], "content": []}, Effect.COMMUNICATION),
    "signers": ({"recipients": {"signers": []}, "signers": [{"email": "a@b.test"}]}, Effect.COMMUNICATION),
    "a whole mail": ({"raw": "VG86IGNAZC50ZXN0DQoNCmhp"}, Effect.COMMUNICATION),
    "a whole mail in an envelope": ({"message": {"raw": "VG86IGNAZC50ZXN0DQoNCmhp"}}, Effect.COMMUNICATION),
    "what is raw and no mail": ({"raw": "aGVsbG8"}, Effect.CHANGE),
    "nobody to write to": ({"to": None, "text": "t"}, Effect.CHANGE),
    "a way to somewhere": ({"from": "a", "to": "b"}, Effect.CHANGE),
    "a role": ({"user": {"role": "Admin"}}, Effect.PRIVILEGE),
    "another role": ({"role": "user", "name": "a"}, Effect.CHANGE),
    "permissions": ({"permissions": ["a"]}, Effect.PRIVILEGE),
    "an action": ({"action": "delete_user"}, Effect.DELETION),
    "a way to pay": ({"method": "transfer"}, Effect.CHANGE),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    """By what stands at the top of the body, or in what wraps it."""
    body, effect = BODIES[name]
    assert read_http(http("POST a.test/frob", body)).effect is effect


def test_a_draft_is_not_sent() -> None:
    """It has recipients already, and waits for another call."""
    body = {"message": {"raw": "VG86IGNAZC50ZXN0DQoNCmhp", "to": ["a@b.test"], "subject": "s"}}
    assert read_http(http("POST a.test/users/me/drafts", body)).effect is Effect.CHANGE


@pytest.mark.parametrize("name", [name for name in BODIES if name != "an action"])
def test_reads_stay_reads(name: str) -> None:
    """A search is none of these, whatever it searches for."""
    assert read_http(http("POST a.test/frob/search", BODIES[name][0])).effect is Effect.READ
