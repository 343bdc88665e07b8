#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the private root (see root.sh) if it is not there. Everything that works on it lives in a process and mount
# namespace that dies with this process: a build killed at any moment leaves no process, no mount and no usable half.
set -euo pipefail
# shellcheck source=tools/debian/root.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/root.sh"

[[ $(id -u) == 0 ]] ||
  fail "the private root: expected $world, found nothing, and only root can build it." \
    "build it once with: sudo env JAX_EMBEDDED_CACHE=$cache $(dirname "$(dirname "$debian")")/bazelw --version; or install bazelisk."

mkdir -p "$cache"
[[ -z ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$cache"
exec 9>"$cache/lock"
flock -n 9 || {
  say "waiting for another bazelw, which is building the private root"
  setpriv --pdeathsig KILL flock 9
}
[[ ! -e $world/complete ]] || exit 0

log=$cache/build.log
say "building a private Debian $suite for Bazel, once: about 2 GB in $world (log: $log)"
rm -rf --one-file-system -- "$cache"/*.partial
partial=$world.partial
mkdir "$partial"

# In the background, because bash runs a trap only between two foreground commands. The lock (9) is theirs too:
# nobody else starts before the last of them is gone.
trap 'kill -KILL "$builder" 2>/dev/null; exit 130' INT TERM HUP
setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
  "$debian/fill_root.sh" "$partial/root" 3>&2 >"$log" 2>&1 &
builder=$!
wait "$builder" || {
  status=$?
  rm -rf --one-file-system -- "$partial"
  [[ $status != 2 ]] || exit 2 # explained already
  tail -n 20 "$log" >&2
  fail "the private root: building it failed; the end of $log is above." \
    "see the log; if the mirror has no $suite, name another one in JAX_EMBEDDED_MIRROR, or install bazelisk."
}
trap - INT TERM HUP

# Each user of this machine may keep Bazel's outputs beside the root.
chmod 1777 "$partial"
: >"$partial/complete"
mv -- "$partial" "$world"

for old in "$cache"/debian-*; do
  [[ $old != "$world" && $old != *.partial ]] || continue
  # Whoever uses a root, a Bazel server too, has a shared lock on its mark.
  if flock --exclusive --nonblock "$old/complete" mv -- "$old" "$old.partial" 2>/dev/null; then
    say "removing $old, which another recipe made"
    # It can take a minute. Whatever a kill leaves of it goes with the next build.
    nice rm -rf --one-file-system -- "$old.partial" </dev/null &>/dev/null 9>&- &
  else
    say "keeping $old, which is in use"
  fi
done
say "[$(printf %3d "$SECONDS") s] done"
