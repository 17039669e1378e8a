"""Answers to the client, in our own framing whatever the upstream's was."""

import json
from dataclasses import replace
from http.client import responses

from addons.exchange import Refuse, Rewriting
from addons.http1.head import BODILESS, AnswerHead, RequestHead, as_chunk, writable, written
from rules.headers import HOP_BY_HOP, Fields, connection_options, first
from rules.reply import Reply
from rules.verdict import ReasonId, Refusal

ELSEWHERE = b"alt-svc"
"""The field by which an upstream offers itself in other places and protocols, where no gate stands."""

_DROPPED = HOP_BY_HOP | {b"content-length", ELSEWHERE}
_CLOSE = ((b"Connection", b"close"),)


class Answer:
    """An upstream's answer to `request`, written piece by piece as it arrives."""

    __slots__ = ("_chunked", "_endless", "_request", "_rewriting", "begun", "subscribed")

    def __init__(
        self, request: RequestHead, rewriting: Rewriting | None = None, *, endless: bool = False
    ) -> None:
        self._request = request
        self._rewriting = rewriting
        self._endless = endless or request.method == b"GET"
        self._chunked = False
        self.begun = False
        self.subscribed = False
        """Whether it is a stream of events that goes on for as long as the client listens."""

    def head(self, head: AnswerHead) -> bytes:
        """The head; a body whose length nobody knows goes in chunks where the client reads them."""
        self.begun = True
        kind = (first(head.fields, b"content-type") or b"").lower()
        self.subscribed = self._endless and kind.startswith(b"text/event-stream")
        head = self._rewritten(head)
        # An HTTP/1.0 client reads until the connection ends, and cannot tell an end from a cut.
        self._chunked = head.length is None and self._request.version == "HTTP/1.1"
        fields = (*end_to_end(head.fields), *self._framing(head))
        if not self._request.keep_alive:
            fields += _CLOSE
        return written(b"HTTP/1.1 %d %b" % (head.status, head.phrase), fields)

    def data(self, data: bytes) -> bytes:
        """A piece of the body, which is never empty."""
        if self._rewriting is not None:
            data = self._rewriting.data(data)
        # An empty chunk would be the last one.
        return as_chunk(data) if self._chunked and data else data

    def end(self) -> bytes:
        """What closes the body."""
        rest = self._rewriting.end() if self._rewriting is not None else b""
        if not self._chunked:
            return rest
        return (as_chunk(rest) if rest else b"") + as_chunk(b"")

    def _rewritten(self, head: AnswerHead) -> AnswerHead:
        """The head of an answer whose body may be changed: nobody knows its length then."""
        if self._rewriting is None:
            return head
        fields = self._rewriting.head(head.status, head.fields)
        if fields is None or head.status in BODILESS:
            self._rewriting = None
            return head
        # The very same fields: the body is looked at, and stays what it is.
        return head if fields is head.fields else replace(head, fields=fields, length=None)

    def _framing(self, head: AnswerHead) -> Fields:
        if self._chunked:
            return ((b"Transfer-Encoding", b"chunked"),)
        if self._request.method == b"HEAD" or head.status == 304:
            # There, the length is that of the body which is not sent.
            return tuple(field for field in head.fields if field[0].lower() == b"content-length")
        if head.length is None or head.status in BODILESS:
            return ()
        return ((b"Content-Length", b"%d" % head.length),)


def whole(reply: Reply, request: RequestHead | None, *, keep_alive: bool) -> bytes:
    """The gate's own answer to `request`, or to bytes that are none."""
    fields = end_to_end(reply.fields)
    if reply.status not in BODILESS:
        fields += ((b"Content-Length", b"%d" % len(reply.body)),)
    if not keep_alive:
        fields += _CLOSE
    phrase = (reply.phrase or responses.get(reply.status, "")).encode("ascii")
    bodiless = reply.status in BODILESS or (request is not None and request.method == b"HEAD")
    return written(b"HTTP/1.1 %d %b" % (reply.status, phrase), fields) + (b"" if bodiless else reply.body)


def unanswered(reason: str, *, sent: bool, refuse: Refuse) -> Reply:
    """A request that had its verdict and got no answer; if it was sent, nobody knows what became of it."""
    refuse(Refusal(reason_id=ReasonId.UPSTREAM_FAILED, reason=reason, status=502), sent=sent)
    what = "it was sent and may have been executed" if sent else "nothing was sent"
    members = {
        "type": "urn:sidegate:unanswered",
        "title": "unanswered",
        "status": 502,
        "detail": f"the upstream gave no answer: {reason}; {what}",
        "executed": None if sent else False,
        "reason_id": ReasonId.UPSTREAM_FAILED,
        "reason": reason,
    }
    fields = ((b"Content-Type", b"application/problem+json"), (b"Cache-Control", b"no-store"))
    return Reply(status=502, fields=fields, body=json.dumps(members, indent=2).encode() + b"\n")


def sound(reply: Reply) -> bool:
    """Whether `reply` can be written as one answer and nothing else."""
    phrase = reply.phrase
    return 200 <= reply.status <= 599 and writable(reply.fields) and phrase.isascii() and phrase.isprintable()


def end_to_end(fields: Fields) -> Fields:
    """The fields that belong to the answer, and neither frame it on one connection nor lead away."""
    dropped = _DROPPED | connection_options(fields)
    return tuple([field for field in fields if field[0].lower() not in dropped])
