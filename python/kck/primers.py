"""Products of classes: `Primer`."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from kck import _product_fields
from kck._definitions import define, description_of
from kck._hooks import PRODUCT_HOOKS, hooks_of
from kck.products import make_product


class Primer:
    """A product of a class: its `compute` takes the parameters, and may be async. The options of `kck.product` are
    attributes; `name` is the class's unless given. One instance is made per worker, when the class is defined.
    `abstract = True` makes a class that others derive from, and no product; so does a class without `compute`.

    Hooks are methods: pre_ and post_ of prime, set, refresh, purge; they take what they want of key, params, value and
    hints."""

    name: ClassVar[str]
    many: ClassVar[bool] = False
    abstract: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if not cls.__dict__.get("abstract", False) and hasattr(cls, "compute"):
            define(lambda: _definition(cls))


def _definition(cls: type[Primer]) -> Any:
    primer = cls()
    options = {name: getattr(cls, name) for name in _product_fields.OPTIONS if hasattr(cls, name)}
    options.setdefault("name", cls.__name__)
    options.setdefault("description", description_of(cls) if cls.__doc__ else None)
    compute = primer.compute  # type: ignore[attr-defined]
    hooks = hooks_of(primer, PRODUCT_HOOKS, inspect.iscoroutinefunction(compute))
    return make_product(compute, options["name"], cls.many, options, hooks)
