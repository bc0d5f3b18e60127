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

/* Step `count` places from column j on of row i of network a, of which `total` are the sums;
   `active` is space for them. */
INLINE void step_places(const STEP *f, int64_t a, int64_t i, int64_t j, int64_t count,
                        REAL *active, REAL *total, int added, int even) {
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  const int64_t place = (a * f->n + i) * f->m + j;
  const REAL *beside = added ? f->from_rows + a * f->from_rows_network + i * f->from_rows_step : 0;
  const REAL *above =
      added ? f->from_columns + a * f->from_columns_network + j * f->from_columns_step : 0;
  REAL *columns = f->columns ? f->columns + a * f->columns_network + j * f->columns_step : 0;
  REAL *inner = f->inner + place * f->inner_step, *result = f->result + place * f->result_step;
  const REAL *states = f->states + place * f->states_step;
  VECTOR sums[TOGETHER] = {0}, squares[TOGETHER] = {0};
  REAL mean[TOGETHER] = {0}, rstd[TOGETHER] = {0};
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    const VECTOR from_row = added ? load(beside + c, left) : all(0);
    for (int64_t k = 0; k < count; k++) {
      REAL *own = inner + k * f->inner_step + c;
      VECTOR x = load(own, left);
      if (added) {
        x += from_row + load(above + k * f->from_columns_step + c, left);
        if (f->keep) store(own, x, left);
      }
      const VECTOR y = x * logistic(x);
      store(active + k * padded + c, y, LANES);
      sums[k] += y;
    }
  }
  const REAL share = (REAL)1 / width;
  for (int64_t k = 0; k < count; k++) mean[k] = sum(sums[k]) * share;
  for (int64_t c = 0; c < width; c += LANES)
    for (int64_t k = 0; k < count; k++) {
      const VECTOR y = load(active + k * padded + c, LANES) - mean[k];
      squares[k] += even || c + LANES <= width ? y * y : first(y * y, width - c);
    }
  for (int64_t k = 0; k < count; k++) rstd[k] = sum(squares[k]) * share + f->eps;
  for (int64_t k = 0; k < TOGETHER; k++) rstd[k] = 1 / SQRT(rstd[k]);
  if (f->keep) {
    memcpy(f->mean + place, mean, count * sizeof(REAL));
    memcpy(f->rstd + place, rstd, count * sizeof(REAL));
  }
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    const VECTOR scale = load(f->scale + c, left), shift = load(f->shift + c, left);
    VECTOR collected = load(total + c, LANES);
    for (int64_t k = 0; k < count; k++) {
      const VECTOR y = (load(active + k * padded + c, LANES) - mean[k]) * rstd[k];
      const VECTOR x = load(states + k * f->states_step + c, left) + y * scale + shift;
      store(result + k * f->result_step + c, x, left);
      collected += x;
      if (columns) add_to(columns + k * f->columns_step + c, x * f->per_column, left);
    }
    store(total + c, collected, LANES);
  }
}

/* Step network a; `added` says whether there is anything to add from rows and columns, `even`
   whether the width is a whole number of vectors. */
INLINE void step_network(const STEP *shared, int64_t a, int added, int even) {
  const STEP own = *shared, *f = &own; /* which no store can change */
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  REAL *active = malloc((TOGETHER + 1) * padded * sizeof(REAL)), *total = active + TOGETHER * padded;
  for (int64_t i = 0; i < f->n; i++) {
    int64_t j = 0;
    memset(total, 0, padded * sizeof(REAL));
    for (; j + TOGETHER <= f->m; j += TOGETHER)
      step_places(f, a, i, j, TOGETHER, active, total, added, even);
    if (j < f->m) step_places(f, a, i, j, f->m - j, active, total, added, even);
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

/* Pull gradients back through `count` places; `space` is for three vectors of each. */
INLINE void unstep_places(const UNSTEP *f, int64_t a, int64_t i, int64_t j, int64_t count,
                          REAL *space, REAL *total, int added, int even) {
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  const int64_t place = (a * f->n + i) * f->m + j, size = TOGETHER * padded;
  const REAL *beside = added ? f->from_rows + a * f->from_rows_network + i * f->from_rows_step : 0;
  const REAL *above =
      added ? f->from_columns + a * f->from_columns_network + j * f->from_columns_step : 0;
  REAL *columns = f->columns ? f->columns + a * f->columns_network + j * f->columns_step : 0;
  REAL *by_scale = f->parts + a * f->parts_network, *by_shift = by_scale + f->parts_half;
  const REAL *inner = f->inner + place * f->inner_step;
  VECTOR levels[TOGETHER] = {0}, tilts[TOGETHER] = {0};
  REAL level[TOGETHER], tilt[TOGETHER];
  const REAL share = (REAL)1 / width;
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    const VECTOR from_row = added ? load(beside + c, left) : all(0), scale = load(f->scale + c, left);
    VECTOR along_scale = load(by_scale + c, left), along_shift = load(by_shift + c, left);
    for (int64_t k = 0; k < count; k++) {
      const VECTOR x = load(inner + k * f->inner_step + c, left);
      const VECTOR part = logistic(x), y = x * part;
      const VECTOR unit = (y - f->mean[place + k]) * f->rstd[place + k];
      VECTOR grad = from_row;
      if (added) grad += load(above + k * f->from_columns_step + c, left);
      if (f->grads) grad += load(f->grads + (place + k) * f->grads_step + c, left);
      if (f->back) store(f->back + (place + k) * f->back_step + c, grad, left);
      along_scale += grad * unit;
      along_shift += grad;
      grad *= scale;
      REAL *own = space + k * padded + c;
      store(own, unit, LANES);
      store(own + size, part + y * (1 - part), LANES);
      store(own + 2 * size, grad, LANES);
      levels[k] += grad;
      tilts[k] += grad * unit;
    }
    store(by_scale + c, along_scale, left);
    store(by_shift + c, along_shift, left);
  }
  for (int64_t k = 0; k < count; k++) {
    level[k] = sum(levels[k]) * share;
    tilt[k] = sum(tilts[k]) * share;
  }
  for (int64_t c = 0; c < width; c += LANES) {
    const int64_t left = even ? LANES : width - c;
    VECTOR collected = load(total + c, LANES);
    for (int64_t k = 0; k < count; k++) {
      const REAL *own = space + k * padded + c;
      const VECTOR inside = load(own + 2 * size, LANES) - level[k] - load(own, LANES) * tilt[k];
      const VECTOR x = inside * f->rstd[place + k] * load(own + size, LANES);
      store(f->change + (place + k) * f->change_step + c, x, left);
      collected += x;
      if (columns) add_to(columns + k * f->columns_step + c, x, left);
    }
    store(total + c, collected, LANES);
  }
}

INLINE void unstep_network(const UNSTEP *shared, int64_t a, int added, int even) {
  const UNSTEP own = *shared, *f = &own; /* which no store can change */
  const int64_t width = f->width, padded = (width + LANES - 1) / LANES * LANES;
  REAL *space = malloc((3 * TOGETHER + 1) * padded * sizeof(REAL));
  REAL *total = space + 3 * TOGETHER * padded, *by_scale = f->parts + a * f->parts_network;
  memset(by_scale, 0, width * sizeof(REAL));
  memset(by_scale + f->parts_half, 0, width * sizeof(REAL));
  for (int64_t i = 0; i < f->n; i++) {
    int64_t j = 0;
    memset(total, 0, padded * sizeof(REAL));
    for (; j + TOGETHER <= f->m; j += TOGETHER)
      unstep_places(f, a, i, j, TOGETHER, space, total, added, even);
    if (j < f->m) unstep_places(f, a, i, j, f->m - j, space, total, added, even);
    if (f->rows)
      for (int64_t c = 0; c < width; c += LANES)
        store(f->rows + a * f->rows_network + i * f->rows_step + c, load(total + c, LANES),
              even ? LANES : width - c);
  }
  free(space);
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
