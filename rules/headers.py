"""What a header is for: this hop only, a credential, a trace, or part of what is asked."""

import re
from collections.abc import Iterable, Iterator

type Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields in wire order: (name as written, value without outer white space)."""

# RFC 9110 section 7.6.1, plus the names that only ever concern one connection.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

# What only a proxy may say of a request. We are the proxy, and we say nothing: an upstream that believed
# these would take an agent's word for where its request came from and which host it was for.
_PROXY_CLAIMS = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-host",
        b"x-real-ip",
    }
)

REASONING = b"sidegate-reasoning"
"""In which an agent says why it asks; for people here, and for nobody else."""

_NOT_FURTHER = HOP_BY_HOP | _PROXY_CLAIMS | {REASONING}

# Whoever holds one of these can act as the agent: never stored, taken anew at replay.
# Matched with `_` read as `-`.
CREDENTIALS = frozenset(
    {
        b"api-key",
        b"api-token",
        b"apikey",
        b"auth-token",
        b"authorization",
        b"circle-token",
        b"cookie",
        b"dd-api-key",
        b"dd-application-key",
        b"dpop",
        b"job-token",
        b"ocp-apim-subscription-key",
        b"plaid-secret",
        b"private-token",
        b"token",
        b"x-access-token",
        b"x-algolia-api-key",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-api-key",
        b"x-api-token",
        b"x-auth-key",
        b"x-auth-token",
        b"x-consul-token",
        b"x-csrf-token",
        b"x-figma-token",
        b"x-functions-key",
        b"x-gitlab-token",
        b"x-goog-api-key",
        b"x-goog-iam-authorization-token",
        b"x-honeycomb-team",
        b"x-postmark-server-token",
        b"x-rapidapi-key",
        b"x-shopify-access-token",
        b"x-subscription-token",
        b"x-token",
        b"x-vault-token",
        b"xi-api-key",
    }
)

# Set by tracing libraries, new in every attempt, without meaning for the action.
TRACE = frozenset(
    {
        b"b3",
        b"baggage",
        b"client-request-id",
        b"elastic-apm-traceparent",
        b"newrelic",
        b"sentry-trace",
        b"traceparent",
        b"tracestate",
        b"uber-trace-id",
        b"x-amzn-trace-id",
        b"x-b3-flags",
        b"x-b3-parentspanid",
        b"x-b3-sampled",
        b"x-b3-spanid",
        b"x-b3-traceid",
        b"x-client-request-id",
        b"x-cloud-trace-context",
        b"x-datadog-parent-id",
        b"x-datadog-sampling-priority",
        b"x-datadog-tags",
        b"x-datadog-trace-id",
        b"x-ms-client-request-id",
        b"x-request-id",
    }
)

# RFC 7240 preferences that the gate itself answers; other ones are the upstream's.
_OUR_PREFERENCES = frozenset({"wait", "respond-async"})
_PREFERENCE = re.compile(rb'(?:"[^"]*"|[^,])+')

# Neither stored nor replayed.
_UNBOUND = TRACE | {b"expect"}

_BODY_METHODS = frozenset({b"POST", b"PUT", b"PATCH"})

# Part of the exact request, but an agent's honest retry may change them.
VOLATILE = frozenset(
    {
        b"accept-encoding",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"content-length",
        b"date",
        b"idempotency-key",
        b"user-agent",
        b"x-stainless-retry-count",
        b"x-stripe-client-telemetry",
    }
)


def connection_options(fields: Fields) -> frozenset[bytes]:
    """The lower-case header names that `Connection` declares to be for this hop only."""
    values = [value for name, value in fields if name.lower() == b"connection"]
    return frozenset([option.strip().lower() for value in values for option in value.split(b",")])


def end_to_end(fields: Fields) -> Fields:
    """The fields that travel to the upstream; `Host` and the framing are the sender's own."""
    dropped = _NOT_FURTHER | connection_options(fields)
    return tuple([field for field in fields if _dashed(field[0]) not in dropped])


def bound(fields: Fields, *, credentials: Iterable[bytes] = ()) -> Fields:
    """The fields that belong to the action a reviewer approves: no credentials, no trace ids, and of
    the preferences those that the gate does not answer itself.

    `credentials`: further lower-case names that the operator declared to be secret.
    """
    secrets = _secret_names(credentials)
    return tuple(
        (name, value)
        for name, value in _for_the_upstream(end_to_end(fields))
        if _dashed(name) not in secrets and name.lower() not in _UNBOUND
    )


def secret(fields: Fields, *, credentials: Iterable[bytes] = ()) -> Fields:
    """The credential fields of a request: what a replay has to supply again."""
    secrets = _secret_names(credentials)
    return tuple((name, value) for name, value in end_to_end(fields) if _dashed(name) in secrets)


def framed(fields: Fields, method: bytes, body: bytes) -> Fields:
    """The fields as they go upstream: in the agent's order and spelling, framed by `body` alone."""
    length, told = b"%d" % len(body), False
    sized: list[tuple[bytes, bytes]] = []
    for field in end_to_end(fields):
        key = field[0].lower()
        if key == b"content-length":
            told = True
            sized.append((field[0], length))
        elif key != b"expect":
            sized.append(field)
    if not told and (body or method in _BODY_METHODS):
        sized.append((b"Content-Length", length))
    return tuple(sized)


def with_values(fields: Fields, new: Fields) -> Fields:
    """`fields` where those that `new` has, by lower-case name, carry its value; none comes or goes."""
    values = dict(new)
    return tuple([(name, values.get(name.lower(), value)) for name, value in fields]) if new else fields


def preferences(fields: Fields) -> dict[str, str]:
    """The request's preferences (RFC 7240) by lower-case name."""
    values = [value for name, value in fields if name.lower() == b"prefer"]
    read = [_preference(item) for value in values for item in _PREFERENCE.findall(value)]
    # The first of a name counts (section 2), so it is written last.
    return dict(reversed(read))


def _dashed(name: bytes) -> bytes:
    """One spelling for what a server that maps both `_` and `-` to one character reads."""
    return name.lower().replace(b"_", b"-")


def _secret_names(further: Iterable[bytes]) -> frozenset[bytes]:
    return CREDENTIALS.union(map(_dashed, further))


def _preference(item: bytes) -> tuple[str, str]:
    """Name and value of one preference, without its parameters."""
    name, _, value = item.decode("latin-1").split(";")[0].partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _for_the_upstream(fields: Fields) -> Iterator[tuple[bytes, bytes]]:
    """The fields without our own preferences: another `wait` makes no other action."""
    for name, value in fields:
        if name.lower() != b"prefer":
            yield name, value
            continue
        items = _PREFERENCE.findall(value)
        theirs = [item for item in items if _preference(item)[0] not in _OUR_PREFERENCES]
        if len(theirs) == len(items):
            yield name, value
        elif theirs:
            yield name, b",".join(theirs).strip()


def first(fields: Fields, name: bytes) -> bytes | None:
    """The value of the first field called `name` (lower-case), or None."""
    for key, value in fields:
        if key.lower() == name:
            return value
    return None
