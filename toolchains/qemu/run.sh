#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh QEMU MACHINE SECONDS PROGRAM [ARGUMENT...]: runs a bare-metal program that talks by semihosting, and exits as
# it does; 124 if it is still running after SECONDS.
set -euo pipefail
qemu=$1 machine=$2 seconds=$3 program=$4
shift 4

# The command line that the program reads: words, a backslash before all that is not plain, and
# "" for an empty one. qemu wants commas twice.
semihosting=enable=on,target=native
for word in "$(basename -- "$program")" "$@"; do
  quoted=$(LC_ALL=C sed 's/[^A-Za-z0-9_.,:=+/%@-]/\\&/g' <<<"$word")
  [[ -n $quoted ]] || quoted='""'
  semihosting+=,arg=${quoted//,/,,}
done

# KILL, so that qemu adds nothing to the output.
status=0
SECONDS=0
timeout --foreground --signal=KILL "$seconds" "$qemu" -M "$machine" -display none -monitor none -serial none \
  -semihosting-config "$semihosting" -kernel "$program" || status=$?
if [[ $status == 137 && $SECONDS -ge $seconds ]]; then
  echo "ERROR(jax_embedded): $(basename -- "$program") on $machine: expected it to end within $seconds s, found it running." >&2
  echo "  Fix: mend the loop that does not end, or raise time_limit_seconds." >&2
  exit 124
fi
exit "$status"
