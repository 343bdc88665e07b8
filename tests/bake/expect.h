// SPDX-License-Identifier: Apache-2.0
#ifndef JAX_EMBEDDED_TESTS_BAKE_EXPECT_H_
#define JAX_EMBEDDED_TESTS_BAKE_EXPECT_H_

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "jax_embedded/bake.h"

static int failures, checks;

// what: with one %ld.
#define EXPECT(condition, what, number)                                             \
  do {                                                                              \
    checks++;                                                                       \
    if (!(condition) && failures++ < 20) {                                          \
      printf("FAIL line %d: %s: " what "\n", __LINE__, #condition, (long)(number)); \
    }                                                                               \
  } while (0)

static inline int verdict(void) {
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0 || checks == 0;
}

enum { GUARD_BYTES = 32, GUARD = 0xa5 };

// Of both element types.
struct baked {
  enum jxe_bake_status status;
  size_t bytes;
  uintptr_t call;
};

static inline size_t changed(const uint8_t *from, size_t bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes; i++) count += from[i] != GUARD;
  return count;
}

// Bakes into buffers of every size up to a few bytes more than needed. memory: of needed + 2 *
// GUARD_BYTES + 8 bytes.
static inline void expect_no_trespass(struct baked (*bake)(void *code, size_t bytes),
                                      uint8_t *memory) {
  uint8_t *const code = memory + GUARD_BYTES;
  const struct baked none = bake(NULL, 0);
  const size_t needed = none.bytes;
  EXPECT(none.status == JXE_BAKE_NO_ROOM && none.call == 0, "%ld bytes", needed);
  EXPECT(bake(NULL, SIZE_MAX).status == JXE_BAKE_NO_ROOM, "%ld bytes", needed);
  for (size_t bytes = 0; bytes <= needed + 8; bytes++) {
    memset(memory, GUARD, needed + 8 + 2 * GUARD_BYTES);
    const struct baked baked = bake(code, bytes);
    const size_t written = bytes < needed ? 0 : needed;
    EXPECT(baked.status == (written ? JXE_BAKED : JXE_BAKE_NO_ROOM), "buffer of %ld", bytes);
    EXPECT(baked.bytes == needed, "buffer of %ld", bytes);
    EXPECT(baked.call == (written ? (uintptr_t)code | 1 : 0), "buffer of %ld", bytes);
    EXPECT(changed(memory, GUARD_BYTES) == 0, "buffer of %ld", bytes);
    EXPECT(changed(code + written, needed - written + 8 + GUARD_BYTES) == 0, "buffer of %ld",
           bytes);
    // BX LR is what the code ends with.
    EXPECT(!written || (code[needed - 2] == 0x70 && code[needed - 1] == 0x47), "buffer of %ld",
           bytes);
  }
  memset(memory, GUARD, needed + 8 + 2 * GUARD_BYTES);
  const struct baked odd = bake(code + 1, needed);
  EXPECT(odd.status == JXE_BAKE_MISALIGNED && odd.call == 0 && odd.bytes == needed, "%ld", needed);
  EXPECT(bake(code + 1, needed - 1).status == JXE_BAKE_NO_ROOM, "%ld", needed);
  EXPECT(changed(memory, needed + 8 + 2 * GUARD_BYTES) == 0, "%ld bytes", needed);
  // At an address that is even, but no multiple of 4.
  EXPECT(bake(code + 2, needed).status == JXE_BAKED, "%ld bytes", needed);
  EXPECT(changed(memory, GUARD_BYTES + 2) == 0, "%ld bytes", needed);
  EXPECT(changed(code + 2 + needed, 6 + GUARD_BYTES) == 0, "%ld bytes", needed);
}

#endif
