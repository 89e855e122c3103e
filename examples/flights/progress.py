"""Progress of one long step: a bar on a terminal, one plain line at the end elsewhere."""

import sys
import time

WIDTH = 30


class Progress:
    def __init__(self, title: str):
        self.title = title
        self.start = time.monotonic()
        self.on_terminal = sys.stdout.isatty()

    def __enter__(self):
        self.update(0)
        return self

    def update(self, share: float):
        if self.on_terminal:
            done = round(WIDTH * min(share, 1))
            print(f"\r  {self.title:<24} [{'#' * done}{'.' * (WIDTH - done)}]", end="", flush=True)

    def __exit__(self, failure, *_):
        seconds = time.monotonic() - self.start
        line = f"  {self.title:<24} {'failed' if failure else f'{seconds:.1f} s'}"
        print(f"\r\x1b[K{line}" if self.on_terminal else line, flush=True)
