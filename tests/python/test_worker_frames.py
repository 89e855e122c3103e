"""The frames of a worker's socket, whatever bytes come."""

import contextlib
import socket
import struct
import threading

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kck.worker.frames import FrameError, FrameReader, FrameWriter
from kck.worker.running import Runner

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.binary(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def read_all(data):
    """What a reader makes of these bytes: the messages, and the error that ended it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (ours.sendall(data), ours.shutdown(socket.SHUT_WR)))
        sender.start()
        messages, error = [], None
        try:
            reader = FrameReader(theirs)
            reader.bytes_max = 1 << 16
            while (message := reader.read()) is not None:
                messages.append(message)
        except FrameError as caught:
            error = caught
            theirs.close()
        sender.join()
        return messages, error


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.lists(VALUES.map(msgpack.packb), max_size=3).map(
        lambda bodies: b"".join(struct.pack(">I", len(body)) + body for body in bodies)
    )
)
def test_any_bytes_are_messages_or_one_kind_of_error(data):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        messages, _ = read_all(data)
        assert all(isinstance(message["type"], str) for message in messages)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3).map(lambda map: {**map, "type": "x"}), max_size=5)
)
def test_what_is_written_is_read(messages):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        FrameWriter(ours).write(*messages)
        ours.shutdown(socket.SHUT_WR)
        reader = FrameReader(theirs)
        assert [reader.read() for _ in messages] == messages
        assert reader.read() is None


@given(
    st.fixed_dictionaries(
        {"id": SCALARS, "kind": SCALARS | st.sampled_from(["prime", "update", "run", "hook"]), "name": SCALARS},
        optional={"keys": VALUES, "hints": VALUES, "params": VALUES, "action": VALUES, "hook": VALUES},
    )
)
def test_a_call_that_is_taken_has_its_fields(call):
    try:
        Runner.check(call)
    except (FrameError, KeyError):
        return
    assert isinstance(call["id"], int) and isinstance(call["name"], str)


def test_a_frame_over_the_bound_is_refused_before_it_is_read():
    messages, error = read_all(struct.pack(">I", (1 << 16) + 1))
    assert messages == [] and "65537 bytes" in str(error)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = FrameWriter(ours)
        writer.bytes_max = 100
        with pytest.raises(ValueError, match="more than 100 bytes"):
            writer.write({"type": "x", "value": "a" * 200})
