// SPDX-License-Identifier: Apache-2.0
#include "jax_embedded/bake.h"

#include "runtime/bake/encode.h"

#if !defined(__ARM_ARCH_PROFILE) || __ARM_ARCH_PROFILE != 'M'
#error "ERROR(jax_embedded): bake: expected a Cortex-M, found another processor. Fix: leave it out."
#endif

#if __ARM_ARCH >= 7

// Armv8-M Architecture Reference Manual, D1.2. The names in brackets are CMSIS's.
#define CCR (*(volatile uint32_t *)0xe000ed14)      // Configuration and Control [SCB->CCR]
#define CTR (*(volatile uint32_t *)0xe000ed7c)      // Cache Type [SCB->CTR]
#define ICIMVAU (*(volatile uint32_t *)0xe000ef58)  // invalidate instructions [SCB->ICIMVAU]
#define DCCMVAU (*(volatile uint32_t *)0xe000ef64)  // clean data [SCB->DCCMVAU]
#define BPIALL (*(volatile uint32_t *)0xe000ef78)   // forget branches [SCB->BPIALL]
enum { CCR_DC = 1 << 16, CCR_IC = 1 << 17 };

// Has an operation done to each cache line that the code is in.
static void each_line(volatile uint32_t *operation, uint32_t log2_words,
                      const struct jxe_code *code) {
  const uintptr_t line = (uintptr_t)4 << log2_words, start = (uintptr_t)code->place;
  for (uintptr_t at = start & ~(line - 1); at < start + code->bytes; at += line) {
    *operation = (uint32_t)at;
  }
}

static void clean_data_cache(const struct jxe_code *code) {
  if (CCR & CCR_DC) each_line(&DCCMVAU, CTR >> 16 & 15, code);
}

static void invalidate_instruction_cache(const struct jxe_code *code) {
  if (!(CCR & CCR_IC)) return;
  each_line(&ICIMVAU, CTR & 15, code);
  BPIALL = 0;
}

#else

static void clean_data_cache(const struct jxe_code *code) { (void)code; }
static void invalidate_instruction_cache(const struct jxe_code *code) { (void)code; }

#endif

static void barrier(void) { __asm__ volatile("dsb" ::: "memory"); }

// Between writing code and executing it.
static void publish(const struct jxe_code *code) {
  barrier();
  clean_data_cache(code);
  barrier();
  invalidate_instruction_cache(code);
  barrier();
  __asm__ volatile("isb" ::: "memory");
}

static enum jxe_bake_status check(const void *code, size_t bytes, size_t needed) {
  if (code == NULL || bytes < needed) return JXE_BAKE_NO_ROOM;
  if ((uintptr_t)code % 2 != 0) return JXE_BAKE_MISALIGNED;
  return JXE_BAKED;
}

// The address of a function in Thumb code is odd.
static uintptr_t function(const void *code) { return (uintptr_t)code | 1; }

enum { HAS_THUMB2 = __ARM_ARCH_ISA_THUMB >= 2 };

struct jxe_baked_dot_s8 jxe_bake_dot_s8(const int8_t *weights, size_t n, void *code, size_t bytes) {
  if (n > JXE_BAKE_MOST) return (struct jxe_baked_dot_s8){JXE_BAKE_NO_ROOM, SIZE_MAX, NULL};
  struct jxe_code counted = {NULL, 0};
  jxe_encode_dot_s8(&counted, weights, n, HAS_THUMB2);
  const enum jxe_bake_status status = check(code, bytes, counted.bytes);
  if (status != JXE_BAKED) return (struct jxe_baked_dot_s8){status, counted.bytes, NULL};
  struct jxe_code written = {code, 0};
  jxe_encode_dot_s8(&written, weights, n, HAS_THUMB2);
  publish(&written);
  return (struct jxe_baked_dot_s8){status, written.bytes, (jxe_dot_s8 *)function(code)};
}

#if __ARM_FP & 4

#ifdef __ARM_PCS_VFP
enum { HARD_FLOAT = 1 };
#else
enum { HARD_FLOAT = 0 };
#endif

struct jxe_baked_dot_f32 jxe_bake_dot_f32(const float *weights, size_t n, void *code,
                                          size_t bytes) {
  if (n > JXE_BAKE_MOST) return (struct jxe_baked_dot_f32){JXE_BAKE_NO_ROOM, SIZE_MAX, NULL};
  struct jxe_code counted = {NULL, 0};
  jxe_encode_dot_f32(&counted, weights, n, HARD_FLOAT);
  const enum jxe_bake_status status = check(code, bytes, counted.bytes);
  if (status != JXE_BAKED) return (struct jxe_baked_dot_f32){status, counted.bytes, NULL};
  struct jxe_code written = {code, 0};
  jxe_encode_dot_f32(&written, weights, n, HARD_FLOAT);
  publish(&written);
  return (struct jxe_baked_dot_f32){status, written.bytes, (jxe_dot_f32 *)function(code)};
}

#endif
