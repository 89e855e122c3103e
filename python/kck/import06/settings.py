"""The dict KCK of a settings module of 0.6.3: read without running the module where that can be, with the line of each
key."""

from __future__ import annotations

import ast
import os
import runpy
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]


class SettingsError(Exception):
    pass


@dataclass
class Settings:
    """`file`: the last that has KCK, `root`: where its module is looked for; `places`: of each key, by its path, file
    and line; `was_run`: files that could not be read otherwise."""

    file: str
    root: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, tuple[str, int]] = field(default_factory=dict)
    was_run: list[str] = field(default_factory=list)

    def place(self, *path: str) -> tuple[str, int]:
        """Of the key, or the nearest above it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (self.file, 0))


def read_settings(text: str, folder: str) -> Settings:
    """`text`: modules or files, parted by commas, of which later ones count; or a folder."""
    settings = Settings("", folder)
    for name in text.split(","):
        file, root = _file_of(name.strip(), folder)
        _read(file, root, settings)
    if not settings.file:
        raise SettingsError(f"{text} has no KCK = {{…}}: name the module that has")
    return settings


def _file_of(name: str, folder: str) -> tuple[str, str]:
    path = os.path.join(folder, name)
    if os.path.isdir(path):
        return _file_in(path), path
    if os.path.isfile(path):
        return path, os.path.dirname(path) if name.endswith(".py") else folder
    module = os.path.join(folder, *name.split("."))
    for file in (module + ".py", os.path.join(module, "__init__.py")):
        if os.path.isfile(file):
            return file, folder
    raise SettingsError(f"there is no {name}: name a settings module of the present folder, a file, or a folder")


def _file_in(folder: str) -> str:
    """That has KCK at its top; settings.py before others."""
    files = [one for one in os.listdir(folder) if one.endswith(".py")]
    for name in sorted(files, key=lambda one: (one != "settings.py", one)):
        file = os.path.join(folder, name)
        if any(_targets(statement) for statement in _parsed(file).body):
            return file
    raise SettingsError(f"no file in {folder} has KCK = {{…}}: name the one with the settings")


def _parsed(file: str) -> ast.Module:
    try:
        with open(file, encoding="utf-8") as opened:
            return ast.parse(opened.read(), file)
    except (OSError, SyntaxError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error


def _targets(statement: ast.stmt) -> ast.expr | None:
    """What the statement assigns to KCK."""
    if isinstance(statement, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "KCK"
                                                 for one in statement.targets):  # fmt: skip
        return statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.target.id == "KCK":
        return statement.value
    return None


def _read(file: str, root: str, settings: Settings) -> None:
    tree = _parsed(file)
    assigned = [value for statement in tree.body if (value := _targets(statement)) is not None]
    values: Any = None
    try:
        if _touches_again(tree) or len(assigned) != 1:
            raise _NotPlain
        values = _Plain(tree, file).value(assigned[0])
    except _NotPlain:
        values = _escaped(_run(file, root).get("KCK"))
        if values is not None:
            settings.was_run.append(file)
    if values is None:
        return
    if not isinstance(values, dict):
        raise SettingsError(f"KCK of {file} is a {type(values).__name__}, and no dict")
    settings.file, settings.root, settings.values = file, root, values
    settings.places = {(): (file, assigned[-1].lineno if assigned else 0)}
    if assigned:
        _note_places(assigned[-1], (), file, settings.places)


def _touches_again(tree: ast.Module) -> bool:
    """Whether KCK is changed otherwise than by being assigned at the top."""
    uses = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == "KCK"]
    return len(uses) != sum(_targets(statement) is not None for statement in tree.body)


def _run(file: str, root: str) -> dict[str, Any]:
    sys.path[:0] = [root, os.path.dirname(file)]
    try:
        return runpy.run_path(file)
    except BaseException as error:  # SystemExit too
        raise SettingsError(f"{file} has to be run, and failed: {type(error).__name__}: {error}") from error


def _escaped(value: Any) -> Any:
    """With what kck.yml would take for a variable of the environment."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {name: _escaped(one) for name, one in value.items()}
    return value


def _note_places(node: ast.expr, path: Path, file: str, places: dict[Path, tuple[str, int]]) -> None:
    if isinstance(node, ast.Dict):
        pairs: Iterable[tuple[Any, ast.expr, int]] = [
            (one.value, value, one.lineno) for one, value in zip(node.keys, node.values, strict=True)
            if isinstance(one, ast.Constant)
        ]  # fmt: skip
    elif isinstance(node, ast.Call):
        pairs = [(one.arg, one.value, one.value.lineno) for one in node.keywords if one.arg]
    else:
        return
    for name, value, line in pairs:
        below = (*path, str(name))
        places[below] = (file, line)
        _note_places(value, below, file, places)


class _NotPlain(Exception):
    """It takes running."""


_PATHS: dict[str, Callable[..., str]] = {
    f"os.path.{one.__name__}": one
    for one in (os.path.join, os.path.dirname, os.path.abspath, os.path.realpath, os.path.normpath)
}


class _Plain:
    """The value of an expression of literals, names of such, and paths. What the environment has is `${NAME}`, as
    kck.yml spells it."""

    def __init__(self, tree: ast.Module, file: str) -> None:
        self._known = {target.id: statement.value for statement in tree.body if isinstance(statement, ast.Assign)
                       for target in statement.targets if isinstance(target, ast.Name)}  # fmt: skip
        self._file = file
        self._depth = 0

    def value(self, node: ast.expr) -> Any:
        self._depth += 1
        if self._depth > 1000:
            raise _NotPlain
        if isinstance(node, ast.Constant):
            return _escaped(node.value)
        if isinstance(node, ast.Dict):
            if None in node.keys:
                raise _NotPlain
            pairs = zip(node.keys, node.values, strict=True)
            return {self.value(name): self.value(value) for name, value in pairs if name}
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.value(one) for one in node.elts]
        if isinstance(node, ast.Name):
            return self._file if node.id == "__file__" else self._of_name(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._sum(self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Subscript) and _dotted(node.value) == "os.environ":
            return f"${{{self.value(node.slice)}}}"
        if isinstance(node, ast.Call):
            return self._call(node)
        raise _NotPlain

    def _of_name(self, name: str) -> Any:
        if name not in self._known:
            raise _NotPlain
        return self.value(self._known[name])

    def _sum(self, left: Any, right: Any) -> str:
        if not isinstance(left, str) or not isinstance(right, str):
            raise _NotPlain
        return left + right

    def _call(self, node: ast.Call) -> Any:
        name = _dotted(node.func)
        if name == "dict" and not node.args and all(one.arg for one in node.keywords):
            return {one.arg: self.value(one.value) for one in node.keywords}
        arguments = [self.value(one) for one in node.args]
        if node.keywords or not all(isinstance(one, str) for one in arguments):
            raise _NotPlain
        if name in ("os.environ.get", "os.getenv") and len(arguments) == 1:
            return f"${{{arguments[0]}}}"
        if name in _PATHS and arguments:
            return _PATHS[name](*arguments)
        raise _NotPlain


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""
