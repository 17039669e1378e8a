"""Operations of AWS: wherever a request names one, and only there."""

import pytest

from rules.call import HttpCall
from rules.general.effect import Effect
from rules.general.families.aws import MAX_STATEMENTS
from rules.general.http import read_http
from tests.rules.calls import http

JSON_1 = "application/x-amz-json-1.1"


def target(
    name: str, body: object = None, *, line: str = "POST dynamodb.eu-west-1.amazonaws.com/"
) -> HttpCall:
    """A call that names its operation in a header."""
    return http(line, body if body is not None else {}, headers={"X-Amz-Target": name})


EC2 = "ec2.eu-west-1.amazonaws.com"
CALLS: dict[str, tuple[HttpCall, Effect]] = {
    "a header that reads": (target("Svc_2012.DescribeTable"), Effect.READ),
    "a header that deletes": (target("Svc_2012.DeleteTable"), Effect.DELETION),
    "a header that tags": (target("Svc.TagResource"), Effect.REVERSIBLE),
    "a header that nobody knows": (target("Svc.FrobnicateTable"), Effect.CHANGE),
    "a header of nothing": (target(""), Effect.CHANGE),
    "a header that is no name": (target("Svc.Get Table"), Effect.CHANGE),
    "a header to another host": (target("S.GetX", line="POST pay.test/v1/pay"), Effect.FINANCIAL),
    "a header to a host that looks alike": (
        target("S.GetX", line="POST amazonaws.com.evil.test/"),
        Effect.CHANGE,
    ),
    "a header and an action": (
        target("S.GetX", line="POST sqs.eu-west-1.amazonaws.com/?Action=TerminateInstances"),
        Effect.DELETION,
    ),
    "an action in a form": (http(f"POST {EC2}/", "Action=DescribeInstances"), Effect.READ),
    "an action by GET": (http(f"GET {EC2}/?Action=TerminateInstances"), Effect.DELETION),
    "a reading action by GET": (http(f"GET {EC2}/?Action=DescribeInstances"), Effect.READ),
    "an unknown action by GET": (http(f"GET {EC2}/?Action=FrobnicateX"), Effect.CHANGE),
    "two actions": (http(f"POST {EC2}/", "Action=DescribeX&Action=DeleteX"), Effect.DELETION),
    "actions in query and form": (http(f"POST {EC2}/?Action=DescribeX", "Action=DeleteX"), Effect.DELETION),
    "an action by PUT": (http(f"PUT {EC2}/?Action=DescribeX", "a=b"), Effect.CHANGE),
    "a dry run": (http(f"POST {EC2}/", "Action=TerminateInstances&DryRun=true"), Effect.READ),
    "a dry run that is none": (http(f"POST {EC2}/", "Action=DeleteX&DryRun=false"), Effect.DELETION),
    "a dry run in two minds": (
        http(f"POST {EC2}/", "Action=DeleteX&DryRun=true&DryRun=false"),
        Effect.DELETION,
    ),
    "a dry run in two places": (
        http(f"POST {EC2}/?DryRun=false", "Action=DeleteX&DryRun=true"),
        Effect.DELETION,
    ),
    "a dry run elsewhere": (
        http("POST iam.amazonaws.com/", "Action=DeleteUser&DryRun=true"),
        Effect.DELETION,
    ),
    "an operation in the path": (http("POST x.api.aws/service/S/operation/ListX"), Effect.READ),
    "a statement that reads": (target("D.ExecuteStatement", {"Statement": "select * from t"}), Effect.READ),
    "a statement that deletes": (
        target("D.ExecuteStatement", {"Statement": "delete from t"}),
        Effect.DELETION,
    ),
    "several statements": (
        target(
            "D.BatchExecuteStatement", {"Statements": [{"Statement": "select 1"}, {"Statement": "drop x"}]}
        ),
        Effect.DELETION,
    ),
    "statements of another shape": (
        target("D.BatchExecuteStatement", {"Statements": [{"Statement": "select 1"}, 5]}),
        Effect.UNKNOWN,
    ),
    "too many statements": (
        target("D.BatchExecuteStatement", {"Statements": [{"Statement": "select 1"}] * (MAX_STATEMENTS + 1)}),
        Effect.UNKNOWN,
    ),
    "statements in two places": (
        target("D.ExecuteStatement", {"Statement": "select 1", "Statements": [{"Statement": "drop x"}]}),
        Effect.DELETION,
    ),
    "no statement": (target("D.ExecuteStatement", {}), Effect.UNKNOWN),
    "a reading path": (http("POST x.amazonaws.com/list-rules"), Effect.READ),
    "a header to a service that looks at the path": (
        target("S.GetX", line="POST x.amazonaws.com/things"),
        Effect.CHANGE,
    ),
    "a header to a service of actions": (target("S.GetX", line=f"POST {EC2}/"), Effect.UNKNOWN),
    "an action beside a body that may hold another": (
        http(f"POST {EC2}/?Action=DescribeX", b"Action=DeleteX"),
        Effect.UNKNOWN,
    ),
    "an action beside json that may hold another": (
        http(f"POST {EC2}/?Action=DescribeX", {"a": "&Action=DeleteX&b="}),
        Effect.UNKNOWN,
    ),
    "a header alone to a service of actions": (
        http(f"POST {EC2}/", headers={"X-Amz-Target": "S.GetX"}),
        Effect.UNKNOWN,
    ),
    "a path beside actions": (
        http("POST email.eu-west-1.amazonaws.com/v2/tags", {"a": 1}),
        Effect.REVERSIBLE,
    ),
    "a customer's own program": (
        target("S.GetX", line="POST a.execute-api.eu-west-1.amazonaws.com/"),
        Effect.CHANGE,
    ),
    "a file of that name": (http("DELETE b.s3.amazonaws.com/tags/x"), Effect.DELETION),
    "another file of that name": (http("PUT s3.eu-west-1.amazonaws.com/b/7/star"), Effect.CHANGE),
    "a file with a verb": (http("POST b.s3.eu-west-1.amazonaws.com/search"), Effect.CHANGE),
    "a collection": (http("POST x.amazonaws.com/rules"), Effect.CHANGE),
    "tags of a resource": (http("POST x.amazonaws.com/tags/abc"), Effect.REVERSIBLE),
    "tags taken off": (http("DELETE x.amazonaws.com/tags/abc"), Effect.REVERSIBLE),
    "tags elsewhere": (http("DELETE pay.test/tags/abc"), Effect.DELETION),
    "no operation": (http(f"POST {EC2}/", "Version=1"), Effect.UNKNOWN),
    "a body that nobody understands": (http(f"POST {EC2}/", b"Action=DescribeX"), Effect.UNKNOWN),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    """The gravest operation that is named stands."""
    call, effect = CALLS[name]
    assert read_http(call).effect is effect
