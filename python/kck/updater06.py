"""`KCKUpdater`: an updater of a class as KCK 0.6.3 had it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kck._actor06 import Actor06
from kck._definitions import Definition, caller, define, description_of, without_none
from kck._hooks import UPDATE_HOOKS, hooks_of
from kck._parameters import of_option
from kck.errors import KCKError
from kck.updaters import ACTIONS, Write, make_updater


class KCKUpdater(Actor06):
    """`name`: the class's unless given. `update` writes the dict that it is given, an update where that has the primary
    key, else an insert; without one, the server runs the SQL of `query_template`, {"insert": …, "update": …}."""

    query_template: Any = None
    data_type: Any = "string"

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.update is not KCKUpdater.update or cls.query_template is not None:
            define(lambda: _definition(cls))

    def update(self, data: Mapping[str, Any], queued: bool = False) -> Any:
        raise KCKError(f"{self.name}: its SQL is run by the server, not by update()")


def _definition(cls: type[KCKUpdater]) -> Definition:
    made = cls()
    made.set_name(cls.name or cls.__name__)
    made.register_hooks()
    hooks = hooks_of(made, UPDATE_HOOKS, False)
    description = description_of(cls) if cls.__doc__ else None
    if cls.update is not KCKUpdater.update:

        def write(**data: Any) -> Any:
            result = made.update(data)
            return result if isinstance(result, (int, dict, list)) else None

        options = {"parameters": made.parameters, "database": made.database, "description": description}
        return make_updater(dict.fromkeys(ACTIONS[:2], write), str(made.name), options, hooks, cls.__qualname__)
    parameters = of_option(made.parameters or ())
    fields = {"name": made.name, "description": description, "database": made.database,
              "parameters": [one.fields() for one in parameters],
              "query": {"template": dict(made.query_template)}}  # fmt: skip
    file, line = caller()
    return Definition("updater", str(made.name), file, line, cls.__qualname__, False, without_none(fields),
                      Write({}, parameters, hooks), False, list(hooks))  # fmt: skip
