#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# update.sh CHECKED-IN=GENERATED...: takes generated text over into the workspace that `bazel run` was called from.
set -euo pipefail
for pair; do
  golden=$BUILD_WORKSPACE_DIRECTORY/${pair%%=*} found=${pair#*=}
  if cmp -s -- "$found" "$golden"; then
    echo "same     ${pair%%=*}"
  else
    install -m 644 -- "$found" "$golden"
    echo "updated  ${pair%%=*}"
  fi
done
