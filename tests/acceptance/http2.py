"""HTTP/2 for the upstream, on the `h2` state machine, with flow control."""

import asyncio
import datetime
from contextlib import aclosing
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from tests.acceptance.answers import Ending, Reply, reply_to
from tests.acceptance.received import Ledger, Received, Stage

_READ_BYTES = 65_536
_IDLE_SECONDS = 300.0
_WRITE_SECONDS = 120.0


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    ledger: Ledger,
    connection: int,
) -> None:
    """Read and answer streams until either side ends the connection."""
    await _Conversation(reader, writer, ledger=ledger, connection=connection).run()


@dataclass(slots=True, kw_only=True)
class _Stream:
    received: Received
    body: bytearray = field(default_factory=bytearray)
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    executed: bool = False


class _Conversation:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        ledger: Ledger,
        connection: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ledger = ledger
        self._connection = connection
        self._machine = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._streams: dict[int, _Stream] = {}
        self._window_grew = asyncio.Condition()

    async def run(self) -> None:
        self._machine.initiate_connection()
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._flush()
                await self._read(tasks)
            except (ProtocolError, OSError):
                pass  # the sender broke the protocol or left; what was cut short is kept below
            finally:
                for number in list(self._streams):
                    self._drop(number)

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            async with asyncio.timeout(_IDLE_SECONDS):
                data = await self._reader.read(_READ_BYTES)
            if not data:
                return
            for event in self._machine.receive_data(data):
                self._take(event, tasks)
            await self._flush()
            async with self._window_grew:
                self._window_grew.notify_all()

    def _take(self, event: Event, tasks: asyncio.TaskGroup) -> None:
        match event:
            case RequestReceived():
                self._open(event, tasks)
            case DataReceived(stream_id=int(number)) if number in self._streams:
                self._streams[number].body += event.data or b""
                self._machine.acknowledge_received_data(event.flow_controlled_length or 0, number)
            case StreamEnded(stream_id=int(number)) if number in self._streams:
                self._streams[number].complete.set()
            case StreamReset(stream_id=int(number)):
                self._drop(number)
            case WindowUpdated() | _:
                pass

    def _open(self, event: RequestReceived, tasks: asyncio.TaskGroup) -> None:
        headers = tuple((str(name), str(value)) for name, value in event.headers or ())
        pseudo = {name: value for name, value in headers if name.startswith(":")}
        received = Received(
            connection=self._connection,
            protocol="h2",
            method=pseudo[":method"],
            target=pseudo.get(":path", ""),
            headers=headers,
            at=datetime.datetime.now(datetime.UTC),
        )
        assert event.stream_id is not None
        stream = _Stream(received=received)
        self._streams[event.stream_id] = stream
        stream.task = tasks.create_task(self._serve(event.stream_id, stream))

    def _drop(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is None or stream.task is None or stream.task.done():
            return
        if not stream.executed:
            start = f"{stream.received.method} {stream.received.target}\n".encode("latin-1")
            self._ledger.discard(start + stream.body)
        stream.task.cancel()

    async def _serve(self, number: int, stream: _Stream) -> None:
        try:
            await self._execute(number, stream)
        except (ProtocolError, OSError):
            pass  # the stream or the line is gone
        finally:
            self._streams.pop(number, None)

    async def _execute(self, number: int, stream: _Stream) -> None:
        await self._ledger.reach(Stage.HEAD, stream.received)
        await stream.complete.wait()
        stream.executed = True
        received = self._ledger.execute(stream.received, body=bytes(stream.body))
        await self._ledger.reach(Stage.RECEIVED, received)
        reply = reply_to(received)
        await asyncio.sleep(reply.delay)
        match reply.ending:
            case Ending.HANG:
                await asyncio.Event().wait()  # until the stream is dropped
            case Ending.CLOSE:
                self._machine.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
                await self._flush()
            case Ending.HALF:
                await self._answer_half(number, reply)
            case Ending.COMPLETE:
                await self._answer(number, reply, bodiless=received.method == "HEAD")
                await self._ledger.reach(Stage.ANSWERED, received)

    async def _answer(self, number: int, reply: Reply, *, bodiless: bool) -> None:
        bodiless = bodiless or reply.status in (204, 304)
        self._machine.send_headers(number, _head_of(reply), end_stream=bodiless)
        await self._flush()
        if bodiless:
            return
        async with aclosing(reply.chunks()) as chunks:
            async for chunk in chunks:
                await self._send(number, chunk)
        self._machine.end_stream(number)
        await self._flush()

    async def _answer_half(self, number: int, reply: Reply) -> None:
        self._machine.send_headers(number, _head_of(reply))
        async with aclosing(reply.chunks()) as chunks:
            first = await anext(chunks)
        await self._send(number, first[: len(first) // 2])
        self._machine.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
        await self._flush()

    async def _send(self, number: int, data: bytes) -> None:
        while data:
            size = await self._window(number)
            self._machine.send_data(number, data[:size])
            data = data[size:]
            await self._flush()

    async def _window(self, number: int) -> int:
        """Wait until the receiver takes more; return how many bytes fit into one frame."""
        machine = self._machine
        async with self._window_grew, asyncio.timeout(_WRITE_SECONDS):
            await self._window_grew.wait_for(lambda: machine.local_flow_control_window(number) > 0)
        return min(machine.local_flow_control_window(number), machine.max_outbound_frame_size)

    async def _flush(self) -> None:
        self._writer.write(self._machine.data_to_send())
        async with asyncio.timeout(_WRITE_SECONDS):
            await self._writer.drain()


def _head_of(reply: Reply) -> list[tuple[str, str]]:
    fields = [(":status", str(reply.status))]
    fields += [(name.lower(), value) for name, value in reply.headers]
    if reply.length is not None and reply.status != 204:
        fields.append(("content-length", str(reply.length)))
    return fields
