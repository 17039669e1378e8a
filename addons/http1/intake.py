"""Takes in HTTP/1.1 requests one after the other, each whole and within its bounds."""

from addons.http1.body import Body, Inbox, Unreadable
from addons.http1.head import RequestHead, take_request_head
from rules.normalize import MAX_HEAD_BYTES
from rules.request.body import MAX_BODY_BYTES
from rules.verdict import ReasonId


class Intake:
    """What a client has sent and nobody has answered. `head` is that of the request under way."""

    __slots__ = ("_body", "_content", "_inbox", "_may_be_asked", "head")

    def __init__(self) -> None:
        self.head: RequestHead | None = None
        self._inbox = Inbox()
        self._body: Body | None = None
        self._content = bytearray()
        self._may_be_asked = False

    def __len__(self) -> int:
        """How many bytes wait beyond the request under way."""
        return len(self._inbox)

    @property
    def begun(self) -> bool:
        """Whether there is a part of a request."""
        return self.head is not None or bool(self._inbox)

    @property
    def kept(self) -> int:
        """How many bytes are in memory, read or not."""
        return len(self._inbox) + len(self._content)

    def receive(self, data: bytes) -> None:
        """Append what has arrived."""
        self._inbox.data += data

    def request(self) -> tuple[RequestHead, bytes] | None:
        """The request under way and its body, as soon as all of it is there, once. Raises Unreadable."""
        if self.head is None:
            self.head = take_request_head(self._inbox, most=MAX_HEAD_BYTES)
            if self.head is None:
                return None
            _check_announced(self.head)
            self._body = self.head.body()
            self._may_be_asked = self.head.expects_continue
        if self._body is not None and not self._body.done:
            self._take(self._body)
            if not self._body.done:
                return None
        body = bytes(self._content)
        self._content.clear()
        return self.head, body

    def waits_to_be_asked(self) -> bool:
        """Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1); once."""
        waits = self._may_be_asked and not self._content and self._body is not None and not self._body.done
        self._may_be_asked = self._may_be_asked and not waits
        return waits

    def forget(self) -> None:
        """Make ready for the next request: this one has its answer."""
        self.head = self._body = None
        self._content = bytearray()

    def rest(self) -> bytes:
        """Everything beyond the request under way, for another protocol."""
        return self._inbox.take(len(self._inbox))

    def _take(self, body: Body) -> None:
        self._content += body.take(self._inbox)
        if len(self._content) > MAX_BODY_BYTES:
            raise _too_large()
        if body.trailers:
            raise Unreadable("the request has trailers, which servers merge or drop")


def _check_announced(head: RequestHead) -> None:
    """What the head alone rules out."""
    if head.length is not None and head.length > MAX_BODY_BYTES:
        raise _too_large()
    if head.method == b"CONNECT" and head.length != 0:
        raise Unreadable("a CONNECT carries no body, and servers differ on what to do with one")


def _too_large() -> Unreadable:
    return Unreadable(
        f"the body is over {MAX_BODY_BYTES} bytes", reason_id=ReasonId.BODY_TOO_LARGE, status=413
    )
