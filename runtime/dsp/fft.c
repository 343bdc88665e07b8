// SPDX-License-Identifier: Apache-2.0
#include "dsp/transform_functions.h"
#include "jax_embedded/dsp.h"

#define DEFINE(N)                               \
  JXE_FFT_C64(N) {                              \
    arm_cfft_instance_f32 transform;            \
    arm_cfft_init_##N##_f32(&transform);        \
    arm_cfft_f32(&transform, data, inverse, 1); \
  }

DEFINE(16)
DEFINE(32)
DEFINE(64)
DEFINE(128)
DEFINE(256)
DEFINE(512)
DEFINE(1024)
DEFINE(2048)
DEFINE(4096)
