"""The hot tier's ratio of hits beside Caffeine's, on the same traces."""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from common import ROOT, Failed, find_program

HERE = pathlib.Path(__file__).resolve().parent
SIZES = ("equal", "lognormal")
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


def print_table(rows, mean):
    print(f"{'trace':<10} {'sizes':<10} {'cache bytes':>12} {'Caffeine':>9} {'KCK':>8} {'KCK/Caffeine':>13}")
    for row in rows:
        print(f"{row['trace']:<10} {row['sizes']:<10} {row['cache_bytes']:>12,} {row['caffeine']:>9.2%} "
              f"{row['kck']:>8.2%} {row['ratio']:>12.3f}x")
    print(f"mean {mean:.3f}x, worst {min(row['ratio'] for row in rows):.3f}x")


def evict(options):
    """Exit status: 1 where the bar is missed."""
    kck = find_program(options.build, "bench/evict_replay")
    caffeine = caffeine_command()
    rows = []
    for shape in output_of([kck, "shapes"]):
        for sizes in SIZES:
            print(f"{shape}, {sizes} sizes", file=sys.stderr, flush=True)
            rows.append(compare_kind(kck, caffeine, shape, sizes, options.seeds))
    mean = statistics.mean(row["ratio"] for row in rows)
    passed = mean >= MEAN_MIN and all(row["ratio"] >= TRACE_MIN for row in rows)
    if options.json:
        print(json.dumps({"seeds": options.seeds, "mean": mean, "passed": passed, "rows": rows}, indent=1))
    else:
        print_table(rows, mean)
    if not passed:
        print(f"MISSED: the mean must be at least {MEAN_MIN}x, each trace {TRACE_MIN}x", file=sys.stderr)
    return 0 if passed else 1
