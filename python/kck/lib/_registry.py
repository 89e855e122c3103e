"""The primers and updaters of 0.6.3's classes in this process, by name, and those of other files that hooks were added
to. Filled while modules are imported; `register_all_hooks` runs once all of them are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kck._definitions import Definition, Fault
from kck.lib.exceptions import KCKKeyNotRegistered

if TYPE_CHECKING:
    from kck._actor06 import Actor06

HooksOf = Callable[[], tuple[dict[str, Any], list[str]]]

primers: dict[str, Actor06] = {}
updaters: dict[str, Actor06] = {}
_made: list[tuple[Actor06, Definition, HooksOf]] = []
other_primers: dict[str, Actor06] = {}
other_updaters: dict[str, Actor06] = {}


def add(actor: Actor06, definition: Definition, hooks_of: HooksOf) -> None:
    (primers if definition.kind == "product" else updaters)[definition.name] = actor
    _made.append((actor, definition, hooks_of))


def register_all_hooks(faults: list[Fault]) -> list[Definition]:
    """Lets each register its hooks, and gives them to its definition. Returns definitions of the hooks that others'
    were given."""
    for actor, definition, _ in _made:
        try:
            actor.register_hooks()
        except Exception as error:
            faults.append(Fault(definition.file, definition.line,
                                f"register_hooks of {definition.name}: {type(error).__name__}: {error}"))  # fmt: skip
    for _, definition, hooks_of in _made:
        definition.target.hooks, definition.hooks = hooks_of()
    return [*_of_others("product", other_primers), *_of_others("updater", other_updaters)]


def _of_others(kind: str, actors: dict[str, Actor06]) -> list[Definition]:
    from kck.primer06 import hooks_of_primer
    from kck.updater06 import hooks_of_updater

    made = []
    for name, actor in actors.items():
        hooks, told = hooks_of_primer(actor, False) if kind == "product" else hooks_of_updater(actor, False)
        if told and _made:
            _, first, _ = _made[0]
            made.append(Definition(kind, name, first.file, first.line, "", False, {"name": name},
                                   HooksOfOther(hooks), hooks=told, hooks_only=True))  # fmt: skip
    return made


class HooksOfOther:
    """Stands for what another file defines: its parameters are not known here."""

    def __init__(self, hooks: dict[str, Any]) -> None:
        self.hooks = hooks
        self.parameters: list[Any] = []

    @staticmethod
    def values(texts: dict[str, str | None]) -> dict[str, Any]:
        return dict(texts)


def primer(key: str) -> Actor06:
    return _found(key, primers, other_primers)


def updater(key: str) -> Actor06:
    return _found(key, updaters, other_updaters)


def _found(key: str, known: dict[str, Actor06], others: dict[str, Actor06]) -> Actor06:
    """What a file in YAML defines is not known here, and takes hooks all the same."""
    from kck._actor06 import Actor06

    name = key.split("/")[0].split(":")[0]
    if not name:
        raise KCKKeyNotRegistered(key)
    if name in known:
        return known[name]
    if name not in others:
        others[name] = Actor06()
        others[name].set_name(name)
    return others[name]
