"""The small examples, as a person runs them. `make demo CHECK=1` runs that of the flights."""

import pathlib
import subprocess

import pytest

from support.python import PYTHON

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Has pandas; what Debian has (psycopg, msgpack) is put to it.
WITH_PANDAS = ROOT / "build/python/bin/python"


@pytest.fixture
def pandas_python(tmp_path):
    """An interpreter that has pandas, psycopg and msgpack."""
    site = subprocess.run([WITH_PANDAS, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                          capture_output=True, text=True).stdout.strip()
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--system-site-packages", tmp_path / "venv"], check=True)
    (found,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    (found / "pandas.pth").write_text(f"{site}\n")
    return tmp_path / "venv/bin/python"


def run(kck_binary, name, *options):
    done = subprocess.run([PYTHON, ROOT / "examples" / name / "demo.py", "--kck", kck_binary, *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Every answer is right.\n"), done.stdout


def test_a_product_over_a_rest_service(kck_binary):
    run(kck_binary, "rest_source")


def test_a_report_by_pandas(kck_binary, pandas_python):
    run(kck_binary, "report", "--python", pandas_python)
