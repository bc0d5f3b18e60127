/* The RMS norm of rows, and its gradient. */
#include "numbers.h"

INLINE REAL scale_of(const REAL *row, int64_t width, REAL eps) {
  VECTOR squares = {0};
  for (int64_t c = 0; c < width; c += LANES) {
    const VECTOR x = load(row + c, width - c);
    squares += x * x;
  }
  return 1 / SQRT(sum(squares) / width + eps);
}

INLINE REAL dot(const REAL *a, const REAL *b, int64_t width) {
  VECTOR products = {0};
  for (int64_t c = 0; c < width; c += LANES)
    products += load(a + c, width - c) * load(b + c, width - c);
  return sum(products);
}

/* Write one over the root mean square of each row. */
EXPORT void inverse_rms(const REAL *states, REAL *scales, int64_t rows, int64_t width, double eps,
                        int64_t threads) {
  PARALLEL(threads)
  for (int64_t i = 0; i < rows; i++) scales[i] = scale_of(states + i * width, width, eps);
}

/* Write the gradient by rows, before their norm, of what comes after it. `grads` are the gradients
   by normed rows times `scales`; those of `before`, if given, are added. */
EXPORT void inverse_rms_backward(const REAL *before, const REAL *grads, const REAL *states,
                                 const REAL *scales, REAL *result, int64_t rows, int64_t width,
                                 int64_t threads) {
  PARALLEL(threads)
  for (int64_t i = 0; i < rows; i++) {
    const int64_t at = i * width;
    const REAL along = dot(grads + at, states + at, width) * scales[i] * scales[i] / width;
    for (int64_t c = 0; c < width; c += LANES) {
      VECTOR x = load(grads + at + c, width - c) - load(states + at + c, width - c) * along;
      if (before) x += load(before + at + c, width - c);
      store(result + at + c, x, width - c);
    }
  }
}
