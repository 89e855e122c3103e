"""`KCKUpdater`: an updater of a class as KCK 0.6.3 had it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kck._actor06 import Actor06, event_hooks, file_name
from kck._definitions import Definition, caller, define, description_of, without_none
from kck._hooks import UPDATE_HOOKS, Hooks
from kck._parameters import of_option
from kck.errors import KCKBadRequest, KCKError
from kck.lib import _registry
from kck.lib.kck_database import Result
from kck.updaters import ACTIONS, Write, make_updater


class KCKUpdater(Actor06):
    """`name`: the file's unless given. `update` writes the dict that it is given, an update where that has the primary
    key, else an insert; without one, the server runs the SQL of `query_template`, {"insert": …, "update": …}."""

    query_template: Any = None
    data_type: Any = "string"

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.update is not KCKUpdater.update or cls.query_template is not None:
            define(lambda: _definition(cls))

    def update(self, data: Mapping[str, Any], queued: bool = False) -> Any:
        """This one runs the SQL in this process, for those that override it."""
        if not self.query_template:
            raise KCKError(f"{self.name} has no SQL")
        action = "update" if self.primary_key_parameter_name() in data else "insert"
        if action not in self.query_template:
            raise KCKBadRequest(f"updater {self.name} has no {action}")
        return self.query(self.query_template[action], data)


def _definition(cls: type[KCKUpdater]) -> Definition:
    updater = cls()
    updater.set_name(cls.name or file_name(cls))
    of_python = cls.update is not KCKUpdater.update
    made = _of_function(cls, updater) if of_python else _of_sql(cls, updater)
    made.of_06 = True
    _registry.add(updater, made, lambda: hooks_of_updater(updater, of_python))
    return made


def hooks_of_updater(updater: Actor06, of_python: bool) -> tuple[Hooks, list[str]]:
    """Its hooks, and the names of those that the server calls."""
    hooks = event_hooks(updater, UPDATE_HOOKS)
    return hooks, [] if of_python else list(hooks)


def _of_function(cls: type[KCKUpdater], updater: KCKUpdater) -> Definition:
    def write(**data: Any) -> Any:
        # What a write leaves out, its dict does not have.
        result = updater.update({name: value for name, value in data.items() if value is not None})
        if isinstance(result, Result):
            rows = [dict(row.items()) for row in result.fetchall()]
            return rows or result.rowcount
        return result if isinstance(result, (int, dict, list)) else None

    description = description_of(cls) if cls.__doc__ else None
    parameters = [one if one.get("primary_key") else {**one, "nullable": True} for one in updater.parameters or ()]
    options = {"parameters": parameters, "database": updater.database, "description": description}
    made = make_updater(dict.fromkeys(_actions(updater), write), str(updater.name), options, {}, cls.__qualname__)
    keys = {one["name"] for one in parameters if one.get("primary_key")}
    made.fields["actions"]["insert"] = [one for one in made.fields["actions"]["insert"] if one not in keys]
    return made


def _actions(updater: KCKUpdater) -> tuple[str, ...]:
    return ACTIONS[:2] if updater.primary_key_parameter_name() else ACTIONS[:1]


def _of_sql(cls: type[KCKUpdater], updater: KCKUpdater) -> Definition:
    description = description_of(cls) if cls.__doc__ else None
    parameters = of_option(updater.parameters or ())
    fields = {"name": updater.name, "description": description, "database": updater.database,
              "parameters": [one.fields() for one in parameters],
              "query": {"template": dict(updater.query_template)}}  # fmt: skip
    file, line = caller()
    return Definition("updater", str(updater.name), file, line, cls.__qualname__, False, without_none(fields),
                      Write({}, parameters, {}))  # fmt: skip
