#!/bin/bash
# Installs the packages of tools/packages.txt that this machine lacks. Says nothing and changes nothing when none is
# missing, so every make target may call it first.
set -euo pipefail

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "apt-get is not here: install what tools/packages.txt lists in your system's way"

mapfile -t wanted < <(grep -v -e '^#' -e '^$' "$(dirname "$0")/packages.txt")
mapfile -t present < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
  sed -n 's/^installed //p')
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(printf '%s\n' "${present[@]}" | sort))
[[ ${#missing[@]} -gt 0 ]] || exit 0

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
printf 'Installed.\n'
