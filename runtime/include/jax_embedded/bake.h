// SPDX-License-Identifier: Apache-2.0
// Dot products with a constant vector that is known only at run time, such as weights that a device
// learns or receives: Thumb code that has the vector as its instructions, written into RAM.
//
//   static _Alignas(8) uint8_t code[4096];  // where the core can execute
//
//   struct jxe_baked_dot_f32 dot = jxe_bake_dot_f32(weights, 64, code, sizeof code);
//   if (dot.status != JXE_BAKED) return false;  // dot.bytes is how many it takes
//   y = dot.call(x);                            // weights[0] * x[0] + ... + weights[63] * x[63]
//
// Library: //runtime/bake. What it gains and costs: docs/bake_dot.md.
#ifndef JAX_EMBEDDED_BAKE_H_
#define JAX_EMBEDDED_BAKE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum jxe_bake_status {
  JXE_BAKED,
  // The code does not fit, or there is no buffer. Nothing was written.
  JXE_BAKE_NO_ROOM,
  // The buffer begins at an odd address. Nothing was written.
  JXE_BAKE_MISALIGNED,
};

// What both functions have in common:
//
// The buffer `code` of `bytes` bytes is the caller's. It is RAM that can be written and executed,
// begins at an even address (best is a multiple of 8), does not overlap the weights, and outlives
// every call; to bake into it again ends the function that was there. Where an MPU is on, its
// region is without XN (execute never); with TrustZone it is as secure as the caller. Not every RAM
// can be executed: by the core's default memory map what lies at 0x00000000, 0x20000000,
// 0x60000000 and 0x80000000 can, if the chip's buses reach it.
//
// `bytes` of the result is what the code takes, exactly, whatever the status. So with NULL and 0 it
// says how large a buffer is needed. A byte beyond it is never written, and none if the code does
// not fit. More than 2^26 weights never fit, and `bytes` is SIZE_MAX.
//
// `call` is NULL unless the status is JXE_BAKED. It obeys the procedure call standard like any
// function, for the float ABI that the library is compiled for; takes no stack and nothing but
// registers that a call may change; reads of the n inputs alone, aligned as their type; and neither
// weights nor anything else but the code needs to stay. Any thread may call it; that which baked it
// may do so at once, as caches and the pipeline have been taken care of. Another core has to
// invalidate its instruction cache and execute an ISB.

typedef int32_t jxe_dot_s8(const int8_t *x);

struct jxe_baked_dot_s8 {
  enum jxe_bake_status status;
  size_t bytes;
  jxe_dot_s8 *call;
};

// s8[n] -> the sum of weights[i] * x[i], exactly, modulo 2^32. On every Cortex-M. Takes about 550
// bytes of stack.
struct jxe_baked_dot_s8 jxe_bake_dot_s8(const int8_t *weights, size_t n, void *code, size_t bytes);

#if defined(__ARM_FP) && (__ARM_FP & 4)

typedef float jxe_dot_f32(const float *x);

struct jxe_baked_dot_f32 {
  enum jxe_bake_status status;
  size_t bytes;
  jxe_dot_f32 *call;
};

// f32[n] -> the sum of weights[i] * x[i], in parts of at most 16 terms, or of the square root of n
// if n > 256 (docs/numerics.md), multiplied and added with one rounding. It differs from a loop in
// two things: a weight that is zero adds nothing, where the product with inf or nan would have been
// nan; and the sum begins with the first product, so it is -0 if all products are. +0 without any.
//
// Where the FPU has single precision; elsewhere this is not declared.
struct jxe_baked_dot_f32 jxe_bake_dot_f32(const float *weights, size_t n, void *code, size_t bytes);

#endif

#ifdef __cplusplus
}
#endif

#endif  // JAX_EMBEDDED_BAKE_H_
