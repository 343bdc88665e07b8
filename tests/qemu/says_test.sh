#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# says_test.sh LOG PATTERN...: whether each extended regular expression is in the log.
set -euo pipefail
log=$1
shift
for pattern; do
  grep -qE -- "$pattern" "$log" || {
    printf 'expected: %s\nfound:\n%s\n' "$pattern" "$(<"$log")"
    exit 1
  }
done
