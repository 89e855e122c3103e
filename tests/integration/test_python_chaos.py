"""Python workers that are killed at random; tests/nightly/python_chaos does it for a minute."""

from support import python_chaos


def test_workers_that_are_killed_cost_no_wrong_answer_and_no_refresh(make_node, tmp_path):
    node = make_node(python_chaos.files(tmp_path)).start()
    chaos = python_chaos.Chaos(node, tmp_path / "counters.db", 1)
    chaos.run(lambda: chaos.kills >= 6 and chaos.writes >= 100 and chaos.reads >= 500)
    chaos.settle()
