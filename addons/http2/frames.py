"""HTTP/2 frames as they arrive: how much of them is there that does not make a whole one yet."""

from h2.frame_buffer import FrameBuffer
from hyperframe.frame import Frame

MAX_FRAME_BYTES = 16 * 1024
"""What a frame may hold; mitmproxy would offer eight times as much, and h2 waits for any length at all."""


class Frames(FrameBuffer):
    """h2's own buffer, which finds a frame too large only after all of it has arrived."""

    def __init__(self) -> None:
        super().__init__(server=True)
        self.taken = 0

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their frame, or of their head."""
        return len(self._data) + sum(len(frame.data) for frame in self._headers_buffer)

    def __next__(self) -> Frame:
        """The next whole frame; a head in parts is one."""
        frame = super().__next__()
        self.taken += 1
        return frame
