// SPDX-License-Identifier: Apache-2.0
// encode CORE [KIND SEED N]: writes the code for the weights on standard input, or for N of
// vectors.h. CORE: thumb1 and thumb2 take s8; fpu and fpu-soft take f32, soft for the ABI without
// FPU registers.
#include "runtime/bake/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bake/vectors.h"

enum { MOST = 1 << 16 };
static int8_t s8[MOST];
static float f32[MOST];
static uint8_t bytes[MOST * 20];

int main(int count, char **words) {
  if (count != 2 && count != 5) return 2;
  const bool floating = strncmp(words[1], "fpu", 3) == 0;
  size_t n;
  if (count == 5) {
    const enum kind kind = (enum kind)atoi(words[2]);
    const uint32_t seed = (uint32_t)atoi(words[3]);
    n = (size_t)atoi(words[4]);
    if (n > MOST) return 2;
    fill_s8(kind, seed, n, s8);
    fill_f32(kind, seed, n, f32);
  } else {
    n = floating ? fread(f32, 4, MOST, stdin) : fread(s8, 1, MOST, stdin);
  }
  struct jxe_code code = {bytes, 0};
  if (floating) {
    jxe_encode_dot_f32(&code, f32, n, strcmp(words[1], "fpu") == 0);
  } else {
    jxe_encode_dot_s8(&code, s8, n, strcmp(words[1], "thumb2") == 0);
  }
  return fwrite(bytes, 1, code.bytes, stdout) != code.bytes;
}
