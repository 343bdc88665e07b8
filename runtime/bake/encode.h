// SPDX-License-Identifier: Apache-2.0
// The instructions of a baked dot product, for any core and on any machine.
// Source: Armv8-M Architecture Reference Manual, C2.4, which has the encodings of all of them.
#ifndef JAX_EMBEDDED_RUNTIME_BAKE_ENCODE_H_
#define JAX_EMBEDDED_RUNTIME_BAKE_ENCODE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Where code goes, and how much there is of it. Without a place it is only counted.
struct jxe_code {
  uint8_t *place;
  size_t bytes;
};

// Adds 16 bits: an instruction, or half of one. Instructions are little-endian on every Cortex-M.
static inline void jxe_put(struct jxe_code *code, uint32_t half) {
  if (code->place != NULL) {
    code->place[code->bytes] = (uint8_t)half;
    code->place[code->bytes + 1] = (uint8_t)(half >> 8);
  }
  code->bytes += 2;
}

// Most weights: of more the bytes could be more than a size_t holds.
enum { JXE_BAKE_MOST = 1 << 26 };

// thumb2: with the instructions of Armv7-M, and not only those of Armv6-M.
void jxe_encode_dot_s8(struct jxe_code *code, const int8_t *weights, size_t n, bool thumb2);

// hard_float: whether the result is in s0, or else in r0.
void jxe_encode_dot_f32(struct jxe_code *code, const float *weights, size_t n, bool hard_float);

#endif
