"""A small REST service of the demonstration's own, on a free port of 127.0.0.1. It is as slow as such services are."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER_SECONDS = 0.05


class Service:
    """`celsius`: what it answers, by city. `answers`: how often it was asked."""

    def __init__(self):
        self.celsius = {"Oslo": 4.5, "Lisbon": 17.0, "Nairobi": 21.5}
        self.answers = 0
        self.url = ""

    def answer(self, path: str):
        """None: there is no such thing."""
        self.answers += 1
        time.sleep(ANSWER_SECONDS)
        if path == "/cities":
            return sorted(self.celsius)
        city = path.removeprefix("/weather/")
        return {"city": city, "celsius": self.celsius[city]} if city in self.celsius else None


@contextlib.contextmanager
def running():
    """The service, which answers until the context ends."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = service.answer(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
