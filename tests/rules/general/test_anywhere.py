"""What requests ask for at any path."""

from typing import Any

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

CASES: dict[str, tuple[str, Any, Effect]] = {
    "an action by get": ("GET a.test/?Action=DeleteInstance&Version=1", None, Effect.DELETION),
    "a command by get": ("GET a.test/client/api?command=destroyVirtualMachine", None, Effect.DELETION),
    "a change by get": ("GET a.test/api?action=createUser", None, Effect.CHANGE),
    "a dotted name": ("GET a.test/xml?Command=namecheap.domains.create", None, Effect.CHANGE),
    "a dotted deletion": ("GET a.test/rest?method=photos.delete", None, Effect.DELETION),
    "a read": ("GET a.test/api?action=listUsers", None, Effect.READ),
    "a form to fill": ("GET a.test/page?action=edit", None, Effect.READ),
    "a filter": ("GET a.test/logs?action=share", None, Effect.READ),
    "a page": ("GET a.test/logs?method=GET", None, Effect.READ),
    "a file's name": ("GET b.s3.amazonaws.com/a?action=deleteUser", None, Effect.READ),
    "an action of a form": ("POST a.test/search", "action=delete&id=5", Effect.DELETION),
    "an action that repeats": (
        "POST a.test/search",
        "action=list&action=delete",
        Effect.DELETION,
    ),
    "an action of a body": ("POST a.test/v2/search", {"action": "deleteUser"}, Effect.DELETION),
    "a change by a body": ("POST a.test/users/query", {"Method": "users.create"}, Effect.CHANGE),
    "a body that reads": ("POST a.test/search", {"action": "search", "operation": "or"}, Effect.READ),
    "a body's filter": ("POST a.test/search", {"action": "share", "op": "add"}, Effect.READ),
    "a body's several filters": ("POST a.test/search", {"action": ["delete", "create"]}, Effect.READ),
    "a filter further inside": ("POST a.test/search", {"filter": {"action": "deleteUser"}}, Effect.READ),
    "a dry run": ("POST ec2.amazonaws.com/", "Action=TerminateInstances&DryRun=true", Effect.READ),
    "a file with an action": ("PUT b.s3.amazonaws.com/a", {"action": "deleteUser"}, Effect.CHANGE),
    "a message by get": ("GET a.test/sms/json?to=%2B441234567&text=hi", None, Effect.COMMUNICATION),
    "a mail by get": ("GET a.test/x?to=a@b.test&body=hi", None, Effect.COMMUNICATION),
    "a translation": ("GET a.test/translate?from=en&to=de&text=hi", None, Effect.READ),
    "a journey": ("GET a.test/routes?from=1234567&to=7654321", None, Effect.READ),
    "sql by get": ("GET a.test/exec?query=drop%20table%20t", None, Effect.DELETION),
    "sql by a longer name": ("GET a.test/sql.php?sql_query=DROP+TABLE+t", None, Effect.DELETION),
    "sql that reads": ("GET a.test/exec?query=select%201", None, Effect.READ),
    "a search for words": ("GET a.test/search?q=drop+shipping+update", None, Effect.READ),
    "a search for more words": ("GET a.test/search?q=delete+from+my+list", None, Effect.DELETION),
    "nested sql": (
        "POST a.test/jobs",
        {"configuration": {"query": {"query": "DELETE FROM t WHERE TRUE"}}},
        Effect.DELETION,
    ),
    "sql in a list": (
        "POST a.test/v2/pipeline",
        {"requests": [{"stmt": {"sql": "drop table t"}}]},
        Effect.DELETION,
    ),
    "a grant": ("POST a.test/search", {"statement": "GRANT admin TO eve"}, Effect.PRIVILEGE),
    "after a comment": ("POST a.test/search", {"sql": "/* a */ -- b\n drop table t"}, Effect.DELETION),
    "sql in another member": ("POST a.test/search", {"text": "drop table t"}, Effect.READ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_raises(name: str) -> None:
    """A GET too; what is no certain operation stays what it is."""
    line, body, effect = CASES[name]
    assert read_http(http(line, body)).effect is effect
