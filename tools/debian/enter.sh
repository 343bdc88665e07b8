#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# enter.sh [--if-built] COMMAND [ARGUMENT...]: runs a command in the private root, which is built first if need be.
# The mounts are in a namespace of this process's own: nothing is ever mounted on the host.
set -euo pipefail
# shellcheck source=tools/debian/root.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/root.sh"

if [[ ${1:-} == --if-built ]]; then
  shift
  [[ -e $world/complete ]] || {
    say "$*: nothing to do, there is no private root"
    exit 0
  }
fi

namespace=(unshare --mount --propagation private)
[[ $(id -u) == 0 ]] || namespace+=(--user --map-root-user)
"${namespace[@]}" true 2>/dev/null ||
  fail "the private root: expected the right to make a mount namespace, found none." \
    "run as root, in a container with CAP_SYS_ADMIN (docker run --privileged); or install bazelisk."

# The lock (8) is inherited by all that runs in the root, a Bazel server too, and keeps the root from being removed.
hold() {
  exec 8<"$world/complete" && flock --shared 8
} 2>/dev/null
build() {
  setpriv --pdeathsig KILL "$debian/build_root.sh"
}
[[ -e $world/complete ]] || build
if ! hold || [[ ! -e $world/complete ]]; then # removed between the look and the lock
  build
  hold
fi

# Of the host, the root shows every top-level folder that is not a system's, and below those the folders we work in.
workspace=$PWD
while [[ $workspace != / && ! -e $workspace/MODULE.bazel ]]; do workspace=$(dirname -- "$workspace"); done
[[ $workspace != / ]] || workspace=$PWD
project=$(dirname -- "$(dirname -- "$debian")")
shown=()
for d in /*; do
  case $d in
    /bin | /boot | /dev | /etc | /lib* | /lost+found | /proc | /run | /sbin | /sys | /usr | /var) ;;
    *) shown+=("$d") ;;
  esac
done
for d in "$HOME" "${TMPDIR:-/tmp}" "$workspace" "$project" "$cache"; do
  case $d/ in
    /boot/* | /etc/* | /run/* | /usr/* | /var/*) shown+=("$d") ;;
    *) ;;
  esac
done

bazelrc=$(<"$debian/bazelrc")
bazelrc=${bazelrc//@stand_ins@/"$debian/stand_ins"}
bazelrc+=$'\n'"startup --output_user_root=$world/bazel-$(id -un)"
# A running server keeps the namespace it was started in; a changed start-up option makes Bazel start a new one.
bazelrc+=$'\n'"startup --host_jvm_args=-Djax_embedded.shown=$(printf '%s\n' "${shown[@]}" | sha256sum | cut -c1-12)"
# The sandbox has a /tmp of its own, which hides modules that a local_path_override takes from there.
[[ $project != /tmp/* ]] || bazelrc+=$'\n'"common --sandbox_add_mount_pair=$project"

# What would lead the root's programs to the host's.
unset -v "${!JAVA_@}" _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH "${!LD_@}" "${!PYTHON@}" BASH_ENV ENV \
  CC CXX CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH "${!LC_@}" LANGUAGE
export PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 JAX_EMBEDDED_CACHE="$cache"

exec "${namespace[@]}" bash "$debian/namespace.sh" "$world/root" "$bazelrc" "${#shown[@]}" "${shown[@]}" "$@"
