"""A server that says and does exactly what a test tells it to."""

import contextlib
import socket
import threading

ANSWER = b'{"success":true,"key":"k","version":"1.2.3","value":%d,"modified":0.0}'


def answer(value=1, head=b"HTTP/1.1 200 OK", fields=b""):
    body = ANSWER % value
    return head + b"\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def error(status, name, fields=b"", message=b"so it is"):
    body = b'{"success":false,"error":{"name":"%s","args":["k"],"message":"%s"}}' % (name, message)
    return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n" % (status, fields, len(body)) + body


class ScriptedServer:
    """`connections`: for each connection, in their order, what is answered to its requests; None closes it without an
    answer, an Event is waited for and closes it. An answer may be a list of its parts; an Event among them is waited
    for before those behind it. What is not in the script is closed. `requests`: what came, by connection."""

    def __init__(self, *connections):
        self.script = connections
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            for answers in self.script:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                seen = []
                self.requests.append(seen)
                threading.Thread(target=self._serve, args=(connection, answers, seen), daemon=True).start()

    def _serve(self, connection, answers, seen):
        with contextlib.suppress(OSError), connection:
            for said in answers:
                request = self._read(connection)
                if not request:
                    return
                seen.append(request)
                if isinstance(said, threading.Event):
                    said.wait(20)
                    return
                if said is None:
                    return
                for part in said if isinstance(said, list) else [said]:
                    if isinstance(part, threading.Event):
                        part.wait(20)
                    else:
                        connection.sendall(part)

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self):
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
