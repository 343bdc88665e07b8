// SPDX-License-Identifier: Apache-2.0
// The library keeps old samples itself, and wants the taps in reverse: both are copied at each
// call.
#include "tests/bench/workloads/fir.h"

#include <string.h>

#include "dsp/filtering_functions.h"

#ifdef ARM_MATH_MVEF
enum { SCRATCH = 128 };
#else
enum { SCRATCH = 0 };
#endif
enum { TAPS = 32, SAMPLES = 128, OLD = TAPS - 1 };

void fir(const float taps[TAPS], const float x[OLD + SAMPLES], float out[restrict SAMPLES]) {
  float state[SCRATCH + OLD + SAMPLES], reversed[TAPS];
  for (int k = 0; k < TAPS; k++) reversed[k] = taps[TAPS - 1 - k];
  memcpy(state + SCRATCH, x, OLD * sizeof *x);
  const arm_fir_instance_f32 filter = {TAPS, state, reversed};
  arm_fir_f32(&filter, x + OLD, out, SAMPLES);
}
