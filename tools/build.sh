#!/bin/bash
# build.sh PRESET [TARGET…]: configures build/PRESET where that is needed, then builds (everything, unless told).
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
if ! configured=$(cmake --preset "$preset" 2>&1); then
  printf '%s\n' "$configured" >&2
  exit 1
fi
cmake --build "build/$preset" --target "${@:-all}"
