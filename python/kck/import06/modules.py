"""What in a folder of 0.6.3 is not as it was, and cannot be told by loading it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

_PROVIDED = {"kck_primer", "kck_updater", "kck_cache", "kck_data", "kck_database", "decorators", "exceptions", "hints"}
# Of the cache and data objects: what reached into Cassandra.
_GONE = {
    "session", "cluster", "dump_data_to_file", "load_data_from_file", "queued_refresh_data", "queue_refresh_count",
    "claim_refresh_requests", "register_primer", "register_updater", "raw_cache_get", "raw_cache_put",
    "raw_cache_delete", "raw_cache_dump", "raw_cache_load", "raw_queue_refresh", "raw_queue_update", "comprickle",
    "decomprickle", "gen_new_version", "_primcache_get", "_primcache_put", "_seccache_get", "_seccache_put",
    "_cache_get", "_cache_put", "_cache_delete", "_prime",
}  # fmt: skip
_ESCAPED_COLON = re.compile(r"\\:")


@dataclass
class Hand:
    """`line`: 0 for none."""

    file: str
    line: int
    message: str
    cure: str


def look_at(folder: str) -> Iterator[Hand]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = os.path.join(root, name)
            if name.endswith(".yml"):
                yield from _of_yaml(file)
            elif name.endswith(".py") and root == folder:
                yield from _of_python(file)


def _of_yaml(file: str) -> Iterator[Hand]:
    with open(file, encoding="utf-8", errors="replace") as opened:
        for number, line in enumerate(opened, 1):
            if _ESCAPED_COLON.search(line):
                yield Hand(file, number, "a colon that SQLAlchemy was told to leave alone",
                           "write it without the backslash: text in quotes and casts are no parameters")  # fmt: skip


def _of_python(file: str) -> Iterator[Hand]:
    with open(file, encoding="utf-8", errors="replace") as opened:
        try:
            tree = ast.parse(opened.read(), file)
        except (SyntaxError, ValueError):
            return  # loading it tells
    for node in ast.walk(tree):
        for module in _modules(node):
            yield Hand(file, getattr(node, "lineno", 0), f"{module} of 0.6.3 is not there",
                       f"there are kck.lib's {', '.join(sorted(_PROVIDED))}")  # fmt: skip
        if isinstance(node, ast.Attribute) and node.attr in _GONE and _is_cache(node.value):
            yield Hand(file, node.lineno, f"{node.attr} of the cache is not there",
                       "get, mget, set, purge and refresh are")  # fmt: skip
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _of_class(file, node)


def _modules(node: ast.AST) -> list[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [one.name for one in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        names = [node.module or ""]
        if node.module == "kck.lib":
            names = [f"kck.lib.{one.name}" for one in node.names if one.name != "KCKCache"]
    return [one for one in names if one.startswith("kck.lib.") and one.split(".")[2] not in _PROVIDED]


def _is_cache(node: ast.expr) -> bool:
    """Whether it reads as the cache or the data object: cache_obj, self.get_cache(), KCKCache.get_instance()."""
    text = ast.unparse(node)
    ends = ("cache_obj", "data_obj", "get_cache()", "get_data()", "cache")
    return text.endswith(ends) or "KCKCache" in text or "KCKData" in text


def _of_class(file: str, node: ast.ClassDef) -> Iterator[Hand]:
    bases = [ast.unparse(one).rpartition(".")[2] for one in node.bases]
    stem = os.path.splitext(os.path.basename(file))[0]
    for statement in node.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
            continue
        is_name = any(isinstance(target, ast.Name) and target.id == "name" for target in statement.targets)
        name = statement.value.value
        if "KCKUpdater" in bases and is_name and isinstance(name, str) and name != stem:
            yield Hand(file, statement.lineno, f"this updater is served as {name}; 0.6.3 served it as {stem}",
                       "take the name out for that")  # fmt: skip
