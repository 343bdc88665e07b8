# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# namespace.sh ROOT BAZELRC N FOLDER... COMMAND...: the inner half of enter.sh, run in a mount namespace of its own.
# Builds the view in which COMMAND runs, N host folders among it, makes it the root and runs COMMAND there.
set -euo pipefail
root=$1 bazelrc=$2 n=$3
shift 3
shown=("${@:1:n}")
shift "$n"
cwd=$PWD

new=$root/mnt
mount -t tmpfs -o mode=755 none "$new"
mkdir -p "$new"/{usr,etc,proc,sys,dev,run,var/tmp}
chmod 1777 "$new/var/tmp"
for d in usr etc; do mount --rbind "$root/$d" "$new/$d"; done
for d in proc sys dev; do mount --rbind "/$d" "$new/$d"; done
for d in bin sbin lib lib64; do [[ ! -L $root/$d ]] || ln -s "usr/$d" "$new/$d"; done
# The network, the users and the certificates are the host's.
for f in resolv.conf hosts passwd group ssl/certs/ca-certificates.crt; do
  [[ ! -e /etc/$f || ! -e $new/etc/$f ]] || mount --bind "/etc/$f" "$new/etc/$f"
done
printf '%s\n' "$bazelrc" >"$new/run/bazelrc"
mount --bind "$new/run/bazelrc" "$new/etc/bazel/bazelrc"
for d in "${shown[@]}"; do
  if [[ -L $d ]]; then
    ln -s "$(readlink -- "$d")" "$new$d"
  elif [[ -d $d ]]; then
    mkdir -p "$new$d"
    mount --rbind "$d" "$new$d"
  fi
done
# Many processes share the root. A plain user cannot remount, and cannot write there anyway.
for d in usr etc; do mount -o remount,bind,ro "$new/$d" 2>/dev/null || true; done

cd "$new"
pivot_root . .
umount -l .
cd "$cwd"
exec "$@"
