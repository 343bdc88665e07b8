// SPDX-License-Identifier: Apache-2.0
// What generated code calls where --@jax_embedded//runtime:dsp=cmsis_dsp: the library named by
// --@jax_embedded//runtime:dsp_library defines these functions. By default that is //runtime/dsp,
// by CMSIS-DSP.
//
// In all of them: arrays are the caller's, dense and row-major, aligned as float and no more, and
// are not kept. What is const is not written, and may be in flash; two const arrays may overlap.
// What is written overlaps nothing else and may hold anything before. All numbers are at least 1,
// and rows, columns and terms at most 65535. No element outside of the arrays may have an effect,
// nor may one row have any on another's result: infinities and nan are values like others. No
// errors, no heap. An interrupt may call an exported function while another runs, so a function
// that keeps something in static memory is not reentrant, and neither is what calls it.
#ifndef JAX_EMBEDDED_DSP_H_
#define JAX_EMBEDDED_DSP_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The sum of a[i] * b[i]. a, b: f32[terms].
float jxe_dot_f32(const float *a, const float *b, uint32_t terms);

// y = a x. a: f32[rows,columns]. x: f32[columns]. y: f32[rows].
void jxe_matrix_vector_f32(const float *a, const float *x, float *y, uint32_t rows,
                           uint32_t columns);

// c = a b. a: f32[rows,terms]. b: f32[terms,columns]. c: f32[rows,columns]. With one row, this is
// the product of a vector and a matrix.
void jxe_matrix_matrix_f32(const float *a, const float *b, float *c, uint32_t rows, uint32_t terms,
                           uint32_t columns);

// The discrete Fourier transform in place, its result in the usual order: data[k] becomes the sum
// of data[j] * exp(-2 pi i j k / N). inverse: 1 for the inverse instead, with the other sign of the
// exponent, divided by N; otherwise 0. data: c64[N], each a real and an imaginary part.
//
// One function for each N, so that a program has the tables of those lengths only that it uses. A
// library need not define those that nothing calls.
#define JXE_FFT_C64(N) void jxe_fft_c64_##N(float data[2 * N], uint32_t inverse)
JXE_FFT_C64(16);
JXE_FFT_C64(32);
JXE_FFT_C64(64);
JXE_FFT_C64(128);
JXE_FFT_C64(256);
JXE_FFT_C64(512);
JXE_FFT_C64(1024);
JXE_FFT_C64(2048);
JXE_FFT_C64(4096);

#ifdef __cplusplus
}
#endif

#endif  // JAX_EMBEDDED_DSP_H_
