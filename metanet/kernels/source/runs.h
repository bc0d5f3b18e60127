/* Walking over the edges of a plan in runs: edges one after the other, of one row, whose sources
   and targets are one node each or lie evenly apart.

   A plan is a table with a line for each slice:
     first edge, end of its edges, first source, first target, first row,
     what messages are multiplied by at their target and at their source,
     then AXES sizes, steps of the source, and steps of the target along each axis.
   The first axis is that of networks, and each of them has a row. Numbers are 64 bits wide; the two
   factors are stored as doubles.
*/
#ifndef RUNS_H
#define RUNS_H

#include "numbers.h"

#define LONGEST 32
#define MOST_AXES 16
#define FIXED 7

typedef struct {
  int64_t edge, count, source, target, row, source_step, target_step;
  REAL per_in, per_out;
} RUN;

typedef struct {
  const int64_t *line;
  int64_t axes, edge, stop, source, target, place[MOST_AXES];
} WALK;

INLINE REAL number(int64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return (REAL)x;
}

/* Go to an edge of the current line. */
INLINE void enter(WALK *walk, int64_t edge) {
  const int64_t *line = walk->line, axes = walk->axes;
  int64_t rest = edge - line[0];
  walk->edge = edge;
  walk->source = line[2];
  walk->target = line[3];
  for (int64_t a = axes - 1; a >= 0; a--) {
    const int64_t size = line[FIXED + a];
    walk->place[a] = rest % size;
    rest /= size;
    walk->source += walk->place[a] * line[FIXED + axes + a];
    walk->target += walk->place[a] * line[FIXED + 2 * axes + a];
  }
}

/* Begin at edge `start` of a table, to end before `stop`. */
INLINE WALK begin(const int64_t *table, int64_t axes, int64_t start, int64_t stop) {
  WALK walk = {.line = table, .axes = axes, .stop = stop};
  while (walk.line[1] <= start) walk.line += FIXED + 3 * axes;
  enter(&walk, start);
  return walk;
}

/* Give the next run; 0 if there is none. */
INLINE int next(WALK *walk, RUN *run) {
  const int64_t axes = walk->axes, last = axes - 1;
  if (walk->edge >= walk->stop) return 0;
  if (walk->edge >= walk->line[1]) {
    walk->line += FIXED + 3 * axes;
    enter(walk, walk->edge);
  }
  const int64_t *sizes = walk->line + FIXED, *sources = sizes + axes, *targets = sources + axes;
  int64_t count = sizes[last] - walk->place[last];
  if (count > LONGEST) count = LONGEST;
  if (count > walk->stop - walk->edge) count = walk->stop - walk->edge;
  *run = (RUN){walk->edge,     count,         walk->source,          walk->target,
               walk->line[4] + walk->place[0], sources[last], targets[last],
               number(walk->line[5]), number(walk->line[6])};
  walk->edge += count;
  walk->place[last] += count;
  walk->source += count * sources[last];
  walk->target += count * targets[last];
  for (int64_t a = last; a > 0 && walk->place[a] == sizes[a]; a--) {
    walk->place[a] = 0;
    walk->source += sources[a - 1] - sizes[a] * sources[a];
    walk->target += targets[a - 1] - sizes[a] * targets[a];
    walk->place[a - 1]++;
  }
  return 1;
}

#endif
