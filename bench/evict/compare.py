"""The hot tier's ratio of hits beside Caffeine's, on the same traces."""

import pathlib
import shutil
import statistics
import subprocess
import tempfile

from common import ROOT, Failed, find_program, progress
from report import Report

HERE = pathlib.Path(__file__).resolve().parent
SIZES = ("equal", "lognormal")
ABOUT = """Share of requests that find their key, beside Caffeine 3.1.8 on the same traces: mean of {seeds} seeds of each
kind. Both weigh an entry by the bytes of key and value. KCK is the hot tier that serves, stripes and all."""
MEAN_MIN = 1.0   # KCK's hits over Caffeine's, mean of all kinds of traces
TRACE_MIN = 0.99  # of each kind


def output_of(command):
    """The lines that the command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failed(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.split()


def caffeine_command():
    """Fetches Caffeine, compiles its side; the command that replays."""
    for tool, package in (("mvn", "maven"), ("javac", "default-jdk-headless")):
        if shutil.which(tool) is None:
            raise Failed(f"{tool} is not installed: apt-get install {package}")
    folder = ROOT / "build/evict"
    library = folder / "lib/caffeine-3.1.8.jar"
    if not library.exists():
        output_of(["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies",
                   "-DincludeArtifactIds=caffeine", f"-DoutputDirectory={library.parent}"])
    output_of(["javac", "-nowarn", "-cp", library, "-d", folder, HERE / "CaffeineReplay.java"])
    return ["java", "-cp", f"{library}:{folder}", "CaffeineReplay"]


def compare_kind(kck, caffeine, shape, sizes, seeds):
    """One row: a kind of trace, replayed with each seed on both sides."""
    with tempfile.TemporaryDirectory(prefix="kck-bench-") as folder:
        jobs = []
        for seed in range(1, seeds + 1):
            file = pathlib.Path(folder) / str(seed)
            jobs += [file, output_of([kck, "write", shape, sizes, str(seed), file])[0]]
        ours = [float(ratio) for ratio in output_of([kck, "run", *jobs])]
        theirs = [float(ratio) for ratio in output_of([*caffeine, *jobs])]
    return {"trace": shape, "sizes": sizes, "cache_bytes": int(jobs[1]),
            "caffeine": statistics.mean(theirs), "kck": statistics.mean(ours),
            "ratio": statistics.mean(ours) / statistics.mean(theirs),
            "seeds": [{"caffeine": their, "kck": our} for their, our in zip(theirs, ours)]}


def run(options):
    kck = find_program(options, "bench/evict_replay")
    caffeine = caffeine_command()
    found = []
    for shape in output_of([kck, "shapes"]):
        for sizes in SIZES:
            progress(f"{shape}, {sizes} sizes")
            found.append(compare_kind(kck, caffeine, shape, sizes, options.seeds))
    mean = statistics.mean(row["ratio"] for row in found)
    worst = min(row["ratio"] for row in found)
    rows = [[row["trace"], row["sizes"], f"{row['cache_bytes']:,}", f"{row['caffeine']:.2%}", f"{row['kck']:.2%}",
             f"{row['ratio']:.3f}×"] for row in found]
    rows.append(["mean", "", "", "", "", f"{mean:.3f}×"])
    missed = mean < MEAN_MIN or worst < TRACE_MIN
    notes = [f"MISSED: the mean must be at least {MEAN_MIN}×, each trace {TRACE_MIN}×"] if missed else []
    return Report("evict", "Eviction", ABOUT.format(seeds=options.seeds),
                  ["trace", "sizes", "cache bytes", "Caffeine", "KCK", "of Caffeine"], rows, found, notes,
                  passed=not missed)


def add_options(parser):
    parser.add_argument("--seeds", type=int, default=5, help="traces of each kind")
