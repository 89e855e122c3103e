"""Decorated functions outside of a server's workers, and what type checkers make of them."""

import pathlib
import subprocess
from datetime import timedelta

import kck
import pytest
from kck._durations import seconds
from kck._runtime import set_current

ROOT = pathlib.Path(__file__).resolve().parents[2]


@kck.product(every="5m")
def price(id: int, currency: str = "EUR", note: str | None = None) -> float:
    """What it costs."""
    return id * 1.5


@kck.product
async def name(id: int) -> str:
    return f"item {id}"


class Seen:
    """Stands for what a process is connected to."""

    def __init__(self):
        self.calls = []

    def call(self, product, parameters):
        self.calls.append((product.name, parameters))
        return 5

    def get(self, *arguments, **options):
        self.calls.append((arguments, options))
        return 6


@pytest.fixture
def seen():
    made = Seen()
    set_current(made)
    yield made
    set_current(None)


def test_the_function_itself_is_at_hand():
    assert price.function(2) == 3.0 and price.compute is price.function
    assert (price.__doc__, price.__name__, price.name) == ("What it costs.", "price", "price")


@pytest.mark.parametrize("call", [lambda: price(1), lambda: kck.get("price", 1), lambda: name(1)])
def test_without_a_connection_a_call_says_what_to_do(call):
    with pytest.raises(kck.KCKError, match=r"kck\.connect\(url\)"):
        call()


def test_a_call_goes_to_what_the_process_is_connected_to(seen):
    assert price(1, "USD", None) == 5 and price(id=2) == 5 and price(3, note="x") == 5
    assert kck.get("price", 1, default=2) == 6
    assert seen.calls == [
        ("price", (1, "USD", None)),
        ("price", (2, "EUR", None)),
        ("price", (3, "EUR", "x")),
        (("price", 1), {"default": 2}),
    ]


@pytest.mark.parametrize(
    "call", [lambda: price(), lambda: price(1, 2, 3, 4), lambda: price(1, id=2), lambda: price(1, a=2)]
)
def test_a_call_that_does_not_fit_is_a_type_error(seen, call):
    with pytest.raises(TypeError):
        call()
    assert seen.calls == []


def middle(a, b=2, c=3):
    """A key that has not all of them."""


def hinted(a, hints=(), b=5):
    """Hints are no parameter."""


def only_by_name(a: int, *, b: int = 7):
    """An argument that is given by name alone."""


def by_name_alone(first, /, **more):
    """Names that it does not have."""


def any_number(first, *rest):
    """Names that it does not have, by their places."""


def limited(limit: int | None = 10):
    """A default in place of None, which NULL is."""


def nullable(a: int | None, b: int):
    """No default, and None allowed."""


BOUND = [
    (limited, None, (), {}, (10,)),
    (limited, None, (None,), {}, (None,)),
    (nullable, None, (), {"b": 1}, (None, 1)),
    (middle, ["c", "a"], (1,), {}, (3, 1)),
    (middle, ["c", "a"], (), {"a": 1, "c": 5}, (5, 1)),
    (middle, ["b", "a", "c"], (1, 4, 5), {}, (4, 1, 5)),
    (middle, ["b", "a", "c"], (1,), {"b": 4}, (4, 1, 3)),
    (hinted, None, (1, 2), {}, (1, 2)),
    (hinted, ["b", "a"], (1,), {}, (5, 1)),
    (only_by_name, None, (1,), {"b": 2}, (1, 2)),
    (only_by_name, ["b", "a"], (1,), {}, (7, 1)),
    (by_name_alone, ["x", "first"], (1,), {"x": 2}, (2, 1)),
    (by_name_alone, [{"name": "x", "nullable": True}, "first"], (1,), {}, (None, 1)),
    (any_number, ["first", "x", "y"], (1, 2), {"y": 3}, (1, 2, 3)),
]


@pytest.mark.parametrize(("function", "keys", "args", "kwargs", "values"), BOUND)
def test_a_call_binds_as_the_function_does(function, keys, args, kwargs, values):
    assert kck.product(parameters=keys)(function).values(*args, **kwargs) == values


NOT_BOUND = [
    (middle, ["c", "a"], (1, 2), {}),  # b, which the key has not
    (middle, ["c", "a"], (), {"c": 1}),
    (hinted, None, (1,), {"hints": []}),
    (only_by_name, None, (1, 2), {}),
    (by_name_alone, ["x", "first"], (), {"x": 2, "first": 1}),
    (by_name_alone, ["x", "first"], (1,), {}),
    (any_number, ["first", "x"], (1, 2, 3), {}),
]


@pytest.mark.parametrize(("function", "keys", "args", "kwargs"), NOT_BOUND)
def test_what_the_function_would_not_take_is_a_type_error(function, keys, args, kwargs):
    with pytest.raises(TypeError):
        kck.product(parameters=keys)(function).values(*args, **kwargs)


def test_a_call_of_many_binds_as_the_key_does():
    made = kck.product(many=True, parameters=["a", {"name": "b", "nullable": True}])(limited)
    assert made.values(1, 2) == made.values(b=2, a=1) == (1, 2)
    assert made.values(1) == (1, None)


def test_a_definition_with_a_fault_is_raised_where_it_stands():
    with pytest.raises(kck.KCKDefinitionError, match="list") as caught:

        @kck.product
        def f(ids: list):
            pass

    assert "int, float, str" in caught.value.cure


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (5, 5),
        (0.5, 0.5),
        ("500ms", 0.5),
        ("2s", 2),
        ("5m", 300),
        ("1.5h", 5400),
        ("1d", 86400),
        ("7", 7),
        (timedelta(minutes=1), 60),
        (timedelta(milliseconds=10), 0.01),
    ],
)
def test_durations(said, number):
    assert seconds(said, "every") == number


@pytest.mark.parametrize(
    "said", [0, -1, True, "", "5 m", "m", "-5m", "1w", float("nan"), float("inf"), [], timedelta(0)]
)
def test_what_is_no_duration(said):
    with pytest.raises(kck.KCKDefinitionError, match="every: "):
        seconds(said, "every")


TYPED = """
import kck
@kck.product(every="5m", expire=3600)
def price(id: int) -> float: return 1.5
@kck.product
async def name(id: int) -> str: return ""
@kck.product(many=True, keys=["id"])
def lots(ids: list[str]) -> list[str]: return ids
class P(kck.Primer):
    name = "p"
    def compute(self, id: int) -> int: return id
reveal_type(price(1))
reveal_type(price.function(1))
async def use() -> None:
    reveal_type(await name(1))
price("a")
"""


def test_type_checkers_see_the_functions_types(tmp_path):
    (tmp_path / "use.py").write_text(TYPED)
    command = [ROOT / "build/python/bin/mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path / "use.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={"MYPYPATH": str(ROOT / "python")})
    said = [line.partition("use.py:")[2] for line in done.stdout.splitlines() if "use.py:" in line]
    assert [line.partition(":")[0] for line in said] == ["12", "13", "15", "16"], done.stdout
    assert "float" in said[0] and "float" in said[1] and "str" in said[2]
    assert "error" in said[3] and 'expected "int"' in said[3]
