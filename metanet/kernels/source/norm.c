/* The RMS norm of rows, and its gradient. */
#include "norm.h"

INLINE void scale_row(const REAL *states, REAL *scales, int64_t i, int64_t width, REAL eps,
                      int even) {
  scales[i] = scale_of(states + i * width, width, eps, even);
}

/* Write one over the root mean square of each row. */
EXPORT void inverse_rms(const REAL *states, REAL *scales, int64_t rows, int64_t width, double eps,
                        int64_t threads) {
  PARALLEL(threads)
  for (int64_t i = 0; i < rows; i++) {
    EITHER(width, scale_row, states, scales, i, width, (REAL)eps);
  }
}

INLINE void unscale_row(const REAL *before, const REAL *grads, const REAL *states, REAL scale,
                        REAL *result, int64_t width, int even) {
  const REAL along = dot(grads, states, width, even) * scale * scale / width;
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    VECTOR x = load(grads + c, left) - load(states + c, left) * along;
    if (before) x += load(before + c, left);
    store(result + c, x, left);
  }
}

/* Write the gradient by rows, before their norm, of what comes after it. `grads` are the gradients
   by normed rows times `scales`; those of `before`, if given, are added. */
EXPORT void inverse_rms_backward(const REAL *before, const REAL *grads, const REAL *states,
                                 const REAL *scales, REAL *result, int64_t rows, int64_t width,
                                 int64_t threads) {
  PARALLEL(threads)
  for (int64_t i = 0; i < rows; i++) {
    const int64_t at = i * width;
    const REAL *over = before ? before + at : NULL;
    EITHER(width, unscale_row, over, grads + at, states + at, scales[i], result + at, width);
  }
}
