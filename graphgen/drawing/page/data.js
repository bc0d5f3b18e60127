// The page's data: one JSON and one buffer of float32, compressed; and what is true of a block.

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

async function unpack(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

function unravel(index, sizes) {
  const result = new Array(sizes.length);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    result[axis] = index % sizes[axis];
    index = Math.floor(index / sizes[axis]);
  }
  return result;
}

const ravel = (coordinate, sizes) =>
  coordinate.reduce((index, place, axis) => index * sizes[axis] + place, 0);

const along = (start, strides, coordinate) =>
  coordinate.reduce((index, place, axis) => index + place * strides[axis], start);

// A block as a matrix of cells, each a small picture of its taps.
class Matrix {
  constructor(block) {
    this.block = block;
    const { row_axes: rows, column_axes: columns, tap_axes: taps } = block.matrix;
    const size = (axes) => product(axes.map((axis) => block.shape[axis]));
    this.parts = [rows, columns, taps.slice(0, -1), taps.slice(-1)];
    [this.rows, this.columns, this.high, this.wide] = this.parts.map(size);
    this.height = this.rows * this.high;
    this.width = this.columns * this.wide;
  }

  // The block's coordinate of the element in line y and column x of the display.
  coordinate(y, x) {
    const { shape } = this.block;
    const places = [
      Math.floor(y / this.high), Math.floor(x / this.wide), y % this.high, x % this.wide,
    ];
    const result = new Array(shape.length).fill(0);
    this.parts.forEach((axes, part) => {
      const inner = unravel(places[part], axes.map((axis) => shape[axis]));
      axes.forEach((axis, i) => { result[axis] = inner[i]; });
    });
    return result;
  }

  place(coordinate) {
    const { shape } = this.block;
    const [row, column, i, j] = this.parts.map((axes) =>
      ravel(axes.map((axis) => coordinate[axis]), axes.map((axis) => shape[axis])));
    return [row * this.high + i, column * this.wide + j];
  }

  source(coordinate) {
    return along(this.block.source_start, this.block.source_strides, coordinate);
  }

  target(coordinate) {
    return along(this.block.target_start, this.block.target_strides, coordinate);
  }

  edge(coordinate) {
    return this.block.edge_start + ravel(coordinate, this.block.shape);
  }

  // The place in the tensor of a coordinate of the block, as indices of the tensor's own shape.
  inTensor(coordinate, shape) {
    const { tensor_strides: strides, tensor_start: start } = this.block;
    const flat = strides ? along(start, strides, coordinate) : ravel(coordinate, this.block.shape);
    return unravel(flat, shape);
  }

  // The first coordinate of the block at a place in its tensor, or null.
  fromTensor(place, shape) {
    if (place.length !== shape.length) return null;
    if (place.some((index, axis) => index < 0 || index >= shape[axis])) return null;
    const flat = ravel(place, shape);
    const { tensor_strides: strides, tensor_start: start, shape: sizes } = this.block;
    if (!strides) return flat < product(sizes) ? unravel(flat, sizes) : null;
    const coordinate = new Array(sizes.length).fill(0);
    const order = strides.map((_, axis) => axis).filter((axis) => strides[axis] > 0)
      .sort((a, b) => strides[b] - strides[a]);
    let rest = flat - start;
    for (const axis of order) {
      coordinate[axis] = Math.min(Math.floor(rest / strides[axis]), sizes[axis] - 1);
      rest -= coordinate[axis] * strides[axis];
    }
    return rest === 0 && flat >= start ? coordinate : null;
  }
}

// The data with what the page looks up often: matrices of blocks, boxes of blocks and groups.
class Network {
  constructor(page, floats) {
    Object.assign(this, page);
    this.floats = floats;
    this.matrices = this.blocks.map((block) => new Matrix(block));
    this.tensorOf = new Map(this.tensors.map((tensor) => [tensor.name, tensor]));
    this.boxOfBlock = new Map();
    this.boxOfGroup = new Map();
    for (const box of this.scene.boxes) {
      if (box.block !== null) this.boxOfBlock.set(box.block, box);
      else this.boxOfGroup.set(box.group, box);
    }
    this.incoming = this.groups.map(() => []);
    this.outgoing = this.groups.map(() => []);
    this.blocks.forEach((block, index) => {
      this.incoming[block.to].push(index);
      this.outgoing[block.from].push(index);
    });
  }

  // The values of a block in one of the networks: "this", "other" or "difference".
  values(index, which) {
    if (which === "this") return this.blocks[index].values;
    const other = this.against && this.against.blocks[index];
    if (!other) return null;
    return which === "other" ? other.values : other.difference && other.difference.values;
  }

  statistics(index, which) {
    if (which === "this") return this.blocks[index].statistics;
    const other = this.against && this.against.blocks[index];
    if (!other) return null;
    return which === "other" ? other.statistics : other.difference && other.difference.statistics;
  }

  list(index) {
    return index === null || index === undefined ? null : this.lists[index];
  }

  slice(offset, count) {
    return this.floats.subarray(offset, offset + count);
  }

  // The node `node` of the whole graph as its group's name and its number there.
  nodeName(node, hint) {
    const inside = (group) => node >= group.start && node < group.start + group.size;
    const group = hint && inside(hint) ? hint : this.groups.find(inside);
    return group ? `${group.name}[${node - group.start}]` : `node ${node}`;
  }
}
