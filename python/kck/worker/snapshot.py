"""The user's files as they were when their definitions were taken into service: what a worker imports in place of what
lies on the disk by now, which may be half of a change, or one that was refused."""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType

_contents: dict[str, bytes] = {}


@cache
def _folder(path: str) -> str:
    return os.path.realpath(path)


def _key(file: str) -> str:
    folder, name = os.path.split(file)
    return os.path.join(_folder(folder), name)


def install(sources: Iterable[tuple[str, bytes]]) -> None:
    """Absolute paths, and what the files hold. Before anything of the user's is imported."""
    _contents.update((_key(path), content) for path, content in sources)
    if _contents:
        sys.meta_path.insert(0, _Finder())


def has(file: str) -> bool:
    return _key(file) in _contents


def content_of(file: str) -> bytes:
    """Of the disk where the snapshot does not have it; nothing where neither does."""
    held = _contents.get(_key(file))
    if held is not None:
        return held
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def spec_of(name: str, file: str) -> ModuleSpec:
    folder = [os.path.dirname(file)] if os.path.basename(file) == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        name, file, loader=_Loader(name, file) if has(file) else None, submodule_search_locations=folder
    )
    assert spec is not None
    return spec


class _Loader(SourceFileLoader):
    def get_data(self, path: str) -> bytes:
        return content_of(path)

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError  # so that no compiled form of the disk's is looked for


class _Finder(importlib.abc.MetaPathFinder):
    # No call of the system's for what is none of the user's: libraries have thousands of modules.
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        stem = name.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            for file in (os.path.join(folder, stem, "__init__.py"), os.path.join(folder, f"{stem}.py")):
                if has(file):
                    return spec_of(name, file)
        return None
