// Find: a tensor, a place in one (conv1.weight[5,2,1,1]), a neuron (conv1[3]), a module, or a part
// of a name; then the next one with each Enter.

function search(app, text) {
  const { network, layout } = app;
  const wanted = text.trim();
  if (!wanted) return [];
  const place = /^(.+?)\s*\[\s*([\d\s,]*)\]$/.exec(wanted);
  if (place) {
    const indices = place[2].split(",").filter((part) => part.trim()).map(Number);
    return places(network, place[1].trim(), indices);
  }
  const named = [];
  for (const box of network.scene.boxes) {
    const block = box.block === null ? null : network.blocks[box.block];
    named.push([block ? block.tensor || block.name : network.groups[box.group].name, { box }]);
  }
  for (const module of layout.scene.modules) if (module.path) named.push([module.path, { module: module.id }]);
  const lower = wanted.toLowerCase();
  const ranks = [
    (name) => name === wanted, (name) => name.toLowerCase() === lower,
    (name) => name.toLowerCase().endsWith(`.${lower}`), (name) => name.toLowerCase().includes(lower),
  ];
  const rank = (name) => ranks.findIndex((fits) => fits(name));
  // Of equal names a module comes before its neurons: it shows more.
  return named.map(([name, goal], order) => ({ name, goal, order, rank: rank(name) }))
    .filter((found) => found.rank >= 0)
    .sort((a, b) => a.rank - b.rank || ("module" in b.goal) - ("module" in a.goal) || a.order - b.order)
    .map(({ name, goal }) => ({ name, goal }));
}

function places(network, name, indices) {
  const result = [];
  const tensor = network.tensorOf.get(name);
  network.blocks.forEach((block, index) => {
    const box = network.boxOfBlock.get(index);
    if (!box || (block.tensor !== name && block.name !== name)) return;
    const matrix = network.matrices[index];
    const coordinate = tensor && block.tensor === name ? matrix.fromTensor(indices, tensor.shape)
      : indices.length === block.shape.length && indices.every((at, axis) => at < block.shape[axis]) ? indices : null;
    if (!coordinate) return;
    const [y, x] = matrix.place(coordinate);
    result.push({ name: `${name}[${indices.join(",")}]`, goal: { box, y, x } });
  });
  if (result.length || indices.length !== 1) return result;
  network.groups.forEach((group, index) => {
    const box = network.boxOfGroup.get(index);
    const row = box && box.row_order ? box.row_order.indexOf(indices[0]) : indices[0];
    if (box && group.name === name && row >= 0 && row < box.rows) result.push({ name: `${name}[${row}]`, goal: { box, row } });
  });
  return result;
}

class Find {
  constructor(app, input, status) {
    Object.assign(this, { app, input, status, text: "", at: 0 });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") app.canvas.focus();
    });
    input.addEventListener("input", () => { status.textContent = ""; });
  }

  go(step) {
    const { app, input } = this;
    const found = search(app, input.value);
    const again = input.value === this.text;
    this.text = input.value;
    this.at = again && found.length ? (this.at + step + found.length) % found.length : 0;
    if (!found.length) {
      this.status.textContent = input.value.trim() ? "nothing found" : "";
      return;
    }
    const { name, goal } = found[this.at];
    this.status.textContent = found.length > 1 ? `${this.at + 1} of ${found.length}: ${name}` : name;
    app.goTo(goal);
    // Where there is no next one, the keys go to the map.
    if (found.length === 1) app.canvas.focus();
  }
}
