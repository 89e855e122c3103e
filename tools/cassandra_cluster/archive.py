"""A class-data archive: Java's classes as they are in memory, which a node maps instead. A start takes half the CPU."""

import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

from cassandra_cluster import ports, processes, runtime
from cassandra_cluster.node import Node
from cassandra_cluster.settings import Settings, even_tokens

# Java makes no archive beside an agent unless told that this is meant for diagnosis.
ALLOW = ["-XX:+UnlockDiagnosticVMOptions", "-XX:+AllowArchivingWithJavaAgent"]


def options():
    """Options of Java to start with the archive, which is made where it is absent."""
    path = archive_path()
    with runtime.locked("archive"):
        if not path.exists():
            make(path)
    return [*ALLOW, "-Xshare:auto", f"-XX:SharedArchiveFile={path}"]


def archive_path():
    """It fits one Java and one list of jars, in their places."""
    java = pathlib.Path(runtime.java()).resolve()
    made_of = [java, *runtime.jars()]
    text = "".join(f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}\n" for path in made_of)
    return runtime.HOME / f"classes-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jsa"


def make(path):
    """By a node that starts, and writes the archive when it stops."""
    print(f"Making the class-data archive {path}, once", file=sys.stderr)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kck-cassandra-"))
    port, held = ports.claim_free()
    settings = Settings(port, {1: even_tokens(1, 1)}, owner=processes.identify(os.getpid()))
    node = Node(folder, settings, 1)
    written = path.with_suffix(".new")
    try:
        node.launch(held, archive_options=[*ALLOW, f"-XX:ArchiveClassesAtExit={written}"])
        node.wait_until_up()
        node.stop()
        written.replace(path)
    finally:
        held.close()
        node.forget()
        shutil.rmtree(folder, ignore_errors=True)
