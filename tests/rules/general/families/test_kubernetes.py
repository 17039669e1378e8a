"""Actions of Kubernetes."""

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

POD = "k.test/api/v1/namespaces/d/pods/p"
CALLS: dict[str, Effect] = {
    f"GET {POD}": Effect.READ,
    f"GET {POD}/log": Effect.READ,
    f"GET {POD}/exec?command=sh": Effect.DEPLOYMENT,
    f"POST {POD}/attach": Effect.DEPLOYMENT,
    f"GET {POD}/portforward": Effect.DEPLOYMENT,
    f"GET {POD}/proxy/admin/delete": Effect.UNKNOWN,
    "GET k.test/api/v1/nodes/n/proxy/run": Effect.UNKNOWN,
    f"POST {POD}/eviction": Effect.DELETION,
    f"DELETE {POD}": Effect.DELETION,
    "POST k.test/api/v1/namespaces/d/serviceaccounts/s/token": Effect.PRIVILEGE,
    "POST k.test/api/v1/namespaces/d/pods": Effect.CHANGE,
    "GET k.test/api/v1/namespaces/exec/pods/exec": Effect.READ,
    "PATCH k.test/apis/apps/v1/namespaces/d/deployments/x/scale": Effect.CHANGE,
    "POST k.test/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": Effect.READ,
    "POST k.test/apis/authorization.k8s.io/v1/namespaces/d/localsubjectaccessreviews": Effect.READ,
    "POST k.test/apis/other.test/v1/selfsubjectaccessreviews": Effect.CHANGE,
    "PUT k.test/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": Effect.CHANGE,
    "GET k.test/exec": Effect.READ,
    "GET k.test/apis": Effect.READ,
    "GET k.test/api/v1": Effect.READ,
}


@pytest.mark.parametrize("line", CALLS)
def test_calls(line: str) -> None:
    """A subresource that acts is no read by GET either; a review creates nothing."""
    assert read_http(http(line)).effect is CALLS[line]
