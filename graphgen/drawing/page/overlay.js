// What lies above the map: the chosen box, its wires, the edges of a neuron, pointer and cursor.

function drawOverlay(app, base, context, which) {
  const colours = PALETTES[app.look.theme];
  context.save();
  if (app.shownFamily) outlineFamily(app, base, context, colours);
  const box = app.chosen && app.chosen.box;
  if (box) chosenWires(app, base, context, colours, box);
  if (app.edges) drawEdges(app, base, context);
  if (app.chosen && app.chosen.module !== undefined) outlineModule(app, base, context, colours);
  if (box) outline(app, base, context, box, colours.chosen, app.edges ? 1 : 2);
  if (app.hover) point(app, base, context, app.hover, which, colours.ink);
  if (app.cursor) point(app, base, context, app.cursor, which, colours.chosen, 2.5);
  context.restore();
}

function outline(app, base, context, box, colour, width, grow = 1.5) {
  const part = app.layout.boxes.get(box.id);
  if (!base.sees(part)) return;
  const { x, y, w, h } = base.rect(part);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.strokeRect(x - grow, y - grow, w + 2 * grow, h + 2 * grow);
}

function outlineModule(app, base, context, colours) {
  const { x, y, w, h } = base.rect(app.layout.modules.get(app.chosen.module));
  context.strokeStyle = colours.chosen;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(x, y, w, h, 6);
  context.stroke();
}

function outlineFamily(app, base, context, colours) {
  for (const index of app.shownFamily.blocks) {
    const box = app.network.boxOfBlock.get(index);
    if (box) outline(app, base, context, box, colours.moved, 1.5, 0.75);
  }
}

function chosenWires(app, base, context, colours, box) {
  context.strokeStyle = colours.chosen;
  context.lineWidth = 1.75;
  context.beginPath();
  for (const wire of app.layout.wires) {
    const mine = box.block === null ? [wire.from, wire.to].includes(box.id) : wire.block === box.block;
    if (mine) base.trace(wire.points);
  }
  context.stroke();
}

// A frame around an element, and the neurons that its edge joins.
function point(app, base, context, { box, y, x }, which, colour, width = 1.5) {
  const part = app.layout.boxes.get(box.id);
  if (!part) return;
  const rect = base.rect(part);
  const [height, across] = sizeOf(app, box, which);
  const high = rect.h / height, wide = rect.w / across;
  const least = (size) => Math.max(size, 3);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.strokeRect(rect.x + x * wide - 1, rect.y + y * high - 1, least(wide) + 2, least(high) + 2);
  const { network } = app;
  if (box.block === null || !app.grids.exact(box.block, which)) return;
  const matrix = network.matrices[box.block];
  const block = network.blocks[box.block];
  const coordinate = matrix.coordinate(y, x);
  for (const [group, node] of [[block.from, matrix.source(coordinate)], [block.to, matrix.target(coordinate)]]) {
    const place = spot(app, base, group, node - network.groups[group].start);
    if (!place) continue;
    context.beginPath();
    context.arc(place.x, place.y, 5, 0, 7);
    context.stroke();
  }
}
