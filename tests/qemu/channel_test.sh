#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# channel_test.sh CHANNEL IMPATIENT ARCHITECTURE: what arrives here of what happens on a board. IMPATIENT is the same
# program with a time limit of 2 s and a stack of 3072 bytes; ARCHITECTURE is armv6-m where there is no CFSR.
set -euo pipefail
channel=$1 impatient=$2 architecture=$3
failed=0

# expect NAME PATTERN STATUS COMMAND...: the whole output, a regular expression.
expect() {
  local name=$1 pattern=$2 expected=$3 found status=0
  shift 3
  found=$("$@" 2>&1) || status=$?
  if [[ $status == "$expected" && $found =~ ^$pattern$ ]]; then
    echo "ok   $name"
  else
    printf 'FAIL %s: expected exit code %s and\n%s\nfound %s and\n%s\n' "$name" "$expected" "$pattern" "$status" "$found"
    failed=1
  fi
}

hex='0x[0-9a-f]{8}'
usage=UsageFault bus=BusFault cfsr=", CFSR $hex" precise=', CFSR 0x00008200' undefined=', CFSR 0x00010000'
if [[ $architecture == armv6-m ]]; then
  usage=HardFault bus=HardFault cfsr='' precise='' undefined=''
fi
overflow='ERROR\(jax_embedded\): stack overflow: expected at most [0-9]+ bytes, found more'

expect pass 'pass
arguments: <a> <> <b c> <d,e> <"f"\\g> <\*>
memory: constant initial 0 17
float: 0\.333333 1, errno: kept
input: typed
error stream
a line without an end' 0 "$channel" pass a '' 'b c' d,e '"f"\g' '*' <<<typed
expect fail fail 3 "$channel" fail </dev/null
expect exit exit 4 "$channel" exit </dev/null
expect abort 'abort.*' 134 "$channel" abort </dev/null
expect overflow "overflow
$overflow: pc (unknown|$hex), lr (unknown|$hex)$cfsr\." 139 "$channel" overflow </dev/null
expect "size of the stack" "overflow
${overflow/\[0-9\]+/3072}: pc .*" 139 "$impatient" overflow </dev/null
expect guard "guard
$overflow\." 139 "$channel" guard </dev/null
expect "undefined instruction" "undefined
ERROR\(jax_embedded\): $usage: pc $hex, lr $hex$undefined\." 139 "$channel" undefined </dev/null
expect fault "fault
fault_here [0-9a-f]{8}
ERROR\(jax_embedded\): $bus: pc $hex, lr $hex$precise\." 139 "$channel" fault </dev/null

said=$("$channel" fault 2>&1 </dev/null || true)
here=$(sed -n 's/^fault_here //p' <<<"$said")
expect "fault: pc" "$here" 0 sed -n 's/.*pc 0x\([0-9a-f]*\).*/\1/p' <<<"$said"

expect "too long a command line" 'ERROR\(jax_embedded\): command line: expected at most 255 bytes, found more\.' 2 \
  "$channel" "$(printf '%300s' '' | tr ' ' x)" </dev/null
SECONDS=0
expect hang 'hang
ERROR\(jax_embedded\): impatient\.elf on [a-z0-9-]+: expected it to end within 2 s, found it running\.
  Fix: mend the loop that does not end, or raise time_limit_seconds\.' 124 "$impatient" hang </dev/null
expect "hang: seconds" '[2-6]' 0 echo "$SECONDS"
exit "$failed"
