// What is drawn of a block: a grid of numbers, and smaller grids for small pictures.

class Grid {
  constructor(array, height, width, kind) {
    Object.assign(this, { array, height, width, kind, smaller: new Map() });
  }

  at(y, x) {
    return this.array[y * this.width + x];
  }

  // The grid with `down` lines and `right` columns drawn together to one number: the root of the
  // mean square with the sign of the sum, since a mean of many weights shows nothing.
  pooled(down, right) {
    if (down === 1 && right === 1) return this;
    const key = `${down},${right}`;
    if (!this.smaller.has(key)) this.smaller.set(key, this.pool(down, right));
    return this.smaller.get(key);
  }

  pool(down, right) {
    const height = Math.ceil(this.height / down);
    const width = Math.ceil(this.width / right);
    const result = new Float32Array(height * width);
    for (let y = 0; y < height; y++) {
      const bottom = Math.min((y + 1) * down, this.height);
      for (let x = 0; x < width; x++) {
        const end = Math.min((x + 1) * right, this.width);
        let sum = 0, squares = 0, count = 0;
        for (let i = y * down; i < bottom; i++) {
          for (let j = x * right, at = i * this.width + j; j < end; j++, at++) {
            const value = this.array[at];
            sum += value;
            squares += value * value;
            count++;
          }
        }
        result[y * width + x] = Math.sign(sum) * Math.sqrt(squares / count) || (sum === sum ? 0 : NaN);
      }
    }
    return new Grid(result, height, width, this.kind);
  }
}

// Grids of blocks, made when first asked for. A symmetry that is shown replaces some of them.
class Grids {
  constructor(network) {
    this.network = network;
    this.made = new Map();
    this.moved = new Map();
  }

  // The block's grid: "exact" or one of its bins, by "rms" or "mean"; null without values.
  of(index, which, bins) {
    if (which === "this" && this.moved.has(index)) {
      const moved = this.moved.get(index);
      return moved.exact || moved[bins] || moved.rms;
    }
    const key = `${index} ${which} ${bins}`;
    if (!this.made.has(key)) this.made.set(key, this.make(index, which, bins));
    return this.made.get(key);
  }

  make(index, which, bins) {
    const { network } = this;
    const values = network.values(index, which);
    if (!values) return null;
    const matrix = network.matrices[index];
    if (values.mode === "exact") {
      const { height, width } = matrix;
      return new Grid(network.slice(values.offset, height * width), height, width, "exact");
    }
    const mean = bins === "mean" && values.mean !== null;
    const offset = mean ? values.mean : values.rms;
    const { rows, columns } = values;
    return new Grid(network.slice(offset, rows * columns), rows, columns, mean ? "mean" : "rms");
  }

  exact(index, which) {
    const values = this.network.values(index, which);
    return values && values.mode === "exact" ? this.of(index, which) : null;
  }
}
