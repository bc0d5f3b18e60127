/* The RMS norm of one row. */
#ifndef NORM_H
#define NORM_H

#include "numbers.h"

/* One over the root mean square. */
INLINE REAL scale_of(const REAL *row, int64_t width, REAL eps, int even) {
  VECTOR squares = {0};
  for (int64_t c = 0; c < width; c += LANES) {
    const VECTOR x = load(row + c, even ? LANES : width - c);
    squares += x * x;
  }
  return 1 / SQRT(sum(squares) / width + eps);
}

INLINE REAL dot(const REAL *a, const REAL *b, int64_t width, int even) {
  VECTOR products = {0};
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    products += load(a + c, left) * load(b + c, left);
  }
  return sum(products);
}

#endif
