"""What a node is made of: Java 17 of this machine, and Cassandra's jars from Maven Central, fetched once."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

from cassandra_cluster import ClusterError

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "build/cassandra"
POM = pathlib.Path(__file__).with_name("pom.xml")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
JAVA_PACKAGE = "apt-get install openjdk-17-jre-headless, or name its folder in JAVA_HOME"


@contextlib.contextmanager
def locked(what):
    """One process at a time makes what all share: the jars, the archive."""
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / f"{what}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def java():
    """The path of Java 17. Cassandra 5.0 starts with no newer one, and its options here are those of 17."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin" if home else None)
    if path is None:
        raise ClusterError(f"there is no java in {home + '/bin' if home else 'PATH'}: {JAVA_PACKAGE}")
    said = subprocess.run([path, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or version[1] != "17":
        raise ClusterError(f"{path} is Java {version[1] if version else 'of no known version'}, "
                           f"and Cassandra 5.0 is run with Java 17: {JAVA_PACKAGE}")
    return path


def jars(folder=HOME / "lib"):
    """The jars in `folder`, fetched where they are absent. The folder's pom.xml tells what it holds, and is written last."""
    held = folder / "pom.xml"
    with locked("jars"):
        if not held.exists() or held.read_bytes() != POM.read_bytes():
            fetch(folder)
            shutil.copy(POM, held)
    return sorted(folder.glob("*.jar"))


def fetch(folder):
    if shutil.which("mvn") is None:
        raise ClusterError(f"{folder} holds no jars of Cassandra, and there is no mvn to fetch them: "
                           "apt-get install maven")
    print(f"Fetching Cassandra into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(["mvn", "-q", "-B", "-Dstyle.color=never", "-f", POM, COPY, "-DincludeScope=runtime",
                           f"-DoutputDirectory={folder}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise ClusterError(f"mvn could not fetch Cassandra; check the network, then try again:\n{done.stdout[-3000:]}")
