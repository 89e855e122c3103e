"""Two threads read a worker's socket, each while the other has no time for it."""

import random
import socket
import threading

import pytest
from kck.worker.frames import FrameError, FrameReader, FrameWriter
from kck.worker.reading import SharedReading

PATIENCE_SECONDS = 60


class Reading:
    """A reading over a socket pair, with what it took, and on which threads."""

    def __init__(self):
        self.server, self._worker = socket.socketpair()
        self.writer = FrameWriter(self.server)
        self.taken, self.threads = [], []
        self.came = threading.Semaphore(0)
        self.reading = SharedReading(self._worker, FrameReader(self._worker), self._take)
        self.ended_by = []
        self._beside = threading.Thread(target=self._read_beside, daemon=True)

    def _take(self, message):
        self.taken.append(message["number"])
        self.threads.append(threading.current_thread())
        self.came.release()

    def _read_beside(self):
        try:
            self.reading.read_beside()
        except (EOFError, FrameError) as error:
            self.ended_by.append(error)

    def begin_beside(self):
        self._beside.start()

    def close(self):
        self.server.close()
        self._beside.join(PATIENCE_SECONDS)
        assert not self._beside.is_alive()
        self._worker.close()


@pytest.fixture
def reading():
    one = Reading()
    yield one
    if one._beside.ident is None:
        one.begin_beside()
    one.close()


def test_the_main_thread_takes_what_came_before_it_waits(reading):
    reading.writer.write({"type": "x", "number": 1}, {"type": "x", "number": 2})
    reading.reading.read_on_main()
    assert reading.taken == [1, 2]
    assert set(reading.threads) == {threading.current_thread()}


def test_while_the_main_thread_is_busy_the_other_one_takes_what_comes(reading):
    reading.begin_beside()
    for number in range(3):
        reading.writer.write({"type": "x", "number": number})
        assert reading.came.acquire(timeout=PATIENCE_SECONDS)
    assert reading.taken == [0, 1, 2]
    assert set(reading.threads) == {reading._beside}


def test_the_main_thread_is_woken_without_a_message(reading):
    threading.Thread(target=reading.reading.wake_main).start()
    reading.reading.read_on_main()
    assert reading.taken == []


def test_what_lies_in_the_buffer_since_the_first_message_is_taken_without_another(reading):
    """The reader has read it together with `start`, so the socket says nothing of it."""
    worker, reader = reading._worker, FrameReader(reading._worker)
    reading.writer.write({"type": "start"}, {"type": "x", "number": 1})
    assert reader.read() == {"type": "start"}
    reading.reading = SharedReading(worker, reader, reading._take)
    reading.begin_beside()
    assert reading.came.acquire(timeout=PATIENCE_SECONDS)
    assert reading.taken == [1]


@pytest.mark.parametrize("seed", range(4))
def test_whoever_reads_all_is_taken_once_and_in_order(reading, seed):
    count = 3000
    dice = random.Random(seed)

    def send():
        numbers = iter(range(count))
        while batch := [number for _, number in zip(range(dice.choice([1, 1, 1, 7])), numbers, strict=False)]:
            text = "y" * dice.choice([0, 0, 0, 100, 200_000])
            reading.writer.write(*[{"type": "x", "number": number, "text": text} for number in batch])
        reading.server.shutdown(socket.SHUT_WR)

    reading.begin_beside()
    threading.Thread(target=send).start()
    busy = random.Random(seed + 100)
    with pytest.raises(EOFError):
        while True:
            reading.reading.read_on_main()
            sum(range(busy.choice([0, 10, 100_000])))
    assert reading.taken == list(range(count))


def test_a_frame_that_is_none_ends_the_reading(reading):
    reading.begin_beside()
    reading.server.sendall(b"\xff\xff\xff\xff")
    reading._beside.join(PATIENCE_SECONDS)
    assert isinstance(reading.ended_by[0], FrameError)
