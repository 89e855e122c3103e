#!/usr/bin/python3
"""Prints which module includes which, and fails on an include that ORDER or OWNERS forbids.

A module is a folder of src/, or apps. It may include itself and those before it in ORDER; modules of one rank may not
include each other. `testing` may include all, and only tests and `testing` itself may include it. A library of OWNERS
is included by its owners alone, so that the rest of KCK cannot come to depend on it.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

ORDER = (("base",), ("model",), ("hot", "store", "source", "python"), ("primer", "auth"), ("engine",), ("refresh",), ("process",), ("http",), ("apps",))
RANK = {module: rank for rank, modules in enumerate(ORDER) for module in modules}

OWNERS = {
    r"libpq": {"source"},
    r"sqlite3\.h": {"source"},
    r"openssl/": {"base", "auth", "http"},
    r"argon2\.h": {"auth"},
    r"rocksdb/": {"store"},
    r"store/cql": {"store"},
    r"date/": {"model"},
    r"nlohmann/": {"python"},
    r"curl/": {"apps"},
    r"prometheus/": {"http"},
    r"brotli/|zlib\.h|zstd\.h": {"http"},
    r"jq\.h|jv\.h|json-glib/": {"primer"},
    r"pg_query\.h": {"primer", "source"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def fault(module: str, is_test: bool, target: str) -> str | None:
    """What is wrong with `module` including `target`, a path as written in the include."""
    if module == "testing" or is_test:
        return None
    folder = target.split("/")[0]
    if folder == "testing":
        return "only tests may include testing/"
    if folder in RANK and folder != module and RANK[folder] >= RANK[module]:
        return f"{module} may not include {folder}: it stands no lower in the order"
    for pattern, owners in OWNERS.items():
        if re.match(pattern, target) and module not in owners:
            return f"only {' and '.join(sorted(owners))} may include {target}"
    return None


def modules() -> list[pathlib.Path]:
    return sorted(path for path in (ROOT / "src").iterdir() if path.is_dir()) + [ROOT / "apps"]


def main() -> int:
    arrows, faults = collections.defaultdict(collections.Counter), []
    for folder in modules():
        if folder.name not in RANK and folder.name != "testing":
            faults.append(f"{folder.relative_to(ROOT)}: a module without a place: give it one in tools/include_graph.py")
            continue
        for path in sorted([*folder.glob("*.h"), *folder.glob("*.cc")]):
            is_test = path.name.endswith("_test.cc")
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if not (include := INCLUDE.match(line)):
                    continue
                target = include[1] or include[2]
                if what := fault(folder.name, is_test, target):
                    faults.append(f"{path.relative_to(ROOT)}:{number}: {what}")
                if "/" in target and target.split("/")[0] in RANK and not is_test:
                    arrows[folder.name][target.split("/")[0]] += 1
    for module in [m for rank in ORDER for m in rank] + ["testing"]:
        below = sorted((m for m in arrows[module] if m != module), key=lambda m: RANK[m])
        print(f"  {module:<8} -> {', '.join(f'{m} {arrows[module][m]}' for m in below) or 'nothing of KCK'}")
    print("\n".join(faults) if faults else "include graph: every arrow points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
