#!/usr/bin/env bash
# output_test.sh PROGRAM EXPECTED: runs the command lines of EXPECTED ("$ ARGUMENTS") and compares
# what they print, and " -> CODE" where the exit code is not 0, with the lines that follow each.
set -euo pipefail
program=$1 expected=$2

found=$(
  grep '^\$' "$expected" | while read -r _ arguments; do
    echo "\$${arguments:+ $arguments}"
    # shellcheck disable=SC2086 # the arguments are words
    "$program" $arguments </dev/null 2>&1 || echo " -> $?"
  done
)
diff -u "$expected" - <<<"$found"
