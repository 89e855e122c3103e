"""What becomes of the settings of 0.6.3: lines of kck.yml, and what needs a hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from kck.import06.modules import Hand, look_at
from kck.import06.settings import Settings
from kck.lib.kck_database import plain_url

_PASSWORD_HASH = ":passwd_hash"


class Plan:
    """`folder`: where kck.yml goes; `taken`: {"from", "to", "file", "line"}; `hands`: {"file", "line", "message",
    "cure"}."""

    def __init__(self, settings: Settings, interpreter: str) -> None:
        self._settings = settings
        self.interpreter = interpreter
        self.folder = os.path.dirname(os.path.abspath(settings.file))
        self.taken: list[dict[str, Any]] = []
        self.hands: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.folders: list[str] = []  # of primers and updaters

    def take(self, path: tuple[str, ...], to: str) -> None:
        file, line = self._settings.place(*path)
        self.taken.append({"from": ".".join(("KCK", *path)), "to": to, "file": file, "line": line})

    def hand(self, path: tuple[str, ...], message: str, cure: str) -> None:
        self.add_hand(Hand(*self._settings.place(*path), message, cure))

    def add_hand(self, hand: Hand) -> None:
        self.hands.append(vars(hand))

    def relative(self, path: str) -> str:
        """To kck.yml, where it lies beside or below."""
        below = os.path.relpath(path, self.folder)
        return path if below.startswith("..") else below

    def text(self) -> str:
        made_of = os.path.basename(self._settings.file)
        return "\n".join([f"# Made of {made_of}, the settings of KCK 0.6.3.", *self.lines, ""])


def plan_of(settings: Settings, interpreter: str) -> Plan:
    """`interpreter`: that runs the folder's Python."""
    plan = Plan(settings, interpreter)
    for file in settings.was_run:
        plan.add_hand(Hand(file, 0, "the settings are not literals alone, so the module was run: what it took from its "
                           "surroundings is fixed now", "see whether kck.yml says what it should"))  # fmt: skip
    for read in (_databases, _folders, _store, _misses, _http, _auth):
        read(settings, plan)
    for name in settings.values:
        if name not in _KNOWN:
            plan.hand((name,), f"{name} is no setting of 0.6.3", "nothing was taken of it")
    return plan


_KNOWN = {"databases", "primers_dirpath", "updaters_dirpath", "cassandra", "prime_on_cache_miss", "auth", "use_auth",
          "environment"}  # fmt: skip


_FOLDERS = (("primers_dirpath", "products", "kprimers"), ("updaters_dirpath", "updaters", "kupdaters"))


def quoted(text: str) -> str:
    """As YAML has it; `${NAME}` stays."""
    return json.dumps(text, ensure_ascii=False)


def _dict(settings: Settings, plan: Plan, *path: str) -> dict[str, Any]:
    value: Any = settings.values
    for name in path:
        value = value.get(name, {})
    if isinstance(value, dict):
        return value
    plan.hand(path, f"{'.'.join(path)} is no dict", "nothing was taken of it")
    return {}


def _databases(settings: Settings, plan: Plan) -> None:
    lines = []
    for name in _dict(settings, plan, "databases"):
        database = _dict(settings, plan, "databases", name)
        path = ("databases", name, "connection_url")
        url = plain_url(str(database.get("connection_url", "")))
        if not url.startswith(("postgresql://", "sqlite:", "${")):
            plan.hand(path, f"the database {name} is neither PostgreSQL nor SQLite",
                      "its products need one of these, or a source in Python")  # fmt: skip
            continue
        if url == "sqlite:":
            plan.hand(path, f"the database {name} is SQLite in memory, which each connection has for itself",
                      "name a file: sqlite:path")  # fmt: skip
            continue
        lines.append(f"  {quoted(name)}: {{url: {quoted(url)}}}")
        plan.take(path, f"databases.{name}.url")
        for more in database:
            if more != "connection_url":
                plan.hand(("databases", name, more), f"{more} of a database is nothing that 0.6.3 read",
                          "nothing was taken of it")  # fmt: skip
    if lines:
        plan.lines += ["databases:", *lines]


def _folders(settings: Settings, plan: Plan) -> None:
    for setting, field, usual in _FOLDERS:
        given = settings.values.get(setting)
        folder = _found(settings, plan, str(given if given else usual))
        if folder is None:
            if given:
                plan.hand((setting,), f"there is no folder {given}",
                          f"name it by {field}: in kck.yml; 0.6.3 took it from where it was installed")  # fmt: skip
            continue
        plan.lines.append(f"{field}: {quoted(plan.relative(folder))}")
        plan.folders.append(folder)
        if given:
            plan.take((setting,), field)
        for hand in look_at(folder):
            plan.add_hand(hand)
    roots = [os.path.dirname(folder) for folder in plan.folders] + [os.path.abspath(settings.root)]
    path = list(dict.fromkeys(plan.relative(root) for root in roots))
    python = [] if plan.interpreter == "python3" else [f"interpreter: {quoted(plan.interpreter)}"]
    if path != ["."]:
        python.append(f"path: [{', '.join(map(quoted, path))}]")
    if python:
        plan.lines.append(f"python: {{{', '.join(python)}}}")


def _found(settings: Settings, plan: Plan, path: str) -> str | None:
    for root in (plan.folder, settings.root):
        folder = os.path.normpath(os.path.join(root, os.path.expandvars(path)))
        if os.path.isdir(folder):
            return folder
    return None


def _store(settings: Settings, plan: Plan) -> None:
    plan.lines.append('store: {url: "rocksdb:kck-store"}')
    if "cassandra" in settings.values:
        plan.hand(("cassandra",),
                  "the store is a folder of this node, and begins empty: what 0.6.3 kept in Cassandra is not read",
                  "several nodes share Cassandra 5 by store: {url: cassandra://host/keyspace}, of a new keyspace",
                  )  # fmt: skip


def _misses(settings: Settings, plan: Plan) -> None:
    if "prime_on_cache_miss" not in settings.values:
        return
    primes = bool(settings.values["prime_on_cache_miss"])
    if not primes:
        plan.lines.append("on_miss: error")
    plan.take(("prime_on_cache_miss",), f"on_miss: {'prime' if primes else 'error'}")


def _http(settings: Settings, plan: Plan) -> None:
    plan.lines.append('http: {listen: "127.0.0.1:8001", compat: "0.6"}')
    plan.hand((), "0.6.3 listened at all addresses, port 8001 or --port; kck.yml says 127.0.0.1:8001",
              'http.listen: "0.0.0.0:8001" opens it to others')  # fmt: skip


def _auth(settings: Settings, plan: Plan) -> None:
    auth = _dict(settings, plan, "auth")
    if not settings.values.get("use_auth"):
        if auth:
            plan.hand(("auth",), "use_auth is off, so auth was not taken", "")
        return
    plan.take(("use_auth",), "auth")
    lines: list[str] = []
    put: list[tuple[str, Callable[[str], str]]] = [
        ("secret", lambda text: f"keys: [{{algorithm: HS256, secret: {quoted(text)}}}]"),
        ("auth_user", lambda text: f"auth_user: {quoted(text)}"),
        ("password_hash_salt", lambda text: f"password_hash_salt: {quoted(text)}"),
    ]
    for name, line in put:
        if name not in auth:
            plan.hand(("auth",), f"auth has no {name}", "docs/auth.md says what is needed")
        elif name != "password_hash_salt" or _PASSWORD_HASH in str(auth.get("auth_user")):
            lines.append("  " + line(str(auth[name])))
            plan.take(("auth", name), f"auth.{'keys' if name == 'secret' else name}")
    if "auth_user_list" in auth:
        plan.hand(("auth", "auth_user_list"), "auth_user_list is nothing that 0.6.3 read", "nothing was taken of it")
    # In 0.6.3 a token, of whomever, opened everything.
    plan.lines += ["auth:", *lines, "  access: user"]
    plan.hand(("use_auth",), "who has a token may read and write everything, as in 0.6.3",
              "say access in each product and updater, and take auth.access out")  # fmt: skip
    plan.hand(("use_auth",), "tokens hold for 15 minutes, and not for 5 seconds as in 0.6.3",
              "auth.token_life says how long")  # fmt: skip
