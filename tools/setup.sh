#!/bin/bash
# Installs the packages of tools/packages.txt that this machine lacks, a Rust compiler where none is new enough, and what
# tests need of PyPI in build/python. Says nothing and changes nothing when none is missing, so every make target may call
# it first.
set -euo pipefail

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# Its copy of the list tells what it holds, and is written last.
python_packages() {
  local list=tools/requirements.txt folder=build/python
  cd "$(dirname "$0")/.."
  cmp -s "$list" "$folder/requirements.txt" && return
  printf 'Installing what tests need of PyPI in %s\n' "$folder"
  rm -rf "$folder"
  mkdir -p build
  /usr/bin/python3 -m venv "$folder"
  "$folder/bin/python" -m pip --quiet --disable-pip-version-check install --requirement "$list" ||
    fail "pip could not install $list (its words are above): check the network, then try again"
  cp "$list" "$folder/requirements.txt"
}

# Whether cargo, from PATH or from where rustup puts it, and its compiler are there and new enough for src/store/cql.
rust_is_here() {
  local wanted=1.88 found
  found=$(PATH=$PATH:$HOME/.cargo/bin; cargo --version >/dev/null 2>&1 && rustc --version 2>/dev/null) || return 1
  found=${found#rustc }
  [[ $(printf '%s\n' "$wanted" "${found%% *}" | sort -V | head -n 1) == "$wanted" ]]
}

# Debian 12 as it first came has 1.85 in those packages; its security updates brought later ones.
expect_rust() {
  rust_is_here ||
    fail "Rust is older than src/store/cql needs, 1.88: name bookworm-security in apt's sources, then run, as root," \
      "apt-get update && apt-get install rustc-web cargo-web; or install rustup"
}

command -v apt-get >/dev/null || fail "apt-get is not here: install what tools/packages.txt lists in your system's way"

mapfile -t wanted < <(grep -v -e '^#' -e '^$' "$(dirname "$0")/packages.txt")
# Debian 12 has an older Rust under the usual names.
rust_is_here || wanted+=(rustc-web cargo-web)
mapfile -t present < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
  sed -n 's/^installed //p')
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(printf '%s\n' "${present[@]}" | sort))
if [[ ${#missing[@]} -eq 0 ]]; then
  expect_rust
  python_packages
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  command -v sudo >/dev/null ||
    fail "these packages are missing; as root, run: apt-get install ${missing[*]}"
  as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    fail "apt-get $1 failed (its last lines are above). KCK needs Debian 12 and its package mirror"
  }
}

printf 'Installing %d packages: %s\n' "${#missing[@]}" "${missing[*]}"
apt update
apt install --no-install-recommends "${missing[@]}"
expect_rust
printf 'Installed.\n'
python_packages
