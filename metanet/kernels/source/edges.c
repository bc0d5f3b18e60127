/* Messages along edges, from what is added to their collection at nodes, and the way back. */
#include "runs.h"

/* What all blocks of channels of a pass share; a pointer that is null is left out. */
typedef struct {
  REAL *inner, *messages;
  const REAL *scales, *source, *target, *rows;
  REAL *into, *out_of;
  const REAL *edges, *outer;
  REAL *result;
  int64_t first, width;
  int silu, keep;
} FORWARD;

/* `source_moves` and `target_moves` say whether the nodes change along the run. */
INLINE void send(const FORWARD *f, const RUN *run, int64_t c, int64_t count, int source_moves,
                 int target_moves) {
  const int64_t width = f->width;
  const int64_t source_step = run->source_step * width, target_step = run->target_step * width;
  int64_t s = run->source * width + c, t = run->target * width + c;
  VECTOR base = load(f->rows + run->row * width + c, count);
  if (!source_moves) base += load(f->source + s, count);
  if (!target_moves) base += load(f->target + t, count);
  const REAL per_in = run->per_in, per_out = run->per_out;
  const VECTOR outer = f->outer ? load(f->outer + c, count) : base;
  VECTOR collected = {0};
  for (int64_t k = 0; k < run->count; k++) {
    const int64_t i = run->edge - f->first + k, at = i * width + c;
    VECTOR x = load(f->inner + at, count);
    if (f->scales) x *= f->scales[i];
    x += base;
    if (source_moves) x += load(f->source + s, count);
    if (target_moves) x += load(f->target + t, count);
    if (f->keep) store(f->inner + at, x, count);
    if (f->into) {
      const VECTOR y = f->silu ? x * logistic(x) : where(x < 0, all(0), x);
      if (f->outer)
        store(f->result + at, load(f->edges + at, count) + outer * y, count);
      else
        store(f->messages + at, y, count);
      if (source_moves) add_to(f->out_of + s, y * per_out, count);
      if (target_moves) add_to(f->into + t, y * per_in, count);
      collected += y;
    }
    if (source_moves) s += source_step;
    if (target_moves) t += target_step;
  }
  if (!f->into) return;
  if (!source_moves) add_to(f->out_of + s, collected * per_out, count);
  if (!target_moves) add_to(f->into + t, collected * per_in, count);
}

INLINE void send_any(const FORWARD *f, const RUN *run, int64_t c, int64_t count) {
  if (run->source_step) {
    if (run->target_step) send(f, run, c, count, 1, 1);
    else send(f, run, c, count, 1, 0);
  } else {
    if (run->target_step) send(f, run, c, count, 0, 1);
    else send(f, run, c, count, 0, 0);
  }
}

/* Over edges `first` to `stop` of a plan, whose states begin at `inner`:
     x = inner * scales + source + target + rows; kept in `inner` if `keep`
     y = act(x), into `messages`; or with a vector `outer`, edges + outer * y into `result`
     the sums of y at targets and sources are added to `into` and `out_of`.
   Without `into`, only x is computed. */
EXPORT void send_messages(const int64_t *plan, int64_t axes, int64_t first, int64_t stop,
                          REAL *inner, const REAL *scales, const REAL *source, const REAL *target,
                          const REAL *rows, REAL *messages, REAL *into, REAL *out_of,
                          const REAL *edges, const REAL *outer, REAL *result, int64_t width,
                          int64_t silu, int64_t keep, int64_t threads) {
  const FORWARD f = {inner, messages, scales, source, target, rows,  into, out_of, edges,
                     outer, result,   first,  width,  silu,   keep};
  const int64_t blocks = (width + LANES - 1) / LANES;
  const int64_t shares = threads < blocks ? threads : blocks;
  PARALLEL(shares)
  for (int64_t share = 0; share < shares; share++) {
    WALK walk = begin(plan, axes, first, stop);
    for (RUN run; next(&walk, &run);)
      for (int64_t b = blocks * share / shares; b < blocks * (share + 1) / shares; b++) {
        const int64_t c = b * LANES;
        if (c + LANES <= width) send_any(&f, &run, c, LANES);
        else send_any(&f, &run, c, width - c);
      }
  }
}

typedef struct {
  const REAL *inner;
  REAL *grads, *messages;
  const REAL *scales, *into, *out_of;
  REAL *source, *target, *rows;
  const REAL *before, *outer;
  REAL *by_outer;
  int64_t first, width;
  int silu, has_grads;
} BACKWARD;

INLINE void pull(const BACKWARD *f, const RUN *run, int64_t c, int64_t count, int source_moves,
                 int target_moves) {
  const int64_t width = f->width;
  const int64_t source_step = run->source_step * width, target_step = run->target_step * width;
  int64_t s = run->source * width + c, t = run->target * width + c;
  const REAL per_in = run->per_in, per_out = run->per_out;
  VECTOR base = {0};
  if (!source_moves) base += load(f->out_of + s, count) * per_out;
  if (!target_moves) base += load(f->into + t, count) * per_in;
  const VECTOR outer = f->outer ? load(f->outer + c, count) : base;
  VECTOR collected = {0}, by_outer = {0};
  for (int64_t k = 0; k < run->count; k++) {
    const int64_t i = run->edge - f->first + k, at = i * width + c;
    const VECTOR x = load(f->inner + at, count);
    VECTOR y, slope, grad = base;
    if (f->silu) {
      const VECTOR part = logistic(x);
      y = x * part;
      slope = part + y * (1 - part);
    } else {
      y = where(x < 0, all(0), x);
      slope = where(x > 0, all(1), all(0));
    }
    if (f->has_grads) {
      if (f->outer) {
        const VECTOR before = load(f->before + at, count);
        grad += before * outer;
        by_outer += before * y;
      } else {
        grad += load(f->grads + at, count);
        store(f->messages + at, y, count);
      }
    }
    if (source_moves) grad += load(f->out_of + s, count) * per_out;
    if (target_moves) grad += load(f->into + t, count) * per_in;
    grad *= slope;
    store(f->grads + at, f->scales ? grad * f->scales[i] : grad, count);
    collected += grad;
    if (source_moves) add_to(f->source + s, grad, count), s += source_step;
    if (target_moves) add_to(f->target + t, grad, count), t += target_step;
  }
  if (!source_moves) add_to(f->source + s, collected, count);
  if (!target_moves) add_to(f->target + t, collected, count);
  add_to(f->rows + run->row * width + c, collected, count);
  if (f->outer && f->has_grads) add_to(f->by_outer + c, by_outer, count);
}

INLINE void pull_any(const BACKWARD *f, const RUN *run, int64_t c, int64_t count) {
  if (run->source_step) {
    if (run->target_step) pull(f, run, c, count, 1, 1);
    else pull(f, run, c, count, 1, 0);
  } else {
    if (run->target_step) pull(f, run, c, count, 0, 1);
    else pull(f, run, c, count, 0, 0);
  }
}

/* The way back of `send_messages`, from what it kept in `inner`. `grads` are the gradients by
   messages (read if `has_grads`, and `outer` is no vector), and become those by x, times `scales`;
   `messages` become y again. `into` and `out_of` are gradients by the sums; gradients by `source`,
   `target`, `rows` and a vector `outer` are added to. */
EXPORT void send_messages_backward(const int64_t *plan, int64_t axes, int64_t first, int64_t stop,
                                   const REAL *inner, const REAL *scales, REAL *grads,
                                   REAL *messages, const REAL *into, const REAL *out_of,
                                   REAL *source, REAL *target, REAL *rows, const REAL *before,
                                   const REAL *outer, REAL *by_outer, int64_t width, int64_t silu,
                                   int64_t has_grads, int64_t threads) {
  const BACKWARD f = {inner,  grads, messages, scales, into,  out_of, source, target,
                      rows,   before, outer,   by_outer, first, width, silu,  has_grads};
  const int64_t blocks = (width + LANES - 1) / LANES;
  const int64_t shares = threads < blocks ? threads : blocks;
  PARALLEL(shares)
  for (int64_t share = 0; share < shares; share++) {
    WALK walk = begin(plan, axes, first, stop);
    for (RUN run; next(&walk, &run);)
      for (int64_t b = blocks * share / shares; b < blocks * (share + 1) / shares; b++) {
        const int64_t c = b * LANES;
        if (c + LANES <= width) pull_any(&f, &run, c, LANES);
        else pull_any(&f, &run, c, width - c);
      }
  }
}
