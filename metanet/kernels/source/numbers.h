/* Vectors of REAL, which is float or double, as long as the processor's, and functions of them.

   A row of any width is worked on in blocks of LANES numbers; the last one may be shorter, and is
   filled up with zeros. Where a loop is hot, its body is an INLINE function that EITHER way calls
   with a constant `even`: whether all blocks are whole.
*/
#ifndef NUMBERS_H
#define NUMBERS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#ifdef __AVX__
#include <immintrin.h>
#endif
#if defined(__AVX512F__) && defined(REAL_IS_FLOAT)
#define SINGLES /* there are instructions for vectors of floats */
#endif

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
#define PRAGMA(text) _Pragma(#text)
#ifdef _OPENMP
#define PARALLEL(threads) PRAGMA(omp parallel for schedule(static) num_threads(threads) if (threads > 1))
#else
#define PARALLEL(threads)
#endif

#define EITHER(width, function, ...)                                                                 \
  if ((width) % LANES)                                                                             \
    function(__VA_ARGS__, 0);                                                                      \
  else                                                                                             \
    function(__VA_ARGS__, 1)

#ifdef REAL_IS_FLOAT
typedef int32_t INTEGER;
#define SQRT sqrtf
#else
typedef int64_t INTEGER;
#define SQRT sqrt
#endif
typedef REAL VECTOR __attribute__((vector_size(BYTES)));
typedef INTEGER INTEGERS __attribute__((vector_size(BYTES)));
#define LANES ((int64_t)(BYTES / sizeof(REAL)))

INLINE VECTOR all(REAL x) { return x - (VECTOR){0}; }

#if defined(__AVX512F__) && defined(REAL_IS_FLOAT)
#define PART(count) ((__mmask16)((1u << (count)) - 1))
#define LOAD(from, count) (VECTOR) _mm512_maskz_loadu_ps(PART(count), from)
#define STORE(to, x, count) _mm512_mask_storeu_ps(to, PART(count), (__m512)x)
#elif defined(__AVX512F__)
#define PART(count) ((__mmask8)((1u << (count)) - 1))
#define LOAD(from, count) (VECTOR) _mm512_maskz_loadu_pd(PART(count), from)
#define STORE(to, x, count) _mm512_mask_storeu_pd(to, PART(count), (__m512d)x)
#elif defined(__AVX__) && defined(REAL_IS_FLOAT)
#define PART(count) ((__m256i)((INTEGERS){0, 1, 2, 3, 4, 5, 6, 7} < (INTEGER)(count)))
#define LOAD(from, count) (VECTOR) _mm256_maskload_ps(from, PART(count))
#define STORE(to, x, count) _mm256_maskstore_ps(to, PART(count), (__m256)x)
#elif defined(__AVX__)
#define PART(count) ((__m256i)((INTEGERS){0, 1, 2, 3} < (INTEGER)(count)))
#define LOAD(from, count) (VECTOR) _mm256_maskload_pd(from, PART(count))
#define STORE(to, x, count) _mm256_maskstore_pd(to, PART(count), (__m256d)x)
#else
#define LOAD(from, count) load_part(from, count)
#define STORE(to, x, count) store_part(to, x, count)

/* In pieces of 2 and 1, whose sizes a compiler knows. */
INLINE VECTOR load_part(const REAL *from, int64_t count) {
  REAL parts[BYTES / sizeof(REAL)] = {0};
  VECTOR x;
  for (int64_t half = LANES / 2, i = 0; half; half /= 2)
    if (count & half) memcpy(parts + i, from + i, half * sizeof(REAL)), i += half;
  memcpy(&x, parts, sizeof(x));
  return x;
}

INLINE void store_part(REAL *to, VECTOR x, int64_t count) {
  REAL parts[BYTES / sizeof(REAL)];
  memcpy(parts, &x, sizeof(x));
  for (int64_t half = LANES / 2, i = 0; half; half /= 2)
    if (count & half) memcpy(to + i, parts + i, half * sizeof(REAL)), i += half;
}
#endif

INLINE VECTOR load(const REAL *from, int64_t count) {
  VECTOR x = {0};
  if (count >= LANES)
    memcpy(&x, from, sizeof(x));
  else
    x = LOAD(from, count);
  return x;
}

INLINE void store(REAL *to, VECTOR x, int64_t count) {
  if (count >= LANES)
    memcpy(to, &x, sizeof(x));
  else
    STORE(to, x, count);
}

INLINE void add_to(REAL *to, VECTOR x, int64_t count) { store(to, load(to, count) + x, count); }

#ifdef __has_builtin
#define HAS(builtin) __has_builtin(builtin)
#else
#define HAS(builtin) 0
#endif

INLINE REAL sum(VECTOR x) {
#if HAS(__builtin_shufflevector) && defined(SINGLES)
  x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  x += __builtin_shufflevector(x, x, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
  return x[0];
#else
  REAL parts[BYTES / sizeof(REAL)];
  memcpy(parts, &x, sizeof(x));
  for (int64_t half = LANES / 2; half; half /= 2)
    for (int64_t i = 0; i < half; i++) parts[i] += parts[i + half];
  return parts[0];
#endif
}

/* The first `count` numbers, and zeros. */
INLINE VECTOR first(VECTOR x, int64_t count) { return load((const REAL *)&x, count); }

INLINE VECTOR where(INTEGERS condition, VECTOR yes, VECTOR no) {
  return (VECTOR)((condition & (INTEGERS)yes) | (~condition & (INTEGERS)no));
}

/* Adding this makes the integer part of a small number the low bits of the sum. */
#ifdef REAL_IS_FLOAT
#define ROUNDER 0x1.8p23f
#define BIAS 127
#define MANTISSA 23
#define LARGEST 87.0f
#define LN2_HIGH 0x1.62ep-1f
#define LN2_LOW 0x1.0bfbe8p-15f
#else
#define ROUNDER 0x1.8p52
#define BIAS 1023
#define MANTISSA 52
#define LARGEST 708.0
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#endif

/* e to the x, within 2 units in the last place; x is first cut to +-LARGEST, where e to the x and
   its inverse are normal numbers. Not a number stays not a number. */
INLINE VECTOR exponential(VECTOR x) {
#ifdef SINGLES
  x = (VECTOR)_mm512_min_ps((__m512)all(LARGEST), _mm512_max_ps((__m512)all(-LARGEST), (__m512)x));
#else
  x = where(x < all(-LARGEST), all(-LARGEST), x);
  x = where(x > all(LARGEST), all(LARGEST), x);
#endif
  const VECTOR shifted = x * (REAL)1.4426950408889634074 + (REAL)ROUNDER;
  const VECTOR whole = shifted - (REAL)ROUNDER;
  const VECTOR r = x - whole * (REAL)LN2_HIGH - whole * (REAL)LN2_LOW;
  static const REAL taylor[] = {
#ifndef REAL_IS_FLOAT
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
      1.0 / 362880,     1.0 / 40320,     1.0 / 5040,
#endif
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5, 1, 1};
  VECTOR p = all(taylor[0]);
  for (size_t i = 1; i < sizeof(taylor) / sizeof(REAL); i++) p = p * r + taylor[i];
#ifdef SINGLES
  return (VECTOR)_mm512_scalef_ps((__m512)p, (__m512)whole);
#else
  const VECTOR one = all(ROUNDER);
  const INTEGERS power = ((INTEGERS)shifted - (INTEGERS)one + BIAS) << MANTISSA;
  return p * (VECTOR)power;
#endif
}

/* One over x of 1 or more, within a unit in the last place or two. */
INLINE VECTOR inverse(VECTOR x) {
#ifdef SINGLES
  const VECTOR near = (VECTOR)_mm512_rcp14_ps((__m512)x);
  return near + near * ((REAL)1 - x * near);
#else
  return (REAL)1 / x;
#endif
}

INLINE VECTOR logistic(VECTOR x) { return inverse((REAL)1 + exponential(-x)); }

#endif
