/* The step of a grid: states plus the layer norm of a SiLU, and its gradient.

   A grid (networks, n, m, width) has its places one after the other, a step apart. Its rows are
   (networks, n, width) and its columns (networks, m, width), each with steps from network to network
   and from line to line; the numbers of a width lie together. Places are worked on TOGETHER, so that
   no one waits for another's moments. */
#include "numbers.h"
#include <stdlib.h>

#define TOGETHER 8

typedef struct {
  REAL *inner;
  const REAL *states;
  REAL *result;
  const REAL *from_rows, *from_columns, *scale, *shift;
  REAL *mean, *rstd, *rows, *columns;
  int64_t n, m, width, inner_step, states_step, result_step;
  int64_t from_rows_network, from_rows_step, from_columns_network, from_columns_step;
  int64_t rows_network, rows_step, columns_network, columns_step;
  REAL per_row, per_column, eps;
  int64_t keep;
} STEP;

/* Step network `a`; `even` says whether the width is a whole number of vectors, `added` whether
   there is anything to add from rows and columns. */
INLINE void step_network(const STEP *f, int64_t a, int added, int even) {
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  REAL *active = malloc((TOGETHER + 1) * padded * sizeof(REAL)), *total = active + TOGETHER * padded;
  for (int64_t i = 0; i < f->n; i++) {
    const REAL *beside = added ? f->from_rows + a * f->from_rows_network + i * f->from_rows_step : 0;
    memset(total, 0, padded * sizeof(REAL));
    for (int64_t j = 0; j < f->m; j += TOGETHER) {
      const int64_t place = (a * f->n + i) * f->m + j;
      const int64_t count = f->m - j < TOGETHER ? f->m - j : TOGETHER;
      const REAL *above =
          added ? f->from_columns + a * f->from_columns_network + j * f->from_columns_step : 0;
      REAL mean[TOGETHER], rstd[TOGETHER];
      for (int64_t k = 0; k < count; k++) {
        VECTOR sums = {0};
        for (int64_t c = 0; c < width; c += LANES) {
          const int64_t left = even ? LANES : width - c;
          REAL *own = f->inner + (place + k) * f->inner_step + c;
          VECTOR x = load(own, left);
          if (added) {
            x += load(beside + c, left) + load(above + k * f->from_columns_step + c, left);
            if (f->keep) store(own, x, left);
          }
          const VECTOR y = x * logistic(x);
          store(active + k * padded + c, y, LANES);
          sums += y;
        }
        mean[k] = sum(sums) / width;
      }
      for (int64_t k = 0; k < count; k++) {
        VECTOR squares = {0};
        for (int64_t c = 0; c < width; c += LANES) {
          const VECTOR y = load(active + k * padded + c, LANES) - mean[k];
          squares += even || c + LANES <= width ? y * y : first(y * y, width - c);
        }
        rstd[k] = 1 / SQRT(sum(squares) / width + f->eps);
        if (f->keep) f->mean[place + k] = mean[k], f->rstd[place + k] = rstd[k];
      }
      for (int64_t k = 0; k < count; k++)
        for (int64_t c = 0; c < width; c += LANES) {
          const int64_t left = even ? LANES : width - c;
          const VECTOR y = (load(active + k * padded + c, LANES) - mean[k]) * rstd[k];
          const VECTOR x = load(f->states + (place + k) * f->states_step + c, left) +
                           y * load(f->scale + c, left) + load(f->shift + c, left);
          store(f->result + (place + k) * f->result_step + c, x, left);
          add_to(total + c, x, LANES);
          if (f->columns)
            add_to(f->columns + a * f->columns_network + (j + k) * f->columns_step + c,
                   x * f->per_column, left);
        }
    }
    if (f->rows)
      for (int64_t c = 0; c < width; c += LANES)
        store(f->rows + a * f->rows_network + i * f->rows_step + c,
              load(total + c, LANES) * f->per_row, even ? LANES : width - c);
  }
  free(active);
}

/* For each place of a grid, with y = silu(inner + from_rows + from_columns):
     result = states + (y - mean) * rstd * scale + shift
   `from_rows` and `from_columns` may both be null. `result` may be `states`. Sums of `result` along m, times `per_row`, are written to `rows`; sums
   along n, times `per_column`, are added to `columns`; either may be null. With `keep`, `inner`
   gets what SiLU is applied to, and mean and rstd are written, (networks, n, m). */
EXPORT void grid_step(REAL *inner, const REAL *states, REAL *result, const REAL *from_rows,
                      const REAL *from_columns, const REAL *scale, const REAL *shift, REAL *mean,
                      REAL *rstd, REAL *rows, REAL *columns, int64_t networks, int64_t n, int64_t m,
                      int64_t width, int64_t inner_step, int64_t states_step, int64_t result_step,
                      int64_t from_rows_network, int64_t from_rows_step,
                      int64_t from_columns_network, int64_t from_columns_step,
                      int64_t rows_network, int64_t rows_step, int64_t columns_network,
                      int64_t columns_step, double per_row, double per_column, double eps,
                      int64_t keep, int64_t threads) {
  const STEP f = {
      inner, states, result, from_rows, from_columns, scale, shift, mean, rstd, rows, columns,
      n, m, width, inner_step, states_step, result_step,
      from_rows_network, from_rows_step, from_columns_network, from_columns_step,
      rows_network, rows_step, columns_network, columns_step,
      per_row, per_column, eps, keep};
  PARALLEL(threads)
  for (int64_t a = 0; a < networks; a++) {
    if (from_rows) {
      EITHER(width, step_network, &f, a, 1);
    } else {
      EITHER(width, step_network, &f, a, 0);
    }
  }
}

typedef struct {
  const REAL *inner, *mean, *rstd, *grads, *from_rows, *from_columns, *scale;
  REAL *back, *change, *rows, *columns, *parts;
  int64_t n, m, width, inner_step, grads_step, back_step, change_step;
  int64_t from_rows_network, from_rows_step, from_columns_network, from_columns_step;
  int64_t rows_network, rows_step, columns_network, columns_step, parts_network, parts_half;
} UNSTEP;

INLINE void unstep_network(const UNSTEP *f, int64_t a, int added, int even) {
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  REAL *normed = malloc((3 * TOGETHER + 1) * padded * sizeof(REAL));
  REAL *scaled = normed + TOGETHER * padded, *slopes = scaled + TOGETHER * padded;
  REAL *total = slopes + TOGETHER * padded;
  REAL *by_scale = f->parts + a * f->parts_network, *by_shift = by_scale + f->parts_half;
  memset(by_scale, 0, width * sizeof(REAL));
  memset(by_shift, 0, width * sizeof(REAL));
  for (int64_t i = 0; i < f->n; i++) {
    const REAL *beside = added ? f->from_rows + a * f->from_rows_network + i * f->from_rows_step : 0;
    memset(total, 0, padded * sizeof(REAL));
    for (int64_t j = 0; j < f->m; j += TOGETHER) {
      const int64_t place = (a * f->n + i) * f->m + j;
      const int64_t count = f->m - j < TOGETHER ? f->m - j : TOGETHER;
      const REAL *above =
          added ? f->from_columns + a * f->from_columns_network + j * f->from_columns_step : 0;
      REAL level[TOGETHER], tilt[TOGETHER];
      for (int64_t k = 0; k < count; k++) {
        VECTOR levels = {0}, tilts = {0};
        const REAL mean = f->mean[place + k], rstd = f->rstd[place + k];
        for (int64_t c = 0; c < width; c += LANES) {
          const int64_t left = even ? LANES : width - c;
          const VECTOR x = load(f->inner + (place + k) * f->inner_step + c, left);
          const VECTOR part = logistic(x), y = x * part, unit = (y - mean) * rstd;
          VECTOR grad = {0};
          if (added)
            grad = load(beside + c, left) + load(above + k * f->from_columns_step + c, left);
          if (f->grads) grad += load(f->grads + (place + k) * f->grads_step + c, left);
          if (f->back) store(f->back + (place + k) * f->back_step + c, grad, left);
          add_to(by_scale + c, grad * unit, left);
          add_to(by_shift + c, grad, left);
          grad *= load(f->scale + c, left);
          store(normed + k * padded + c, unit, LANES);
          store(slopes + k * padded + c, part + y * (1 - part), LANES);
          store(scaled + k * padded + c, grad, LANES);
          levels += grad;
          tilts += grad * unit;
        }
        level[k] = sum(levels) / width;
        tilt[k] = sum(tilts) / width;
      }
      for (int64_t k = 0; k < count; k++)
        for (int64_t c = 0; c < width; c += LANES) {
          const int64_t left = even ? LANES : width - c, own = k * padded + c;
          const VECTOR inside = load(scaled + own, LANES) - level[k] - load(normed + own, LANES) * tilt[k];
          const VECTOR x = inside * f->rstd[place + k] * load(slopes + own, LANES);
          store(f->change + (place + k) * f->change_step + c, x, left);
          add_to(total + c, x, LANES);
          if (f->columns)
            add_to(f->columns + a * f->columns_network + (j + k) * f->columns_step + c, x, left);
        }
    }
    if (f->rows)
      for (int64_t c = 0; c < width; c += LANES)
        store(f->rows + a * f->rows_network + i * f->rows_step + c, load(total + c, LANES),
              even ? LANES : width - c);
  }
  free(normed);
}

/* The way back, from what `grid_step` kept. The gradient by `result` is `grads` (or nothing) plus
   `from_rows` and `from_columns` (or neither); it is written to `back`, if given, which is that by
   `states`, and the one by `inner` to `change`. Sums of `change` along m are written to `rows`, those along n are added to
   `columns`. `parts` gets each network's gradients by scale, and after `parts_half` numbers those by
   shift. */
EXPORT void grid_step_backward(const REAL *inner, const REAL *mean, const REAL *rstd,
                               const REAL *grads, const REAL *from_rows, const REAL *from_columns,
                               const REAL *scale, REAL *back, REAL *change, REAL *rows,
                               REAL *columns, REAL *parts, int64_t networks, int64_t n, int64_t m,
                               int64_t width, int64_t inner_step, int64_t grads_step,
                               int64_t back_step, int64_t change_step, int64_t from_rows_network,
                               int64_t from_rows_step, int64_t from_columns_network,
                               int64_t from_columns_step, int64_t rows_network, int64_t rows_step,
                               int64_t columns_network, int64_t columns_step,
                               int64_t parts_network, int64_t parts_half, int64_t threads) {
  const UNSTEP f = {
      inner, mean, rstd, grads, from_rows, from_columns, scale, back, change, rows, columns, parts,
      n, m, width, inner_step, grads_step, back_step, change_step,
      from_rows_network, from_rows_step, from_columns_network, from_columns_step,
      rows_network, rows_step, columns_network, columns_step, parts_network, parts_half};
  PARALLEL(threads)
  for (int64_t a = 0; a < networks; a++) {
    if (from_rows) {
      EITHER(width, unstep_network, &f, a, 1);
    } else {
      EITHER(width, unstep_network, &f, a, 0);
    }
  }
}
