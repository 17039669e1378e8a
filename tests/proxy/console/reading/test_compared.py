"""What reviewers see of the state before a change, and of what has moved since."""

import json

from proxy.console.reading.compared import before, moved
from rules.action import Action
from rules.drift.difference import Change
from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Drift, Shot
from tests.proxy.replays import action_to

ACTION: Action = action_to(443, "/items/7", method="PATCH")
HERE = Place(scheme="https", host="localhost", port=443, target="/items/7")
READ = Read(subject=Subject.RESOURCE, place=HERE)
IMAGE = Image(there=True, etag='"v"', sha256="0" * 64, text='{"amount": 5}')


def test_before_and_after() -> None:
    """The content as it was, and each member that the call would change."""
    [shown] = before([Shot(read=READ, shown=IMAGE)], ACTION)
    assert shown == {
        "subject": "resource",
        "url": "https://localhost/items/7",
        "unread": None,
        "there": True,
        "etag": '"v"',
        "content": '{"amount": 5}',
        "changes": [{"path": "amount", "before": "5", "after": "7"}],
    }


def test_what_is_elsewhere_has_no_after() -> None:
    """Of a draft or an account only the state is known, not what the call makes of it."""
    place = Place(scheme="https", host="localhost", port=443, target="/accounts/7")
    [shown] = before([Shot(read=Read(subject=Subject.SNAPSHOT, place=place), shown=IMAGE)], ACTION)
    assert shown["changes"] is None
    assert shown["content"] == '{"amount": 5}'


def test_what_was_not_read_says_why() -> None:
    """A reviewer sees that nothing protects this one."""
    [shown] = before([Shot(read=READ, shown="the upstream answers 401")], ACTION)
    assert (shown["unread"], shown["there"], shown["changes"]) == ("the upstream answers 401", None, None)


def test_what_has_moved() -> None:
    """Paths and values, as JSON."""
    change = Change(path="amount", before="5", after=None)
    told = moved([Drift(read=READ, changes=(change,))])
    assert json.loads(json.dumps(told)) == [
        {
            "subject": "resource",
            "url": "https://localhost/items/7",
            "changes": [{"path": "amount", "before": "5", "after": None}],
        }
    ]
