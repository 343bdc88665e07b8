// SPDX-License-Identifier: Apache-2.0
// The elementary functions have the same bits on the host and on every core, and so have those with
// fused multiply-add on every core that has it, but for tanh: a checksum of each over many operands
// is what it is here. Subnormals count as zeros, and all NaNs as one.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef FUSED
#include "tests/math/fused_functions.h"
#define functions fused_functions
#else
#include "tests/math/functions.h"
#endif

#if defined(FUSED) && defined(__ARM_FEATURE_FMA)
enum { COLUMN = 1 };
#else
enum { COLUMN = 0 };
#endif

enum { LENGTH = 64, BLOCKS = 128, FUNCTIONS = 13 };

static const struct {
  const char *name;
  uint32_t checksums[2];  // without and with fused multiply-add
} expected[FUNCTIONS] = {
    {"atan", {0x760b5f4e, 0xbe778932}},  {"atan2", {0x4e8cf00a, 0x3ebd106f}},
    {"cbrt", {0x3418b325, 0x6a7cd0d8}},  {"cos", {0xec700308, 0xd463fa01}},
    {"erf", {0x9548ccd4, 0x3ba6a868}},   {"exp", {0x92f9eff4, 0xbb0650f1}},
    {"expm1", {0xc9567437, 0x757d7375}}, {"log", {0x45319150, 0x3d94cbbd}},
    {"log1p", {0xf63a7155, 0xe35a604e}}, {"pow", {0xd4c08b21, 0x16d27816}},
    {"sin", {0x73f79335, 0xed655c71}},   {"tan", {0x9d01b31b, 0xbe24da04}},
#ifdef __ARM_FEATURE_MVE  // which has tanh_in_vectors
    {"tanh", {0x8e47c854, 0xf1cf3762}},
#else
    {"tanh", {0x8e47c854, 0xe00c4fb1}},
#endif
};

static uint32_t canonical(uint32_t bits) {
  const uint32_t size = bits & 0x7fffffff;
  if (size > 0x7f800000) return 0x7fc00000;
  return size < 0x00800000 ? bits & 0x80000000 : bits;
}

static uint32_t xorshift(void) {
  static uint32_t state = 1;
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

// Any bits, or a number of moderate size.
static float operand(void) {
  const uint32_t random = xorshift();
  const uint32_t moderate = (random & 0x80ffffff) | (random >> 4 & 0x07000000);
  const uint32_t bits = canonical(xorshift() & 1 ? random : moderate + 0x3b000000);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

int main(void) {
  static float x[LENGTH], y[LENGTH], results[FUNCTIONS][LENGTH];
  uint32_t checksums[FUNCTIONS] = {0};
  for (int block = 0; block < BLOCKS; block++) {
    for (int i = 0; i < LENGTH; i++) {
      x[i] = operand();
      y[i] = operand();
    }
    functions(x, y, results[0], results[1], results[2], results[3], results[4], results[5],
              results[6], results[7], results[8], results[9], results[10], results[11],
              results[12]);
    for (int f = 0; f < FUNCTIONS; f++) {
      for (int i = 0; i < LENGTH; i++) {
        uint32_t bits;
        memcpy(&bits, &results[f][i], sizeof bits);
        checksums[f] = (checksums[f] ^ canonical(bits)) * 16777619u;
      }
    }
  }
  int failures = 0;
  for (int f = 0; f < FUNCTIONS; f++) {
    if (checksums[f] == expected[f].checksums[COLUMN]) continue;
    printf("FAIL %s: 0x%08lx\n", expected[f].name, (unsigned long)checksums[f]);
    failures++;
  }
  printf("%d functions, %d failures\n", FUNCTIONS, failures);
  return failures != 0;
}
