// The heaviest edges of a neuron, as curves. Parallel edges (the taps of a kernel) count as one.

const HEAVIEST = 80;

// The edges between a node of a group and others: [{ block, from, to, value }], heaviest first.
function heaviest(app, group, node, which) {
  const { network, grids } = app;
  const number = network.groups[group].start + node;
  const found = [];
  let unknown = 0;
  const pass = (index, incoming) => {
    const block = network.blocks[index];
    const other = network.groups[incoming ? block.from : block.to];
    if (!block.tensor || !network.boxOfGroup.has(incoming ? block.from : block.to)) return;
    const grid = grids.exact(index, which);
    const matrix = network.matrices[index];
    if (!grid) unknown += block.edges && network.values(index, which) ? 1 : 0;
    else collect(matrix, grid, number, incoming, (end, value) => {
      found.push({ block: index, incoming, value, end: end - other.start, group: incoming ? block.from : block.to });
    });
  };
  network.incoming[group].forEach((index) => pass(index, true));
  network.outgoing[group].forEach((index) => pass(index, false));
  found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { edges: found.slice(0, HEAVIEST), count: found.length, unknown, group, node };
}

function collect(matrix, grid, number, incoming, add) {
  const { high, wide } = matrix;
  for (let row = 0; row < matrix.rows; row++) {
    // Where rows alone move the target, one look is enough for a whole row.
    if (incoming && matrix.target(matrix.coordinate(row * high, 0)) !== number) continue;
    for (let column = 0; column < matrix.columns; column++) {
      const coordinate = matrix.coordinate(row * high, column * wide);
      const source = matrix.source(coordinate);
      if (!incoming && source !== number) continue;
      let squares = 0, sum = 0;
      for (let i = 0; i < high; i++) {
        for (let j = 0; j < wide; j++) {
          const value = grid.at(row * high + i, column * wide + j);
          if (value !== value) continue;
          squares += value * value;
          sum += value;
        }
      }
      const norm = Math.sqrt(squares) * (sum < 0 ? -1 : 1);
      if (norm) add(incoming ? source : matrix.target(coordinate), norm);
    }
  }
}

// Where a node of a group is on the screen; in a folded module, at its card.
function spot(app, base, group, node) {
  const box = app.network.boxOfGroup.get(group);
  if (!box) return null;
  const folder = app.layout.folder(box.module);
  if (folder !== null) {
    const card = base.rect(app.layout.modules.get(folder));
    return { x: card.x + card.w / 2, y: card.y + card.h / 2 };
  }
  const row = box.row_order ? box.row_order.indexOf(node) : node;
  const rect = base.rect(app.layout.boxes.get(box.id));
  return { x: rect.x + rect.w / 2, y: rect.y + ((row + 0.5) * rect.h) / box.rows };
}

function drawEdges(app, base, context) {
  const { edges, group, node } = app.edges;
  const here = spot(app, base, group, node);
  if (!here || !edges.length) return;
  const most = Math.abs(edges[0].value);
  context.lineCap = "round";
  for (const edge of [...edges].reverse()) {
    const there = spot(app, base, edge.group, edge.end);
    if (!there) continue;
    const [from, to] = edge.incoming ? [there, here] : [here, there];
    const part = Math.abs(edge.value) / most;
    const bend = Math.max(24, Math.abs(to.x - from.x) / 2);
    context.strokeStyle = css(TABLES[app.look.theme].diverging[edge.value < 0 ? 30 : 225]);
    context.globalAlpha = 0.2 + 0.75 * part;
    context.lineWidth = 0.8 + 3 * part;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
    context.stroke();
  }
  context.globalAlpha = 1;
  context.strokeStyle = PALETTES[app.look.theme].chosen;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(here.x, here.y, 6, 0, 7);
  context.stroke();
}
