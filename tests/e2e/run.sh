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

# refusal ARGUMENT...: what a command that must fail says, without Bazel's own talk and the linker's.
refusal() {
  if "$bazelw" "$@" --noshow_progress --color=no --curses=no --show_result=0 --test_output=errors >"$scratch/said" 2>&1; then
    echo "(no error)"
  fi
  sed -E \
    -e '/^(ERROR|INFO|WARNING|FAIL): |^Use --|^Starting|^=+( Test output for .*)?$|^$/d' \
    -e '/^Traceback/,/^Error in fail: $/d' \
    -e '/^\/\/[^ ]+ +FAILED in |\/test\.log$|^Executed [0-9]+ out of /d' \
    -e 's/^[^ ]*ld(\.bfd)?: //' \
    -e "/^[^ ]* section .* will not fit in region|^region .* overflowed by|^collect2: /d" \
    "$scratch/said"
}

cd "$project/tests/e2e/consumer"
expect "consumer: //app on the host" \
  "2 4 6 8 peak 8" \
  "$(quietly "$bazelw" run //app || true)"
expect "consumer: a second jax is an error that names both" \
  "consumer_pip _main/app/other" \
  "$("$bazelw" build //app:two_jax 2>&1 | sed -nE 's#^ +jax .* in .*(consumer_pip|_main/app/other).*#\1#p' | xargs)"

tests() { quietly "$bazelw" test --noshow_progress --platforms="$1" //... | sed -nE 's/^(\/\/[^ ]+) .*(PASSED|FAILED|SKIPPED|NO STATUS).*/\1 \2/p'; }
passing="//app:smoothing_test PASSED
//firmware:calibration_test PASSED
//firmware:cpp_test PASSED
//firmware:quadratic_test PASSED"
for platform in @platforms//host @jax_embedded//platforms:qemu_m4f //boards:sensor; do
  expect "consumer: test --platforms=$platform //..." "$passing" "$(tests "$platform" || true)"
done
expect "consumer: its firmware on its board" \
  "mean 10.0938 peak 10.1875" \
  "$(quietly "$bazelw" run --platforms=//boards:sensor //firmware -- 800 801 802 803 || true)"
expect "consumer: its firmware on a board of ours" \
  "mean 10.0938 peak 10.1875" \
  "$(quietly "$bazelw" run --platforms=@jax_embedded//platforms:qemu_m4f //firmware -- 800 801 802 803 || true)"
expect "consumer: a function of ours on a board of ours" \
  "1 2" \
  "$(quietly "$bazelw" run --platforms=@jax_embedded//platforms:qemu_m4f //firmware:roots || true)"
for by in 'builtin 91' 'cmsis_dsp 6 products by the vendor: 91'; do
  expect "consumer: its DSP library where --dsp=${by%% *}" \
    "${by#* }" \
    "$(quietly "$bazelw" run --platforms=@jax_embedded//platforms:qemu_m4f --@jax_embedded//runtime:dsp="${by%% *}" \
      --@jax_embedded//runtime:dsp_library=//vendor:dsp //vendor || true)"
done
expect "consumer: a core without a board: the object is for it, programs are skipped" \
  '"cpu": "cortex-m7",' \
  "$(quietly "$bazelw" build --platforms=@jax_embedded//platforms:cortex_m7 //... &&
    sed -n 's/^ *\("cpu".*\)/\1/p' bazel-bin/app/smoothing.json || true)"
expect "consumer: a program that does not name a board that is not ours is skipped" \
  "Target //firmware:roots is incompatible and cannot be built" \
  "$("$bazelw" build --platforms=//boards:sensor //firmware:roots 2>&1 | grep -o 'Target .* cannot be built' || true)"

cd firmware
quietly "$bazelw" run @jax_embedded//py/jax_embedded -- export --src calibration.py --fn celsius --input 'counts=i32[4]' \
  --target cortex-m4f --out "$scratch/out" >/dev/null || true
expect "consumer: the command line, from a folder" \
  "celsius.h celsius.json celsius.ll celsius.o celsius.program.txt celsius.s" \
  "$(cd "$scratch/out" && echo *)"
[[ -z ${CI:-} ]] || "$bazelw" shutdown || true

cd "$project/tests/e2e/invalid"
for command in */command; do
  read -ra arguments <"$command"
  expect "invalid: ${command%/command}" "$(<"${command%command}expected.txt")" "$(refusal "${arguments[@]}")"
done
[[ -z ${CI:-} ]] || "$bazelw" shutdown || true

cd "$project"
# actions MNEMONIC TARGETS: how many of a kind there are in what the targets are made of.
actions() { quietly "$bazelw" aquery --output=summary "mnemonic('$1', deps($2))" | sed -n 's/^\([0-9]*\) total actions*\.*$/\1/p'; }
expect "one JaxCapture for each of 4 functions, on all cores" 4 "$(actions JaxCapture //tests/cores:examples)"
expect "one JaxCodegen for each function and core" 24 "$(actions JaxCodegen //tests/cores:examples)"
boards="set($(printf '//examples:on_boards.%s ' qemu_m0 qemu_m3 qemu_m4f qemu_m7 qemu_m33 qemu_m55))"
expect "one JaxOracle for each of 18 tests, on all boards" 18 "$(actions JaxOracle "$boards")"
expect "one JaxCapture for each of 18 functions, on all boards" 18 "$(actions JaxCapture "$boards")"
quietly "$bazelw" build --nobuild --platforms=//platforms:qemu_m3 //... && status=0 || status=$?
expect "build --nobuild --platforms=//platforms:qemu_m3 //..." 0 "$status"
[[ -z ${CI:-} ]] || "$bazelw" shutdown || true

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
