"""What the primers and updaters of KCK 0.6.3 have in common: keys as text, parameters as dicts, hooks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from kck.keys import key

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

    def register_hooks(self) -> None:
        """Called once it has its name: `add_hook` may be called here."""
        if self.hooks is None:
            self.hooks = {}

    def add_hook(self, event: str, keystr: str, func: Callable[..., Any]) -> None:
        """`func` is called with key, hints and, as param_key, `keystr`."""
        listed: dict[str, list[Any]] = {name: list(functions) for name, functions in (self.hooks or {}).items()}
        listed.setdefault(event, []).append((keystr, func))
        self.hooks = listed
