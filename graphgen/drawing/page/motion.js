// A symmetry shown: rows glide to their new places, then columns; and the weights that come of it.

// The grids of the blocks that an example moves, before, with rows moved, and after.
function moves(network, grids, example) {
  const result = new Map();
  for (const move of example.moves) {
    const part = {
      ...move,
      to: network.list(move.to_rows), rows: network.list(move.rows),
      columns: network.list(move.columns), cells: network.list(move.cells),
      rowFactors: network.list(move.row_factors), columnFactors: network.list(move.column_factors),
      cellFactors: network.list(move.cell_factors),
      rowBins: network.list(move.row_bins), columnBins: network.list(move.column_bins),
    };
    if (!result.has(move.block)) result.set(move.block, { parts: [] });
    result.get(move.block).parts.push(part);
  }
  for (const [index, found] of result) {
    found.before = grids.make(index, "this", "rms");
    if (!found.before) result.delete(index);
    else Object.assign(found, found.before.kind === "exact"
      ? movedCells(network, grids, index, found) : movedBins(network, grids, index, found));
  }
  return result;
}

function movedCells(network, grids, index, { parts, before }) {
  const matrix = network.matrices[index];
  const { high, wide, columns: count, rows: height } = matrix;
  const middle = before.array.slice(), after = before.array.slice();
  for (const part of parts) {
    const old = grids.make(part.from, "this", "rms").array;
    const filled = part.to || Array.from({ length: height }, (_, row) => row);
    for (const row of filled) {
      const oldRow = part.rows ? part.rows[row] : row;
      for (let column = 0; column < count; column++) {
        const cell = part.cells ? part.cells[row * count + column] : null;
        const fromRow = cell === null ? oldRow : Math.floor(cell / count);
        const fromColumn = cell === null ? (part.columns ? part.columns[column] : column) : cell % count;
        const factor = part.cellFactors ? part.cellFactors[row * count + column]
          : (part.rowFactors ? part.rowFactors[row] : 1) * (part.columnFactors ? part.columnFactors[column] : 1);
        for (let i = 0; i < high; i++) {
          for (let j = 0; j < wide; j++) {
            const at = (row * high + i) * matrix.width + column * wide + j;
            middle[at] = old[(oldRow * high + i) * matrix.width + column * wide + j];
            after[at] = old[(fromRow * high + i) * matrix.width + fromColumn * wide + j] * factor;
          }
        }
      }
    }
  }
  const grid = (array) => new Grid(array, before.height, before.width, "exact");
  return { middle: grid(middle), exact: grid(after) };
}

// Bins move where they move as wholes; else they stay, and only norms could tell.
function movedBins(network, grids, index, { parts, before }) {
  const result = {};
  for (const kind of ["rms", "mean"]) {
    const old = grids.make(index, "this", kind);
    let array = old.array;
    for (const { bins, rowBins, columnBins } of parts) {
      if (!bins) continue;
      array = Float32Array.from(array, (_, at) => {
        const row = Math.floor(at / old.width), column = at % old.width;
        return old.at(rowBins ? rowBins[row] : row, columnBins ? columnBins[column] : column);
      });
    }
    result[kind] = new Grid(array, before.height, before.width, old.kind);
  }
  return { ...result, middle: result.rms };
}

// The way there (or back): `part` runs from 0 to 2, rows first.
class Motion {
  constructor(app, example, found, back) {
    Object.assign(this, { app, example, found, back, part: back ? 2 : 0 });
  }

  run(done) {
    const time = this.app.camera.calm.matches ? 1 : 1500;
    const start = performance.now();
    const step = (now) => {
      // Another motion, or none, may have taken its place.
      if (this.app.motion !== this) return undefined;
      const part = Math.min(1, Math.max(0, (now - start) / time));
      this.part = this.back ? 2 - 2 * part : 2 * part;
      if (part < 1) this.app.redraw();
      else return done();
      requestAnimationFrame(step);
      return undefined;
    };
    requestAnimationFrame(step);
  }

  eased(phase) {
    const part = Math.max(0, Math.min(1, this.part - phase));
    return part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) ** 2;
  }

  // Where the neuron that ends up in a row is now.
  rows(group) {
    const nodes = this.app.network.list(this.example.nodes[group]);
    if (!nodes) return null;
    const part = this.eased(0);
    return (row) => nodes[row] + (row - nodes[row]) * part;
  }

  draw(base, box, rect) {
    const found = this.found.get(box.block);
    if (!found) return false;
    const { images, look } = this.app;
    const limit = images.limit(box.block, "this", look);
    const picture = (grid) =>
      images.draw(grid.pooled(fewer(grid.height, Infinity), fewer(grid.width, Infinity)), limit, look);
    base.context.imageSmoothingEnabled = false;
    if (this.part < 1) this.glideRows(base, box, rect, found, picture);
    else this.glideColumns(base, box, rect, found, picture);
    return true;
  }

  glideRows(base, box, rect, found, picture) {
    const { app } = this;
    const { context, view } = base;
    const part = this.eased(0);
    base.picture(picture(found.before), rect);
    if (found.before.kind !== "exact") return;
    const { rows: count } = app.network.matrices[box.block];
    const pitch = rect.h / count;
    for (const move of found.parts) {
      if (!move.rows) continue;
      const other = app.network.boxOfBlock.get(move.from);
      const place = other && app.layout.boxes.get(other.id);
      const from = place ? base.rect(place) : rect;
      const canvas = picture(move.from === box.block ? found.before : app.grids.make(move.from, "this", "rms"));
      // What goes far is drawn last, above what stays.
      const order = [...(move.to || move.rows.keys())]
        .sort((a, b) => Math.abs(move.rows[a] - a) - Math.abs(move.rows[b] - b));
      const lines = canvas.height / count;
      for (const row of order) {
        const start = from.y + move.rows[row] * pitch;
        const y = start + (rect.y + row * pitch - start) * part;
        const x = from.x + (rect.x - from.x) * part;
        if (y + pitch < 0 || y > view.height) continue;
        context.drawImage(canvas, 0, move.rows[row] * lines, canvas.width, lines, x, y, rect.w, pitch + 0.5);
      }
    }
  }

  glideColumns(base, box, rect, found, picture) {
    const { context } = base;
    const part = this.eased(1);
    const after = found.exact || found[this.app.look.bins] || found.rms;
    const { columns: count } = this.app.network.matrices[box.block];
    const columns = found.parts.length === 1 ? found.parts[0].columns : null;
    base.picture(picture(found.middle), rect);
    if (columns && found.exact && part < 1) {
      const canvas = picture(found.middle);
      const pitch = rect.w / count, lines = canvas.width / count;
      columns.forEach((old, column) => {
        const x = rect.x + (old + (column - old) * part) * pitch;
        context.drawImage(canvas, old * lines, 0, lines, canvas.height, x, rect.y, pitch + 0.5, rect.h);
      });
      return;
    }
    context.globalAlpha = part;
    base.picture(picture(after), rect);
    context.globalAlpha = 1;
  }
}
