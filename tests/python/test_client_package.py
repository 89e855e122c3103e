"""The wheel, installed in an empty environment, and the quick start of docs/python.md with it; types and linting."""

import pathlib
import re
import subprocess

from support.node import Node, run_kck

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/python/bin"  # tools/setup.sh makes it


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=100, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_quick_start_runs_with_the_wheel_alone(kck_binary, tmp_path, request):
    wheels, environment = tmp_path / "wheels", tmp_path / "environment"
    run(TOOLS / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels,
        ROOT / "python")
    (wheel,) = wheels.glob("kck-*-py3-none-any.whl")
    run("/usr/bin/python3", "-m", "venv", environment)
    run(environment / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", wheel)
    assert (environment / "lib").glob("python*/site-packages/kck/py.typed")

    folder = tmp_path / "hello"
    assert run_kck(kck_binary, "init", folder).returncode == 0
    node = Node(kck_binary, folder, {})
    request.node.kck_nodes = [node]
    try:
        node.start()
        text = (ROOT / "docs/python.md").read_text()
        programs = re.findall(r"```python\n(.*?)```", text.split("## Quick start")[1].split("\n## ")[0], re.S)
        assert len(programs) == 2
        said = [run(environment / "bin/python", "-c", program.replace("http://127.0.0.1:8001", node.url), cwd=tmp_path)
                for program in programs]
    finally:
        node.destroy()
    lines = said[0].splitlines()
    assert "World" in lines[0] and lines[1] == "fresh" and "'text': 'hello'" in lines[2] and lines[3] == "None"
    assert "Ann" in said[1] and "Bob" in said[1]


PROGRAM = """import kck
client = kck.Client("http://h")
reveal_type(client.entry("k").version)
reveal_type(client.refresh("k", wait=True))
"""


def test_users_see_the_types(tmp_path):
    (tmp_path / "use.py").write_text(PROGRAM)
    said = run(TOOLS / "mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path / "use.py",
               env={"MYPYPATH": str(ROOT / "python")})
    assert 'note: Revealed type is "builtins.str"' in said or 'note: Revealed type is "str"' in said
    assert "kck._calls.Entry" in said
