"""What the benchmarks share."""

import os
import pathlib
import platform
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    """Something that the user can mend; the text says how."""


def find_program(build, name):
    path = build / name
    if not path.exists():
        raise Failed(f"{path} is not there: cmake --preset release && cmake --build --preset release, or --build DIR")
    return path


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": model[1] if model else platform.processor(), "cores": os.cpu_count(), "kernel": platform.release()}
