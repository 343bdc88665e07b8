#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an outsider does, from outside: another repository, the command line, aquery. Not a Bazel test, since it runs Bazel.
set -euo pipefail
project=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
bazelw=$project/bazelw
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
passed=0
failed=0

# expect NAME EXPECTED FOUND
expect() {
  if [[ $2 == "$3" ]]; then
    echo "ok   $1"
    passed=$((passed + 1))
  else
    printf 'FAIL %s\n%s\n' "$1" "$(diff -u --label expected --label found <(echo "$2") <(echo "$3"))"
    failed=$((failed + 1))
  fi
}

# Bazel's own talk goes to a log, shown if the command fails.
quietly() { "$@" 2>"$scratch/log" || { tail -n 30 "$scratch/log" >&2 && return 1; }; }

cd "$project/tests/e2e/consumer"
expect "consumer: //app on the host" \
  "2 4 6 8 peak 8" \
  "$(quietly "$bazelw" run //app || true)"
quietly "$bazelw" build --platforms=@jax_embedded//platforms:cortex_m7 //app:smoothing || true
expect "consumer: the object is for the core" \
  '"cpu": "cortex-m7",' \
  "$(sed -n 's/^ *\("cpu".*\)/\1/p' bazel-bin/app/smoothing.json)"
expect "consumer: a second jax is an error that names both" \
  "consumer_pip _main/app/other" \
  "$("$bazelw" build //app:two_jax 2>&1 | sed -nE 's#^ +jax .* in .*(consumer_pip|_main/app/other).*#\1#p' | xargs)"
[[ -z ${CI:-} ]] || "$bazelw" shutdown || true

cd "$project"
actions() { quietly "$bazelw" aquery --output=summary "mnemonic('$1', deps(//tests/cores:examples))" | sed -n 's/^\([0-9]*\) total actions*\.*$/\1/p'; }
expect "one JaxCapture for each of 4 functions, on all cores" 4 "$(actions JaxCapture)"
expect "one JaxCodegen for each function and core" 24 "$(actions JaxCodegen)"

mkdir "$scratch/here"
cp examples/quadratic/quadratic.py "$scratch/here/f.py"
cd "$scratch/here"
cat >MODULE.bazel <<TEXT
module(name = "elsewhere")
bazel_dep(name = "jax_embedded")
local_path_override(module_name = "jax_embedded", path = "$project")
TEXT
touch BUILD.bazel
quietly "$bazelw" run @jax_embedded//py/jax_embedded -- export --src f.py --fn roots --input 'a=f32[]' --input 'b=f32[]' \
  --input 'c=f32[]' --target cortex-m4f --out out >/dev/null || true
expect "command line: from another folder" "roots.h roots.json roots.ll roots.o roots.program.txt roots.s" "$(cd out && echo *)"
[[ -z ${CI:-} ]] || "$bazelw" shutdown || true

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
