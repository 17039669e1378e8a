"""An upstream that sends exactly these bytes to whoever asks it something, with TLS or without."""

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from tests.acceptance.authority import Leaf

_SECONDS = 10.0


@contextmanager
def scripted(answer: bytes, leaf: Leaf | None = None, *, port: int = 0) -> Iterator[int]:
    """Answer every connection's requests with `answer`; gives the port."""
    context = None
    if leaf is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.chain, leaf.key)
    with (
        socket.create_server(("127.0.0.1", port)) as listener,
        ThreadPoolExecutor(max_workers=8, thread_name_prefix="scripted") as threads,
    ):
        accepting = threads.submit(_accept, listener, threads, answer, context=context)
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.result()


def _accept(
    listener: socket.socket, threads: ThreadPoolExecutor, answer: bytes, *, context: ssl.SSLContext | None
) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threads.submit(_converse, plain, answer, context=context)


def _converse(plain: socket.socket, answer: bytes, *, context: ssl.SSLContext | None) -> None:
    plain.settimeout(_SECONDS)
    with suppress(OSError), plain:
        connection = context.wrap_socket(plain, server_side=True) if context else plain
        with connection:
            while connection.recv(65_536):
                connection.sendall(answer)
