// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_DSP_OWN_H_
#define TESTS_DSP_OWN_H_

// How often each of the functions has been called.
extern struct own_calls {
  int dot, matrix_vector, matrix_matrix, fft;
} own_calls;

#endif  // TESTS_DSP_OWN_H_
