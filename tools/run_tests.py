#!/usr/bin/python3
"""Runs all tests over build/dev: every gtest program, the include graph, then pytest over tests/.

Prints one line a program and, of a program that failed, all that it said but the cases that passed. A program that crashes, hangs or runs no test
counts as a failed test. The last line is `N passed, N failed`; the exit status is 1 unless all passed.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "dev"
RESULTS = BUILD / "test-results"
PROGRAM_SECONDS_MAX = 600
PYTEST_SECONDS_MAX = 1800
AT_ONCE = 2


@dataclass
class Outcome:
    name: str
    passed: int
    failed: int
    seconds: float
    output: str = ""


def run(command: list, seconds_max: int, log: pathlib.Path | None = None) -> str | None:
    """How the command failed: None if it exited 0. What it says goes to the file `log`, or to the terminal."""
    # A file, not a pipe: a server that a crashed test left behind would hold a pipe open for ever.
    output = log.open("wb") if log else None
    try:
        status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT if log else None, timeout=seconds_max).returncode
    except subprocess.TimeoutExpired:
        return f"still ran after {seconds_max} s"
    finally:
        if output:
            output.close()
    if status < 0:
        return f"ended by signal {-status}"
    return f"exit status {status}" if status else None


def count(report: pathlib.Path) -> tuple[int, int]:
    """Passed and failed cases of a JUnit report; skipped cases are neither."""
    passed = failed = 0
    for case in xml.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None and case.get("result", "completed") == "completed":
            passed += 1
    return passed, failed


def run_suite(name: str, command: list, seconds_max: int, log: pathlib.Path | None = None) -> Outcome:
    """Runs a command that writes a JUnit report to RESULTS/NAME.xml."""
    start = time.monotonic()
    failure = run(command, seconds_max, log)
    try:
        passed, failed = count(RESULTS / f"{name}.xml")
    except (OSError, xml.ParseError):
        passed = failed = 0
    said = log.read_text(encoding="utf-8", errors="replace") if log else ""
    # A crash before the report was written, a failure outside of any case, or nothing run: one failure that no case
    # of the report stands for.
    if failed == 0 and (failure or passed == 0):
        failed = 1
        said += f"\n{name}: {failure or 'ran no test'}\n"
    return Outcome(name, passed, failed, time.monotonic() - start, said)


def run_gtest(program: pathlib.Path) -> Outcome:
    name = program.name
    command = [program, f"--gtest_output=xml:{RESULTS / name}.xml"]
    return run_suite(name, command, PROGRAM_SECONDS_MAX, RESULTS / f"{name}.log")


def run_include_graph() -> Outcome:
    start = time.monotonic()
    log = RESULTS / "include_graph.log"
    failed = int(run([ROOT / "tools" / "include_graph.py"], PROGRAM_SECONDS_MAX, log) is not None)
    return Outcome("include graph", 1 - failed, failed, time.monotonic() - start, log.read_text(encoding="utf-8"))


def run_pytest() -> Outcome:  # on the terminal: it shows its own progress and failures
    report = RESULTS / "pytest.xml"
    return run_suite("pytest", ["/usr/bin/python3", "-m", "pytest", "tests", f"--junitxml={report}"], PYTEST_SECONDS_MAX)


def show(outcome: Outcome):
    state = f"{outcome.failed} FAILED" if outcome.failed else "ok"
    print(f"{outcome.name:<20} {outcome.passed:>5} passed in {outcome.seconds:>6.1f} s  {state}", flush=True)
    if outcome.failed and outcome.output:
        said = re.sub(r"\[ RUN      \] .*\n\[       OK \] .*\n", "", outcome.output)
        print("\n".join(f"  | {line}" for line in said.strip().splitlines()), flush=True)


def main() -> int:
    programs = sorted((BUILD / "tests").glob("kck_*_test"))
    if not programs:
        print("There are no test programs in build/dev/tests: run `make test`, which builds them.", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_gtest, program) for program in programs]):
            outcomes.append(done.result())
            show(outcomes[-1])
    for suite in (run_include_graph, run_pytest):
        outcomes.append(suite())
        show(outcomes[-1])
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
