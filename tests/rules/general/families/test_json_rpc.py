"""JSON-RPC over HTTP."""

from typing import Any

import pytest

from rules.general.effect import Effect
from rules.general.families.json_rpc import MAX_BATCH
from rules.general.http import read_http
from tests.rules.calls import http


def asked(method: object, **more: Any) -> dict[str, Any]:
    """One request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, **more}


NAMES = {
    "eth_getBalance": Effect.READ,
    "eth_call": Effect.READ,
    "eth_chainId": Effect.READ,
    "getAccountInfo": Effect.READ,
    "system.listMethods": Effect.READ,
    "eth_sendRawTransaction": Effect.FINANCIAL,
    "eth_sendTransaction": Effect.FINANCIAL,
    "eth_signTypedData_v4": Effect.FINANCIAL,
    "personal_sign": Effect.FINANCIAL,
    "wallet_sendCalls": Effect.FINANCIAL,
    "sendtoaddress": Effect.FINANCIAL,
    "sendmany": Effect.FINANCIAL,
    "sendrawtransaction": Effect.FINANCIAL,
    "submit_transaction": Effect.FINANCIAL,
    "dumpprivkey": Effect.PRIVILEGE,
    "walletpassphrase": Effect.PRIVILEGE,
    "personal_unlockAccount": Effect.PRIVILEGE,
    "sendMessage": Effect.COMMUNICATION,
    "user.delete": Effect.DELETION,
    "item.frobnicate": Effect.CHANGE,
    "get x": Effect.CHANGE,
    "": Effect.CHANGE,
}


@pytest.mark.parametrize("method", NAMES)
def test_names(method: str) -> None:
    """The procedure's name says what it does; without a verb it is a change."""
    assert read_http(http("POST a.test/", asked(method))).effect is NAMES[method]


BODIES: dict[str, tuple[Any, Effect]] = {
    "reads": ([asked("getA"), asked("listB")], Effect.READ),
    "a read and a deletion": ([asked("getA"), asked("deleteB")], Effect.DELETION),
    "a read and what is no request": ([asked("getA"), 1], Effect.UNKNOWN),
    "a name of another type": (asked(["getA"]), Effect.UNKNOWN),
    "too many": ([asked("getA")] * (MAX_BATCH + 1), Effect.UNKNOWN),
    "something besides": (asked("getA", account="b"), Effect.CHANGE),
    "without a version": ({"method": "getA", "id": 1}, Effect.CHANGE),
    "a tool": (asked("tools/call", params={"name": "delete_user"}), Effect.DELETION),
    "a tool that reads": (asked("tools/call", params={"name": "get_user"}), Effect.CHANGE),
    "a tool without a name": (asked("tools/call", params=[]), Effect.CHANGE),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    """Of several the gravest counts, and a body with more in it than a request lowers nothing."""
    body, effect = BODIES[name]
    assert read_http(http("POST a.test/rpc", body)).effect is effect


@pytest.mark.parametrize("path", ["/v1/charges", "/v2/key", "/?Action=x", "/a/b/c/rpc", "/users"])
def test_elsewhere_it_only_raises(path: str) -> None:
    """Where a server may look past the body, the body lowers nothing."""
    assert read_http(http(f"POST a.test{path}", asked("getA"))).effect.tier >= 3
    assert read_http(http(f"POST a.test{path}", asked("deleteA"))).effect is Effect.DELETION


def test_a_header_may_name_the_operation() -> None:
    """Some services take it from there and ignore the body."""
    call = http("POST a.test/", asked("getA"), headers={"X-TC-Action": "TerminateInstances"})
    assert read_http(call).effect.tier >= 3


def test_aws_takes_none() -> None:
    """At a host of AWS such a body names nothing."""
    assert read_http(http("POST ec2.us-east-1.amazonaws.com/", asked("getA"))).effect is Effect.UNKNOWN
