"""The names of what calls ask AWS for."""

import pytest

from rules.decode.aws import operations
from tests.rules.calls import http

TARGET = {"x-amz-target": "DynamoDB_20120810.ListTables"}
FORM = "Action=DeleteUser&UserName=a"

CASES: dict[str, tuple[str, object, dict[str, str], tuple[str, ...] | None]] = {
    "a target": ("POST dynamodb.eu-west-1.amazonaws.com/", {}, TARGET, ("aws.DynamoDB_20120810.ListTables",)),
    "a target elsewhere": ("POST dynamodb.evil.test/", {}, TARGET, ()),
    "a host that ends alike": ("POST dynamodb.evilamazonaws.com/", {}, TARGET, ()),
    "an action in the query": ("GET iam.amazonaws.com/?Action=ListUsers", None, {}, ("aws.iam.ListUsers",)),
    "an action in a form": ("POST iam.amazonaws.com/", FORM, {}, ("aws.iam.DeleteUser",)),
    "both": (
        "POST iam.amazonaws.com/?Action=ListUsers",
        FORM,
        {},
        ("aws.iam.ListUsers", "aws.iam.DeleteUser"),
    ),
    "fips": (
        "GET sts-fips.us-east-1.amazonaws.com/?Action=GetCallerIdentity",
        None,
        {},
        ("aws.sts.GetCallerIdentity",),
    ),
    "the path of rpc": (
        "POST logs.us-east-1.amazonaws.com/service/Logs/operation/ListTags",
        b"\xa0",
        {"smithy-protocol": "rpc-v2-cbor"},
        ("aws.Logs.ListTags",),
    ),
    "an unread body": ("POST iam.amazonaws.com/?Action=ListUsers", b"Action=DeleteUser", {}, None),
    "json beside an action": ("POST iam.amazonaws.com/?Action=ListUsers", {"Action": "DeleteUser"}, {}, None),
    "no name": ("GET iam.amazonaws.com/?Action=List%20Users", None, {}, None),
    "an empty name": ("POST iam.amazonaws.com/", {}, {"x-amz-target": ""}, None),
    "an object": ("PUT b.s3.us-east-1.amazonaws.com/a?Action=ListUsers", b"x", {}, ()),
}


@pytest.mark.parametrize("name", CASES)
def test_operations(name: str) -> None:
    """Every place where AWS looks, and no certainty where it may find another."""
    line, body, headers, expected = CASES[name]
    found = operations(http(line, body, headers=headers))
    assert (None if found is None else tuple(one.name for one in found)) == expected
