"""Imports the user's files, and tells what they define and what is wrong with them."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from kck import _definitions
from kck._definitions import Definition, Fault
from kck.errors import KCKDefinitionError, KCKValueError
from kck.lib._registry import register_all_hooks
from kck.values import encode
from kck.worker import snapshot
from kck.worker.sources import Sources


class Loaded:
    """`definitions`: by kind and name."""

    def __init__(self, definitions: dict[tuple[str, str], Definition], faults: list[Fault], sources: Sources) -> None:
        self.definitions, self._faults, self._sources = definitions, faults, sources

    def described(self) -> dict[str, Any]:
        """What `hello` says of it."""
        definitions = [said for one in self.definitions.values() if (said := self._definition(one)) is not None]
        return {
            "definitions": definitions,
            "faults": [vars(one) for one in self._faults],
            "files": self._sources.loaded(),
        }

    def sources(self) -> list[tuple[str, bytes]]:
        """Of the user's files that are imported, what they were made of."""
        return [(file, snapshot.content_of(file)) for file in self._sources.loaded()]

    def _definition(self, one: Definition) -> dict[str, Any] | None:
        try:
            fields = encode(one.fields).decode()
        except KCKValueError as error:
            self._faults.append(Fault(one.file, one.line, f"{one.name}: {error}"))
            return None
        return {"kind": one.kind, "file": one.file, "line": one.line, "function": one.function,
                "is_async": one.is_async, "many": one.many, "hooks": one.hooks, "hooks_only": one.hooks_only,
                "source_hash": self._sources.hash_of(one.file), "fields": fields}  # fmt: skip


def load(folder: str, path: Sequence[str], files: Sequence[str], held: Iterable[tuple[str, bytes]]) -> Loaded:
    """Imports the files, those that `held` has as it has them. Their own folder comes right after `path` where modules
    are looked for."""
    snapshot.install(held)
    sys.path[:0] = [*path, folder]
    # A file that changes twice in a second, and keeps its size, would be taken from there as it was.
    sys.dont_write_bytecode = True
    sources = Sources([folder, *path])
    faults = _definitions.collect_faults()
    importer = _Importer(folder, sources, files)
    for file in files:
        try:
            importer.import_file(file)
        except BaseException as error:  # SystemExit too
            faults.append(importer.fault_of(file, error))
    own = {os.path.realpath(file) for file in files}
    # Of classes of 0.6.3 those alone that stand in the files: others are for these to derive from.
    made = [one for one in _definitions.definitions if not one.of_06 or os.path.realpath(one.file) in own]
    definitions = _without_twins(made, faults)
    for other in register_all_hooks(faults):
        definitions.setdefault((other.kind, other.name), other)
    return Loaded(definitions, faults, sources)


class _Importer:
    def __init__(self, folder: str, sources: Sources, files: Sequence[str]) -> None:
        self._folder, self._sources = os.path.realpath(folder), sources
        self._packages: dict[str, str | None] = {}
        self._files = {os.path.realpath(file) for file in files}

    def import_file(self, file: str) -> None:
        """As `products.weather`, so that other files can import it as that; where this is no name of a module, or that
        of one elsewhere, under a name of its own."""
        name = self._name_of(file)
        if name is not None:
            importlib.import_module(name)
            return
        stem = "".join(char if char.isalnum() else "_" for char in os.path.splitext(os.path.basename(file))[0])
        name = f"_kck_{len(sys.modules)}_{stem}"
        spec = snapshot.spec_of(name, file)
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)

    def _name_of(self, file: str) -> str | None:
        relative = os.path.relpath(os.path.realpath(file), self._folder)
        parts = os.path.splitext(relative)[0].split(os.sep)
        if len(parts) != 2 or not all(part.isidentifier() for part in parts) or not self._is_package(parts[0]):
            return None
        return parts[0] if parts[1] == "__init__" else ".".join(parts)

    def _is_package(self, name: str) -> bool:
        """Makes the folder a package, unless another module has its name."""
        folder = os.path.join(self._folder, name)
        if name not in sys.modules:
            spec = importlib.machinery.PathFinder.find_spec(name, sys.path)
            if spec is not None and spec.origin is not None:
                return os.path.dirname(os.path.realpath(spec.origin)) == folder
            package = ModuleType(name)
            package.__path__ = [folder]
            sys.modules[name] = package
        return folder in [os.path.realpath(one) for one in getattr(sys.modules[name], "__path__", [])]

    def fault_of(self, file: str, error: BaseException) -> Fault:
        cure = error.cure if isinstance(error, KCKDefinitionError) else ""
        if isinstance(error, ModuleNotFoundError) and error.name:
            cure = f"install it for {sys.executable}, or name its folder in python.path"
        message = str(error)
        if not isinstance(error, KCKDefinitionError):
            message = f"{type(error).__name__}: {message}".rstrip(": ")
        if isinstance(error, SyntaxError) and error.filename and self._sources.has(error.filename):
            return Fault(error.filename, error.lineno or 0, f"{type(error).__name__}: {error.msg}", cure)
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if os.path.realpath(frame.filename) in self._files or self._sources.has(frame.filename):
                return Fault(frame.filename, frame.lineno or 0, message, cure)
        return Fault(file, 0, message, cure)


def _without_twins(definitions: Sequence[Definition], faults: list[Fault]) -> dict[tuple[str, str], Definition]:
    named: dict[tuple[str, str], Definition] = {}
    for one in definitions:
        first = named.setdefault((one.kind, one.name), one)
        if first is not one and first.of_06 and one.of_06 and first.file == one.file:
            named[one.kind, one.name] = max(first, one, key=lambda made: made.function)
        elif first is not one:
            where = f"{first.file}:{first.line}"
            faults.append(Fault(one.file, one.line, f"the {one.kind} {one.name} is defined twice, first in {where}",
                                "give one of them another name"))  # fmt: skip
    return named
