#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fill_root.sh FOLDER: makes FOLDER the private root. Run by build_root.sh in a namespace of its own, with the progress
# on descriptor 3 and all else in a log. This file, packages.txt and dpkg-slim.cfg are the recipe.
set -euo pipefail
# shellcheck source=tools/debian/root.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/root.sh"

bazel_major=7

step() { printf 'bazelw: [%3d s] %s\n' "$SECONDS" "$*" >&3; }

# The mirror from which this machine's own apt takes Debian.
find_mirror() {
  # shellcheck disable=SC2016 # apt's placeholders
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '/^Debian Debian main / && !found { print $4; found = 1 }'
}

install_debootstrap() {
  local install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 debootstrap)
  # A first try fails on a machine whose package lists are empty or old, or where a kill left dpkg half-way.
  "${install[@]}" || { dpkg --configure -a && apt-get update && "${install[@]}"; }
}

fill() {
  local r=$1 mirror f packages
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
  mirror=${JAX_EMBEDDED_MIRROR:-$(find_mirror)}
  if [[ -z $mirror ]]; then # apt tells its sources only once it has their lists
    step "apt-get update"
    apt-get update
    mirror=$(find_mirror)
  fi
  [[ -n $mirror ]] ||
    fail "the private root: expected a Debian mirror in this machine's apt sources, found none." \
      "name one in JAX_EMBEDDED_MIRROR, or install bazelisk." 2>&3
  if ! command -v debootstrap >/dev/null; then
    step "debootstrap: installing it"
    install_debootstrap
  fi
  step "debootstrap: base system ($suite)"
  mkdir -p "$r"
  # `sid` is the script of every newer suite, known to an old debootstrap or not.
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$r" "$mirror" /usr/share/debootstrap/scripts/sid

  cp "$debian/dpkg-slim.cfg" "$r/etc/dpkg/dpkg.cfg.d/slim"
  # A mirror may lag behind the date to which its Release file is valid.
  printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'Acquire::Languages "none";' \
    'APT::Install-Recommends "false";' >"$r/etc/apt/apt.conf.d/99local"
  printf '#!/bin/sh\nexit 101\n' >"$r/usr/sbin/policy-rc.d"
  chmod +x "$r/usr/sbin/policy-rc.d"
  mount -t proc proc "$r/proc"
  mount --rbind /dev "$r/dev"
  for f in resolv.conf hosts; do # bound over, now and when entered
    rm -f "$r/etc/$f"
    : >"$r/etc/$f"
    mount --bind "/etc/$f" "$r/etc/$f"
  done

  step "packages: Bazel, Python, Arm GCC, qemu"
  chroot "$r" apt-get update
  mapfile -t packages <"$debian/packages.txt"
  chroot "$r" apt-get install -y "${packages[@]}"

  step "finishing"
  chroot "$r" apt-get clean
  rm -rf "$r"/var/lib/apt/lists/*
  check_bazel "$r"
  # The mark of completeness must not reach the disk before what it vouches for.
  sync -f "$r"
}

check_bazel() {
  local found
  found=$(chroot "$1" /usr/bin/bazel --version) || found="an error"
  [[ $found == "bazel $bazel_major."* ]] && return
  fail "Debian $suite: bazel --version: expected bazel $bazel_major.*, found $found." \
    "name a suite with Bazel $bazel_major in JAX_EMBEDDED_SUITE, or install bazelisk." 2>&3
}

fill "$1"
