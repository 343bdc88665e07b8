# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every script here agrees on: where the private root of this recipe is, and how messages look. Sourced.

debian=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)

say() { printf 'bazelw: %s\n' "$*" >&2; }

# fail WHAT FIX
fail() {
  printf 'ERROR(jax_embedded): %s\n  Fix: %s\n' "$1" "$2" >&2
  exit 2
}

if [[ -z ${HOME:-} ]]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
  export HOME
fi

# Debian stable's Bazel is too old for modules, so the suite is one that has Bazel 7.
suite=${JAX_EMBEDDED_SUITE:-forky}
cache=$(realpath -m -- "${JAX_EMBEDDED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/jax_embedded}")
recipe=$(cat -- "$debian/fill_root.sh" "$debian/packages.txt" "$debian/dpkg-slim.cfg" | sha256sum | cut -c1-12)

# One folder per recipe: the root, and Bazel's outputs beside it, because what the root's compilers made is
# worth nothing under another root. `complete` appears last; its shared lock says that the root is in use.
# shellcheck disable=SC2034 # used by the scripts that source this one
world=$cache/debian-$suite-$recipe
