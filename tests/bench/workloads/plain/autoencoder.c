// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/autoencoder.h"

#include "tests/bench/workloads/autoencoder_weights.h"
#include "tests/bench/workloads/plain/dense.h"

static void layer(const float *w, const float *b, const float *x, float *restrict y, int inputs,
                  int outputs) {
  dense(w, b, x, y, inputs, outputs);
  relu(y, outputs);
}

void autoencoder(const float x[640], float out[restrict 640]) {
  float odd[128], even[128];
  layer(w0, b0, x, odd, 640, 128);
  layer(w1, b1, odd, even, 128, 128);
  layer(w2, b2, even, odd, 128, 128);
  layer(w3, b3, odd, even, 128, 128);
  layer(w4, b4, even, odd, 128, 8);
  layer(w5, b5, odd, even, 8, 128);
  layer(w6, b6, even, odd, 128, 128);
  layer(w7, b7, odd, even, 128, 128);
  layer(w8, b8, even, odd, 128, 128);
  dense(w9, b9, odd, out, 128, 640);
}
