// What a place on the map means, in words: for the pointer, the cursor and the panel.

const times = (shape) => (shape.length ? shape.join(" × ") : "scalar");

function tensorPlace(network, block, coordinate) {
  const tensor = network.tensorOf.get(block.tensor);
  if (!tensor) return `${block.name}[${coordinate.join(",")}]`;
  const matrix = network.matrices[network.blocks.indexOf(block)];
  return `${tensor.name}[${matrix.inTensor(coordinate, tensor.shape).join(",")}]`;
}

// The value and the edge at line y and column x of a box that holds values one by one.
function tellElement(app, box, y, x, which) {
  const { network, grids } = app;
  const block = network.blocks[box.block];
  const matrix = network.matrices[box.block];
  const coordinate = matrix.coordinate(y, x);
  const source = network.nodeName(matrix.source(coordinate), network.groups[block.from]);
  const target = network.nodeName(matrix.target(coordinate), network.groups[block.to]);
  const name = tensorPlace(network, block, coordinate);
  const grid = grids.exact(box.block, which);
  const lines = [
    name,
    `${source} → ${target}`,
    `edge ${matrix.edge(coordinate)}`,
  ];
  if (block.tensor && `${block.name}[${coordinate.join(",")}]` !== name) {
    lines.push(`coordinate [${coordinate.join(", ")}] of ${block.name}`);
  }
  const value = grid ? grid.at(y, x) : null;
  if (network.against && network.against.blocks[box.block]) {
    for (const [kind, title] of [["this", network.name], ["other", network.against.name || "the other"]]) {
      const theirs = grids.exact(box.block, kind);
      if (theirs && kind !== which) lines.push(`${title}: ${exact(theirs.at(y, x))}`);
    }
  }
  return { value, name, lines, coordinate };
}

function tellBin(app, box, y, x, which) {
  const { network } = app;
  const block = network.blocks[box.block];
  const matrix = network.matrices[box.block];
  const values = network.values(box.block, which);
  const edge = (place, size, count) => Math.floor((place * size) / count);
  const span = (place, size, count) => {
    const low = edge(place, size, count), high = Math.max(low, edge(place + 1, size, count) - 1);
    return low === high ? String(low) : `${low}–${high}`;
  };
  const rows = span(y, matrix.rows, values.rows), columns = span(x, matrix.columns, values.columns);
  const rms = app.grids.of(box.block, which, "rms").at(y, x);
  const lines = [`${block.tensor || block.name}, bin ${y}, ${x}`, `rows ${rows}, columns ${columns}`];
  if (values.mean !== null) lines.push(`mean ${say(app.grids.of(box.block, which, "mean").at(y, x))}`);
  for (const [title, offset, count, place, size] of [
    ["row", values.row_rms, values.row_rms_count, edge(y, matrix.rows, values.rows), matrix.rows],
    ["column", values.column_rms, values.column_rms_count, edge(x, matrix.columns, values.columns), matrix.columns],
  ]) {
    const at = Math.min(count - 1, Math.floor((place * count) / size));
    lines.push(`${title} ${place}: rms ${say(network.floats[offset + at])}`);
  }
  return { value: rms, name: `${block.tensor || block.name} rows ${rows}, columns ${columns}`, lines, bin: true };
}

const nodeOf = (box, row) => (box.row_order ? box.row_order[row] : row);

function tellNeuron(app, box, row) {
  const { network } = app;
  const group = network.groups[box.group];
  const node = nodeOf(box, row);
  const count = (blocks) => blocks.filter((index) => network.blocks[index].tensor).length;
  const shown = app.nodesOf(box.group);
  return {
    name: `${group.name}[${node}]`,
    lines: [
      `${group.name}[${node}]`,
      `${group.kind}, node ${group.start + node}`,
      group.steps.length ? group.steps.join(" · ") : "no steps",
      `${count(network.incoming[box.group])} tensors in, ${count(network.outgoing[box.group])} out`,
      ...(shown && shown[row] !== row ? [`holds what was in ${shown[row]}`] : []),
    ],
  };
}

// What lies at a hit of the pointer or cursor: { value, name, lines }.
function tell(app, { box, y, x }, which) {
  if (box.block === null) return tellNeuron(app, box, y);
  const grid = app.grids.of(box.block, which, app.look.bins);
  if (!grid || grid.kind === "exact") return tellElement(app, box, y, x, which);
  return tellBin(app, box, y, x, which);
}

// The lines and columns that a box has to point at.
function sizeOf(app, box, which) {
  if (box.block === null) return [box.rows, 1];
  const grid = app.grids.of(box.block, which, app.look.bins);
  const { height, width } = grid || app.network.matrices[box.block];
  return [height, width];
}

function spoken(told) {
  const value = told.value === undefined ? "" : told.value === null ? ", no value" : `, ${told.bin ? "rms " : ""}${exact(told.value)}`;
  return `${told.name}${value}. ${told.lines.slice(1).join(". ")}`;
}
