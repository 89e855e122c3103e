"""Which of the user's files a definition is made of: a change of any of them is a change of the definition."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache

from kck.worker import snapshot

_LIBRARIES = ("site-packages", "dist-packages")


class Sources:
    """The user's modules below `roots`: his folder, and what `python.path` adds."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = [os.path.realpath(root) for root in roots]
        self._imports = cache(self._imports_of)

    def has(self, file: str) -> bool:
        """Whether the file is of the user, not of a library that lies in his folder."""
        real = os.path.realpath(file)
        below = any(real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots)
        return below and not any(f"{os.sep}{name}{os.sep}" in real for name in _LIBRARIES)

    def hash_of(self, file: str) -> str:
        """Of the file's bytes, and of those that it imports."""
        made = hashlib.sha256()
        for one in sorted(self._closure(file)):
            made.update(hashlib.sha256(snapshot.content_of(one)).digest())
        return made.hexdigest()

    def loaded(self) -> list[str]:
        """The files of the user's modules that are imported, and of those that would be."""
        files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        loaded = {file for file in files if file and self.has(file)}
        return sorted(loaded.union(*[self._closure(file) for file in loaded]) if loaded else loaded)

    def _closure(self, file: str) -> set[str]:
        found, left = {file}, [file]
        while left:
            for one in self._imports(left.pop()):
                if one not in found:
                    found.add(one)
                    left.append(one)
        return found

    def _imports_of(self, file: str) -> list[str]:
        try:
            tree = ast.parse(snapshot.content_of(file))
        except (SyntaxError, ValueError, RecursionError):
            return []
        return [found for folder, name in _names(tree, os.path.dirname(file))
                for found in self._files(folder, name)]  # fmt: skip

    def _files(self, folder: str | None, name: str) -> Iterator[str]:
        """The files of a module and of its packages. `folder`: where a relative import begins."""
        for root in self._roots if folder is None else [folder]:
            path = root
            for part in name.split(".") if name else []:
                path = os.path.join(path, part)
                for file in (f"{path}.py", os.path.join(path, "__init__.py")):
                    if (snapshot.has(file) or os.path.isfile(file)) and self.has(file):
                        yield file


def _names(tree: ast.AST, folder: str) -> Iterator[tuple[str | None, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield None, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = folder
            for _ in range(node.level - 1):
                base = os.path.dirname(base)
            for alias in node.names:
                yield (base if node.level else None), ".".join(filter(None, [node.module, alias.name]))
