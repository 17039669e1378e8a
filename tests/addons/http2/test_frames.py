"""Frames as they arrive: what waits is counted, and what is whole is not."""

from hyperframe.frame import HeadersFrame

from addons.http2.frames import Frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PING = bytes.fromhex("000008060000000000") + bytes(8)
HEAD = bytes.fromhex("000003010000000001") + b"abc"
REST = bytes.fromhex("000002090400000001") + b"de"


def test_what_waits_is_what_has_no_end_yet() -> None:
    """The preface and whole frames leave nothing; parts of frames and of heads stay."""
    frames = Frames()
    for sent, waiting, taken in (
        (PREFACE[:5], 0, 0),
        (PREFACE[5:], 0, 0),
        (PING, 0, 1),
        (PING[:10], 10, 1),
        (PING[10:], 0, 2),
        (HEAD, 3, 2),
        (REST[:4], 7, 2),
    ):
        frames.add_data(sent)
        frames.max_frame_size = 100
        list(frames)
        assert (frames.waiting, frames.taken) == (waiting, taken)
    frames.add_data(REST[4:])
    [head] = frames
    assert isinstance(head, HeadersFrame)
    assert head.data == b"abcde"
    assert frames.waiting == 0
