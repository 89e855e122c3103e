"""What the primers and updaters of KCK 0.6.3 have in common: keys as text, parameters as dicts, hooks by name, SQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

from kck._hooks import Hooks, hooks_of
from kck.errors import KCKError
from kck.keys import key
from kck.lib.hints import manager_of, record_of

if TYPE_CHECKING:
    from kck.lib.kck_cache import KCKCache
    from kck.lib.kck_data import KCKData
    from kck.lib.kck_database import Result

_TYPES: Mapping[str, Callable[[str], Any]] = {"int": int, "float": float}


class Actor06:
    """`name`: of the product or updater, once there is one."""

    keysep: ClassVar[str] = "/"
    name: Any = None
    parameters: Any = ()
    database: Any = None
    hooks: Any = None

    def get_name(self) -> str | None:
        name: str | None = self.name
        return name

    def set_name(self, name: str) -> None:
        self.name = name

    def primary_key_parameter_name(self) -> str | None:
        names: list[str] = [one["name"] for one in self.parameters or () if one.get("primary_key")]
        return names[0] if names else None

    def key_to_param_dict(self, keystr: str) -> dict[str, Any]:
        """The parameters of a key, as its parameters' types say. Raises ValueError where it has too few."""
        texts = [unquote(part) for part in keystr.split(self.keysep)[1:]] if keystr else []
        parameters: Sequence[Mapping[str, Any]] = self.parameters or ()
        if len(texts) < len(parameters):
            raise ValueError(f"{keystr!r} has {len(texts)} parameters, of which {self.name} needs {len(parameters)}")
        return {one["name"]: _TYPES.get(one.get("type", ""), str)(text)
                for one, text in zip(parameters, texts, strict=False)}  # fmt: skip

    def param_dict_to_key(self, param_dict: Mapping[str, Any]) -> str:
        """The key without its name."""
        return key("", *[param_dict[one["name"]] for one in self.parameters or ()]).removeprefix(self.keysep)

    def dependency_key(self) -> str:
        """The template of its keys: item/:id."""
        return self.keysep.join([str(self.name), *[f":{one['name']}" for one in self.parameters or ()]])

    def dependency_key_to_param_dict(self, key_tmpl: str, key: str) -> dict[str, str]:
        """What the names of the template stand for in the key: {"id": "7"} of item/:id and item/7."""
        names = [part.removeprefix(":") for part in key_tmpl.split(self.keysep)[1:]]
        return dict(zip(names, [unquote(part) for part in key.split(self.keysep)[1:]], strict=False))

    @property
    def cache_obj(self) -> KCKCache:
        from kck.lib.kck_cache import KCKCache

        return KCKCache.get_instance()

    @property
    def data_obj(self) -> KCKData:
        from kck.lib.kck_data import KCKData

        return KCKData.get_instance()

    def get_cache(self) -> KCKCache:
        return self.cache_obj

    def get_data(self) -> KCKData:
        return self.data_obj

    def query(self, template: str | None, params: Mapping[str, Any]) -> Result:
        """What the SQL brings, from this process. Raises KCKError where there is no SQL, or no database."""
        from kck.lib.kck_database import KCKDatabase

        if template is None or self.database is None:
            raise KCKError(f"{self.name} has no {'SQL' if template is None else 'database'}")
        return KCKDatabase.query(self.database, template, params)

    def register_hooks(self) -> None:
        """Called once all files are imported: `add_hook` may be called here, of others too."""
        if self.hooks is None:
            self.hooks = {}

    def add_hook(self, event: str, keystr: str, func: Callable[..., Any]) -> None:
        """`func` is called with key, hints and, as param_key, `keystr`."""
        listed: dict[str, list[Any]] = {name: list(functions) for name, functions in (self.hooks or {}).items()}
        listed.setdefault(event, []).append((keystr, func))
        self.hooks = listed


def file_name(cls: type) -> str:
    """Of the file that a class stands in, without its ending: what 0.6.3 called it by."""
    module = sys.modules.get(cls.__module__)
    path = getattr(module, "__file__", None) or cls.__module__.rpartition(".")[2]
    return os.path.splitext(os.path.basename(path))[0]


def event_hooks(owner: Actor06, names: tuple[str, ...]) -> Hooks:
    """As `hooks_of`; they get a HintsManager, in which the new value of the key is."""
    return {name: [_with_manager(hook) for hook in hooks] for name, hooks in hooks_of(owner, names, False).items()}


def _with_manager(hook: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def call(facts: Mapping[str, Any]) -> Any:
        manager = manager_of(facts.get("hints") or ())
        if facts.get("value") is not None:
            manager.set_hint_key(record_of(facts["key"], facts["value"]))
        return hook({**facts, "hints": manager})

    return call
