"""Values of numpy, pandas and pydantic, which need not be there: build/python has them."""

import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW1 = '{"id":1,"price":1.5,"at":"2013-01-31T05:00:00.25","name":"pen","count":3,"sum":1.50,"kind":"a"}'
ROW2 = '{"id":2,"price":null,"at":null,"name":null,"count":null,"sum":null,"kind":"b"}'
VALUES = {
    "scalars": '[7,0.5,0.1,true,"a",0.5]',
    "nan": '"NaN"',
    "array": "[[1,2],[3,4]]",
    "empty array": "[]",
    "array of floats": '[1.5,"NaN","Infinity"]',
    "array of objects": "[1.50,null]",
    "days": '["2013-01-31",null]',
    "moments": '["2013-01-31T05:00:00.25"]',
    "moment": '"2013-01-31T05:00:00.25"',
    "interval": '"PT1M30S"',
    "keys": '{"7":1}',
    "index of pairs": '[[1,"a"],[2,"b"]]',
    "frame": f"[{ROW1},{ROW2}]",
    "empty frame": "[]",
    "series": "[1,2]",
    "index": "[1,2]",
    "timestamp": '"2013-01-31T04:00:00+00:00"',
    "missing": '[null,null,"P1D"]',
    "model": '{"price":1.50,"tags":["a","b"],"parent":{"price":2,"tags":[],"parent":null}}',
    "root model": '["a"]',
    "within": '{"rows":[{"price":1,"tags":[],"parent":null},[{"id":1},{"id":2}]]}',
}
FAULTS = {
    "complex array": 'value["a"][0]: a complex',
    "years": "value[0]: an interval of months or years",
    "columns": "value[\"frame\"]: two columns of the name 'a'",
    "columns as text": "value[\"frame\"]: two columns of the name '1'",
    "late day": "value[0]: a date that Python's do not reach",
    "late moments": 'value["at"]: a date that Python\'s do not reach',
    "period": "value[0]: a pandas.",
    "model": 'value["item"].what[0]: a builtin_function_or_method',
    "cell": 'value[1]["a"]: a object',
}


@pytest.fixture(scope="module")
def said():
    command = [ROOT / "build/python/bin/python", ROOT / "tests/python/values_of_libraries.py", ROOT / "python"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", VALUES)
def test_their_values_are_plain(said, name):
    assert said["values"][name] == VALUES[name]


@pytest.mark.parametrize("name", FAULTS)
def test_their_faults_name_the_place(said, name):
    assert said["faults"][name].startswith(FAULTS[name])


def test_every_case_is_looked_at(said):
    assert said["values"].keys() == VALUES.keys() and said["faults"].keys() == FAULTS.keys()
