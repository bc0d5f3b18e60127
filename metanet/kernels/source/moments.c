/* Moments of rows of edges, after their RMS norm or not, and their gradient. */
#include "norm.h"

#define PIECE 32

typedef struct {
  const REAL *edges;
  const int64_t *starts;
  int64_t width, norm;
  REAL eps;
} ROWS;

INLINE void moments_of_row(const ROWS *f, REAL *first, REAL *second, int64_t r, int even) {
  const int64_t width = f->width, stop = f->starts[r + 1];
  const REAL per_edge = 1 / (REAL)(stop - f->starts[r]);
  memset(first + r * width, 0, width * sizeof(REAL));
  memset(second + r * width, 0, width * sizeof(REAL));
  for (int64_t start = f->starts[r]; start < stop; start += PIECE) {
    const int64_t size = stop - start < PIECE ? stop - start : PIECE;
    const REAL *edges = f->edges + start * width;
    REAL scales[PIECE];
    for (int64_t k = 0; k < size; k++)
      scales[k] = f->norm ? scale_of(edges + k * width, width, f->eps, even) : 1;
    for (int64_t c = 0; c < width; c += LANES) {
      const int64_t left = even ? LANES : width - c;
      VECTOR sums = {0}, squares = {0};
      for (int64_t k = 0; k < size; k++) {
        const VECTOR x = load(edges + k * width + c, left) * scales[k];
        sums += x;
        squares += x * x;
      }
      add_to(first + r * width + c, sums * per_edge, left);
      add_to(second + r * width + c, squares * per_edge, left);
    }
  }
}

/* For each of `count` rows, the mean of its edges and that of their squares, (count, width) each.
   Row i has the edges from `starts[i]` to `starts[i + 1]`. */
EXPORT void row_moments(const REAL *edges, const int64_t *starts, REAL *first, REAL *second,
                        int64_t count, int64_t width, int64_t norm, double eps, int64_t threads) {
  const ROWS f = {edges, starts, width, norm, (REAL)eps};
  PARALLEL(threads)
  for (int64_t r = 0; r < count; r++) {
    EITHER(width, moments_of_row, &f, first, second, r);
  }
}

INLINE void unmoments_of_row(const ROWS *f, const REAL *by_first, const REAL *by_second,
                             REAL *result, int64_t r, int even) {
  const int64_t width = f->width;
  const REAL per_edge = 1 / (REAL)(f->starts[r + 1] - f->starts[r]);
  const REAL *constant = by_first + r * width, *slope = by_second + r * width;
  for (int64_t i = f->starts[r]; i < f->starts[r + 1]; i++) {
    const REAL *own = f->edges + i * width;
    const REAL scale = f->norm ? scale_of(own, width, f->eps, even) : 1;
    VECTOR products = {0};
    for (int64_t c = 0; c < width; c += LANES) {
      const int64_t left = even ? LANES : width - c;
      const VECTOR x = load(own + c, left) * scale;
      products += x * (load(constant + c, left) + 2 * x * load(slope + c, left));
    }
    const REAL along = f->norm ? sum(products) / width : 0;
    for (int64_t c = 0; c < width; c += LANES) {
      const int64_t left = even ? LANES : width - c;
      const VECTOR x = load(own + c, left) * scale;
      const VECTOR grad = load(constant + c, left) + 2 * x * load(slope + c, left);
      store(result + i * width + c, (grad - x * along) * (scale * per_edge), left);
    }
  }
}

/* The gradient by edges of those by `row_moments`. */
EXPORT void row_moments_backward(const REAL *edges, const int64_t *starts, const REAL *by_first,
                                 const REAL *by_second, REAL *result, int64_t count, int64_t width,
                                 int64_t norm, double eps, int64_t threads) {
  const ROWS f = {edges, starts, width, norm, (REAL)eps};
  PARALLEL(threads)
  for (int64_t r = 0; r < count; r++) {
    EITHER(width, unmoments_of_row, &f, by_first, by_second, result, r);
  }
}
