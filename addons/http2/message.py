"""What an HTTP/2 flow of mitmproxy asks for, as a message of ours, and our words as its answer."""

import time

from mitmproxy import http
from mitmproxy.http import HTTPFlow

from addons.exchange import Rewriting
from addons.http1.answer import end_to_end
from addons.http1.head import BODILESS
from rules.headers import Fields, first, framed, with_values
from rules.message import Message
from rules.reply import Reply


def message_of(flow: HTTPFlow) -> Message:
    """The request; its destination is the connection's, whatever the request says."""
    request = flow.request
    fields = _one_cookie(tuple(request.headers.fields))
    if authority := request.data.authority:
        fields = ((b"Host", authority), *fields)
    return Message(
        scheme=request.scheme,
        host=request.host,
        port=request.port,
        sni=flow.client_conn.sni,
        method=request.data.method,
        target=request.data.path,
        fields=fields,
        body=request.raw_content or b"",
        version="HTTP/2",
    )


def become(request: http.Request, message: Message, secrets: Fields = ()) -> None:
    """Make `request` exactly what was judged, announcing exactly the body that was judged.

    Only the values of `secrets` are other ones: nothing looks at `request` from here on but its upstream.
    """
    fields = with_values(framed(message.fields, message.method, message.body), secrets)
    request.raw_content = message.body
    request.data.authority = first(fields, b"host") or b""
    request.headers = http.Headers(
        [(name.lower(), value) for name, value in fields if name.lower() != b"host"]
    )


def rewrite(response: http.Response, rewriting: Rewriting) -> None:
    """Have the body of a streaming `response` pass `rewriting`."""
    fields = rewriting.head(response.status_code, tuple(response.headers.fields))
    if fields is not None:
        response.headers = http.Headers(fields)
        response.stream = lambda data: rewriting.data(data) if data else rewriting.end()


def response_of(reply: Reply, method: bytes) -> http.Response:
    """The gate's own answer; the body stays as it is, even if it is compressed."""
    fields = tuple((name.lower(), value) for name, value in end_to_end(reply.fields))
    if reply.status not in BODILESS:
        fields += ((b"content-length", b"%d" % len(reply.body)),)
    now = time.time()
    return http.Response(
        http_version=b"HTTP/2.0",
        status_code=reply.status,
        reason=b"",
        headers=http.Headers(fields),
        content=b"" if method == b"HEAD" or reply.status in BODILESS else reply.body,
        trailers=None,
        timestamp_start=now,
        timestamp_end=now,
    )


def _one_cookie(fields: Fields) -> Fields:
    """HTTP/2 may send cookies apart; everywhere else they are one field (RFC 9113 section 8.2.3)."""
    crumbs = [value for name, value in fields if name.lower() == b"cookie"]
    if len(crumbs) < 2:
        return fields
    others = tuple(field for field in fields if field[0].lower() != b"cookie")
    return (*others, (b"cookie", b"; ".join(crumbs)))
