#!/bin/bash
# lint.sh [--format]: fails on a source that clang-format would change or clang-tidy finds fault with, on an include that
# points up, and on what ruff or mypy find fault with in python. With --format it formats the C++ instead. Reads the
# compile commands of build/dev, which must be built: the tidy check needs its precompiled headers.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(find src apps bench fuzz tests -name '*.cc' -o -name '*.h' | sort)

if [[ ${1:-} == --format ]]; then
  clang-format-19 -i "${sources[@]}"
  exit 0
fi

clang-format-19 --dry-run -Werror "${sources[@]}"
printf 'clang-format: %d files\n' "${#sources[@]}"

tools/include_graph.py

build/python/bin/ruff check --quiet --no-cache python
(cd python && ../build/python/bin/mypy --cache-dir ../build/mypy)

# Without the fuzz targets, which build/dev does not have.
mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep '\.cc$' | grep -v -e '_test\.cc$' -e '^fuzz/')
printf 'clang-tidy: %d files\n' "${#units[@]}"
# A file that passes prints nothing but clang's count of warnings in system headers, which is left out.
printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/dev 2> \
  >(grep -v -e 'warnings\? generated\.$' -e '^Suppressed' >&2)
