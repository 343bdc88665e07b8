// SPDX-License-Identifier: Apache-2.0
#include "runtime/judge/judge.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct format {
  uint8_t size;
  uint8_t fraction_bits;   // 0: discrete
  int16_t least_exponent;  // of the normal numbers
};

static const struct format formats[] = {
    [JXE_BOOL] = {1, 0, 0},     [JXE_I8] = {1, 0, 0},      [JXE_I16] = {2, 0, 0},
    [JXE_I32] = {4, 0, 0},      [JXE_I64] = {8, 0, 0},     [JXE_U8] = {1, 0, 0},
    [JXE_U16] = {2, 0, 0},      [JXE_U32] = {4, 0, 0},     [JXE_U64] = {8, 0, 0},
    [JXE_F16] = {2, 10, -14},   [JXE_BF16] = {2, 7, -126}, [JXE_F32] = {4, 23, -126},
    [JXE_F64] = {8, 52, -1022},
};

static double of_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value;
  if (exponent == 31) {
    value = fraction != 0 ? (double)NAN : (double)INFINITY;
  } else if (exponent == 0) {
    value = ldexp(fraction, -24);
  } else {
    value = ldexp(1024 + fraction, exponent - 25);
  }
  return bits >> 15 != 0 ? -value : value;
}

static double number(enum jxe_dtype dtype, const void *array, uint32_t index) {
  union {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f32;
    double f64;
  } value;
  memcpy(&value, (const uint8_t *)array + (size_t)index * formats[dtype].size, formats[dtype].size);
  switch (dtype) {
    case JXE_I8:
      return value.i8;
    case JXE_I16:
      return value.i16;
    case JXE_I32:
      return value.i32;
    case JXE_I64:
      return (double)value.i64;
    case JXE_BOOL:
    case JXE_U8:
      return value.u8;
    case JXE_U16:
      return value.u16;
    case JXE_U32:
      return value.u32;
    case JXE_U64:
      return (double)value.u64;
    case JXE_F16:
      return of_half(value.u16);
    case JXE_BF16:
      value.u32 = (uint32_t)value.u16 << 16;
      return (double)value.f32;
    case JXE_F32:
      return (double)value.f32;
    case JXE_F64:
      return value.f64;
  }
  return 0;
}

// A subnormal counts as zero.
static double flushed(const struct format *format, double value) {
  return fabs(value) < ldexp(1, format->least_exponent) ? 0 : value;
}

// The distance to the next number, at least that of the least normal number.
static double ulp(const struct format *format, double magnitude) {
  int exponent = format->least_exponent + 1;
  if (magnitude > 0) frexp(magnitude, &exponent);
  if (exponent <= format->least_exponent) exponent = format->least_exponent + 1;
  return ldexp(1, exponent - 1 - format->fraction_bits);
}

// How far an element is from the middle of what passes: at most 1 if it passes.
static double distance(enum jxe_dtype dtype, const void *got, const struct jxe_expected *expected,
                       uint32_t i) {
  const struct format *format = &formats[dtype];
  const uint8_t *at = (const uint8_t *)got + (size_t)i * format->size;
  if (format->fraction_bits == 0) {
    const uint8_t *value = (const uint8_t *)expected->value + (size_t)i * format->size;
    return memcmp(at, value, format->size) == 0 ? 0 : (double)INFINITY;
  }
  const double value = flushed(format, number(dtype, got, i));
  const double jax = number(dtype, expected->value, i);
  if (isnan(jax)) return isnan(value) ? 0 : (double)INFINITY;
  if (isinf(jax)) return value == jax ? 0 : (double)INFINITY;
  const double low = number(dtype, expected->low, i), high = number(dtype, expected->high, i);
  if (!(low <= value && value <= high)) {
    const double half = (high - low) / 2;
    const double far =
        isfinite(value) && half > 0 ? fabs(value - low - half) / half : (double)INFINITY;
    return far > 1 ? far : nextafter(1, 2);
  }
  const double half = (high - low) / 2;
  return half > 0 ? fmin(1, fabs(value - low - half) / half) : 0;
}

struct worst {
  double distance;
  uint32_t number;  // of the case
  const struct jxe_case *from;
  const struct jxe_array *result;
  uint32_t index;
  double got, value, error_ulp, bound_ulp;
};

static void print_worst(const char *verdict, const struct worst *worst) {
  printf("%s case %lu (%s) %s[", verdict, (unsigned long)worst->number, worst->from->kind,
         worst->result->name);
  uint32_t stride = worst->result->elements, rest = worst->index;
  for (const uint32_t *dim = worst->result->dims; *dim != 0; dim++) {
    stride /= *dim;
    printf(dim == worst->result->dims ? "%lu" : ",%lu", (unsigned long)(rest / stride));
    rest %= stride;
  }
  printf("]: expected %.17g, found %.17g", worst->value, worst->got);
  if (formats[worst->result->dtype].fraction_bits != 0) {
    printf(", %.2f ulp of %.2f", worst->error_ulp, worst->bound_ulp);
  }
  printf("\n");
}

static void note(struct worst *worst, const struct worst *other) {
  if (worst->from == NULL || other->distance > worst->distance) *worst = *other;
}

static struct worst judge(const struct jxe_function *function, uint32_t case_number,
                          const struct jxe_array *result, const struct jxe_expected *expected) {
  const struct format *format = &formats[result->dtype];
  const uint8_t *got = function->memories[result->memory].bytes + result->offset;
  struct worst worst = {0, case_number, &function->cases[case_number], result, 0, 0, 0, 0, 0};
  for (uint32_t i = 0; i < result->elements; i++) {
    const double far = distance(result->dtype, got, expected, i);
    if (far > worst.distance) {
      worst.distance = far;
      worst.index = i;
    }
  }
  const uint32_t i = worst.index;
  worst.got = number(result->dtype, got, i);
  worst.value = number(result->dtype, expected->value, i);
  if (format->fraction_bits != 0 && isfinite(worst.value)) {
    const double low = number(result->dtype, expected->low, i);
    const double half = (number(result->dtype, expected->high, i) - low) / 2;
    const double unit = ulp(format, fmax(fabs(worst.value), expected->rms));
    worst.error_ulp = fabs(flushed(format, worst.got) - low - half) / unit;
    worst.bound_ulp = half / unit;
  }
  return worst;
}

// Whether a case goes on with what the call before left in a memory.
static bool keeps(const struct jxe_function *function, const struct jxe_case *from, uint32_t m) {
  for (uint32_t a = 0; a < function->argument_count; a++) {
    if (function->arguments[a].memory == m && from->inputs[a] == NULL) return true;
  }
  return false;
}

static void prepare(const struct jxe_function *function, const struct jxe_case *from) {
  for (uint32_t m = 0; m < function->memory_count; m++) {
    const struct jxe_memory *memory = &function->memories[m];
    memset(memory->bytes - JXE_GUARD_BYTES, JXE_GUARD, JXE_GUARD_BYTES);
    memset(memory->bytes + memory->size, JXE_GUARD, JXE_GUARD_BYTES);
    if (!keeps(function, from, m)) memset(memory->bytes, 0xff, memory->size);
  }
  for (uint32_t a = 0; a < function->argument_count; a++) {
    const struct jxe_array *argument = &function->arguments[a];
    if (from->inputs[a] == NULL) continue;
    memcpy(function->memories[argument->memory].bytes + argument->offset, from->inputs[a],
           (size_t)argument->elements * formats[argument->dtype].size);
  }
}

// Whether the function wrote to anything but its results.
static bool trespassed(const struct jxe_function *function, const struct jxe_case *from,
                       uint32_t case_number) {
  bool found = false;
  for (uint32_t m = 0; m < function->memory_count; m++) {
    const struct jxe_memory *memory = &function->memories[m];
    for (int i = 0; i < JXE_GUARD_BYTES; i++) {
      if (memory->bytes[-1 - i] != JXE_GUARD || memory->bytes[memory->size + i] != JXE_GUARD) {
        printf("FAIL case %lu: %s wrote outside of what parameter %lu points to\n",
               (unsigned long)case_number, function->name, (unsigned long)m);
        found = true;
        break;
      }
    }
  }
  for (uint32_t a = 0; a < function->argument_count; a++) {
    const struct jxe_array *argument = &function->arguments[a];
    const uint8_t *at = function->memories[argument->memory].bytes + argument->offset;
    const size_t size = (size_t)argument->elements * formats[argument->dtype].size;
    if (!argument->in_place && memcmp(at, from->inputs[a], size) != 0) {
      printf("FAIL case %lu: %s wrote to its input %s\n", (unsigned long)case_number,
             function->name, argument->name);
      found = true;
    }
  }
  return found;
}

int jxe_judge(const struct jxe_function *function) {
  enum { LINES = 20 };
  struct worst worst = {0};
  uint32_t failures = 0;
  for (uint32_t c = 0; c < function->case_count; c++) {
    const struct jxe_case *from = &function->cases[c];
    prepare(function, from);
    function->call(function->memories);
    if (trespassed(function, from, c)) failures++;
    for (uint32_t r = 0; r < function->result_count; r++) {
      const struct worst found = judge(function, c, &function->results[r], &from->expected[r]);
      note(&worst, &found);
      if (found.distance <= 1) continue;
      if (failures < LINES) print_worst("FAIL", &found);
      failures++;
    }
  }
  if (worst.from != NULL) print_worst("worst:", &worst);
  printf("%s: %lu cases, %lu failures\n", function->name, (unsigned long)function->case_count,
         (unsigned long)failures);
  return failures != 0;
}
