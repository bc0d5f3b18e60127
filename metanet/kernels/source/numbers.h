/* Vectors of 64 bytes of REAL, which is float or double, and functions of them.

   Compilers turn them into what the processor has. A row of any width is worked on in blocks of
   LANES numbers; the last one may be shorter, and is filled up with zeros. Where a loop is hot, its
   body is an INLINE function that EITHER way calls with a constant `even`: whether all blocks are
   whole.
*/
#ifndef NUMBERS_H
#define NUMBERS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
typedef REAL VECTOR __attribute__((vector_size(64)));
typedef INTEGER INTEGERS __attribute__((vector_size(64)));
#define LANES ((int64_t)(64 / sizeof(REAL)))

INLINE VECTOR all(REAL x) { return x - (VECTOR){0}; }

INLINE VECTOR load(const REAL *from, int64_t count) {
  VECTOR x = {0};
  if (count >= LANES)
    memcpy(&x, from, sizeof(x));
  else
    memcpy(&x, from, count * sizeof(REAL));
  return x;
}

INLINE void store(REAL *to, VECTOR x, int64_t count) {
  if (count >= LANES)
    memcpy(to, &x, sizeof(x));
  else
    memcpy(to, &x, count * sizeof(REAL));
}

INLINE void add_to(REAL *to, VECTOR x, int64_t count) { store(to, load(to, count) + x, count); }

INLINE REAL sum(VECTOR x) {
  REAL parts[64 / sizeof(REAL)];
  memcpy(parts, &x, sizeof(x));
  for (int64_t half = LANES / 2; half; half /= 2)
    for (int64_t i = 0; i < half; i++) parts[i] += parts[i + half];
  return parts[0];
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
  x = where(x < all(-LARGEST), all(-LARGEST), x);
  x = where(x > all(LARGEST), all(LARGEST), x);
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
  const VECTOR one = all(ROUNDER);
  const INTEGERS power = ((INTEGERS)shifted - (INTEGERS)one + BIAS) << MANTISSA;
  return p * (VECTOR)power;
}

INLINE VECTOR logistic(VECTOR x) { return (REAL)1 / ((REAL)1 + exponential(-x)); }

#endif
