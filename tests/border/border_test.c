// SPDX-License-Identifier: Apache-2.0
// GCC calls generated code with every type at its extremes: as scalar, as array, returned, and in
// place.
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/border/border_bf16.h"
#include "tests/border/border_bool.h"
#include "tests/border/border_c128.h"
#include "tests/border/border_c64.h"
#include "tests/border/border_f16.h"
#include "tests/border/border_f32.h"
#include "tests/border/border_f64.h"
#include "tests/border/border_i16.h"
#include "tests/border/border_i32.h"
#include "tests/border/border_i64.h"
#include "tests/border/border_i8.h"
#include "tests/border/border_u16.h"
#include "tests/border/border_u32.h"
#include "tests/border/border_u64.h"
#include "tests/border/border_u8.h"
#include "tests/border/layout.h"

static int checks, failures;

static void expect(bool good, const char *what, int line) {
  checks++;
  if (!good) {
    printf("FAIL line %d: %s\n", line, what);
    failures++;
  }
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

// The sum as XLA has it: modulo the width of the type.
#define WRAPPED(type, unsigned_type, a, b) (type)((unsigned_type)(a) + (unsigned_type)(b))

// R: what a register holds. On Arm a smaller integer comes back extended to it, as the AAPCS asks,
// and compilers rely on it: seen by calling the function as one that returns R. On x86-64 neither.
#ifdef __arm__
#define REGISTER(T, R) R
#else
#define REGISTER(T, R) T
#endif
#define CHECK_INTEGER(dtype, T, R, W, U, ...)                                  \
  static void check_##dtype(void) {                                            \
    static const T values[] = {__VA_ARGS__};                                   \
    const int count = sizeof values / sizeof *values;                          \
    REGISTER(T, R) (*const whole)(T, const T *, W *) =                         \
        (REGISTER(T, R) (*)(T, const T *, W *))(void (*)(void))border_##dtype; \
    for (int i = 0; i < count; i++) {                                          \
      for (int j = 0; j < count; j++) {                                        \
        const T pair[2] = {values[j], values[i]};                              \
        W total[3] = {101, 1, 0};                                              \
        EXPECT(whole(values[j], pair, total) == (R)values[i]);                 \
        EXPECT(total[0] == WRAPPED(W, U, 101, values[j]));                     \
        EXPECT(total[2] == (W)values[j]);                                      \
        W zero[3] = {0, 0, 0};                                                 \
        EXPECT(border_##dtype(values[i], pair, zero) == values[i]);            \
        EXPECT(zero[1] == (W)values[i]);                                       \
      }                                                                        \
    }                                                                          \
  }

CHECK_INTEGER(bool, bool, uint32_t, int32_t, uint32_t, false, true)
CHECK_INTEGER(i8, int8_t, int32_t, int32_t, uint32_t, INT8_MIN, -1, 0, 1, INT8_MAX)
CHECK_INTEGER(i16, int16_t, int32_t, int32_t, uint32_t, INT16_MIN, -1, 0, 1, INT16_MAX)
CHECK_INTEGER(i32, int32_t, int32_t, int32_t, uint32_t, INT32_MIN, -1, 0, 1, INT32_MAX)
CHECK_INTEGER(i64, int64_t, int64_t, int64_t, uint64_t, INT64_MIN, -1, 0, 1, INT64_MAX)
CHECK_INTEGER(u8, uint8_t, uint32_t, int32_t, uint32_t, 0, 1, INT8_MAX, INT8_MAX + 1, UINT8_MAX)
CHECK_INTEGER(u16, uint16_t, uint32_t, int32_t, uint32_t, 0, 1, INT16_MAX, INT16_MAX + 1,
              UINT16_MAX)
CHECK_INTEGER(u32, uint32_t, uint32_t, uint32_t, uint32_t, 0, 1, INT32_MAX, INT32_MAX + 1u,
              UINT32_MAX)
CHECK_INTEGER(u64, uint64_t, uint64_t, uint64_t, uint64_t, 0, 1, INT64_MAX, INT64_MAX + 1ull,
              UINT64_MAX)

#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

#define CHECK_FLOATING(dtype, T, limit)                                                  \
  static void check_##dtype(void) {                                                      \
    const T values[] = {0, (T) - 0.0, 1, (T) - 2.5, limit, -limit, INFINITY, -INFINITY}; \
    for (int i = 0; i < 8; i++) {                                                        \
      const T pair[2] = {1, values[i]};                                                  \
      T total[3] = {101, 1, 0};                                                          \
      const T chosen = border_##dtype(3, pair, total);                                   \
      EXPECT(SAME(chosen, values[i]));                                                   \
      EXPECT(total[0] == 104 && total[1] == 4 && total[2] == 1);                         \
      T zero[3] = {0, 0, 0};                                                             \
      const T same = border_##dtype(values[i], pair, zero);                              \
      EXPECT(SAME(same, values[i]) && zero[0] == values[i]);                             \
    }                                                                                    \
  }

CHECK_FLOATING(f32, float, FLT_MAX)
CHECK_FLOATING(f64, double, DBL_MAX)

// Bits, and the number that they stand for.
struct bits {
  uint16_t bits;
  float value;
};

#define CHECK_BITS(dtype, ...)                                                         \
  static void check_##dtype(void) {                                                    \
    static const struct bits values[] = {__VA_ARGS__};                                 \
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {                      \
      const uint16_t pair[2] = {values[0].bits, values[i].bits};                       \
      float total[3] = {101.0f, 1.0f, 0.0f};                                           \
      EXPECT((uint32_t)border_##dtype(values[1].bits, pair, total) == values[i].bits); \
      EXPECT(total[1] == 1.0f + values[1].value && total[2] == values[0].value);       \
      float zero[3] = {0.0f, 0.0f, 0.0f};                                              \
      EXPECT((uint32_t)border_##dtype(values[i].bits, pair, zero) == values[i].bits);  \
      EXPECT(zero[0] == values[i].value);                                              \
    }                                                                                  \
  }

CHECK_BITS(f16, {0x3c00, 1.0f}, {0xc100, -2.5f}, {0x0000, 0.0f}, {0x8000, -0.0f},
           {0x7bff, 65504.0f}, {0x0400, 0x1p-14f}, {0x7c00, INFINITY}, {0xfc00, -INFINITY})
CHECK_BITS(bf16, {0x3f80, 1.0f}, {0xc020, -2.5f}, {0x0000, 0.0f}, {0x8000, -0.0f},
           {0x7f7f, 0x1.fep127f}, {0x0080, 0x1p-126f}, {0x7f80, INFINITY}, {0xff80, -INFINITY})

#define CHECK_COMPLEX(dtype, T)                                 \
  static void check_##dtype(void) {                             \
    const T x[2] = {1, -2};                                     \
    const T pair[4] = {3, 4, 0, 0};                             \
    T total[6] = {10, 20, 30, 40, 50, 60};                      \
    T chosen[2];                                                \
    border_##dtype(x, pair, total, chosen);                     \
    EXPECT(chosen[0] == 11 && chosen[1] == -2);                 \
    EXPECT(total[0] == 11 && total[1] == 18 && total[2] == 31); \
    EXPECT(total[3] == 38 && total[4] == 53 && total[5] == 64); \
  }

CHECK_COMPLEX(c64, float)
CHECK_COMPLEX(c128, double)

static void check_layout(void) {
  struct layout_state state = {true, {INT64_MIN, 5}, {-128, 0, 127}, 0.5f, {1, 2, 3, 4}};
  const struct layout_params params = {true, -7, 2.0f, {1, 2, 3}, {1, 2, -3}, {0, 1}};
  EXPECT(layout(&state, &params, 10.0f) == 20.0f);
  EXPECT(!state.a_flag);
  EXPECT(state.b_wide[0] == INT64_MAX - 6 && state.b_wide[1] == -2);
  EXPECT(state.c_small[0] == -127 && state.c_small[1] == 2 && state.c_small[2] == 124);
  EXPECT(state.d_sum == 23.5f);
  EXPECT(state.e_z[0] == -2 && state.e_z[1] == 1 && state.e_z[2] == -4 && state.e_z[3] == 3);
}

int main(void) {
  check_bool();
  check_i8();
  check_i16();
  check_i32();
  check_i64();
  check_u8();
  check_u16();
  check_u32();
  check_u64();
  check_f16();
  check_bf16();
  check_f32();
  check_f64();
  check_c64();
  check_c128();
  check_layout();
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
