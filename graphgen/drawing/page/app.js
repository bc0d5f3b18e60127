// The page as a whole: what is chosen and how it looks; each part asks and tells it here.

class App {
  constructor(network) {
    const byId = (id) => document.getElementById(id);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    this.network = network;
    this.canvas = byId("map");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.grids = new Grids(network);
    this.images = new Images(network, this.grids);
    this.layout = new Layout(network.scene);
    this.look = { theme: dark.matches ? "dark" : "light", colours: "block", bins: "rms" };
    Object.assign(this, {
      shows: "this", themed: false, fitted: true, zoomed: 0, panes: [], active: 0,
      chosen: null, edges: null, hover: null, cursor: null, motion: null, shownFamily: null,
    });
    this.camera = new Camera(() => {
      const { x, y, k } = this.camera;
      this.fitted = x === this.home.x && y === this.home.y && k === this.home.k;
      this.tip.hide();
      this.redraw();
      this.address.later();
    });
    this.tip = new Tip(byId("tip"));
    this.live = byId("spoken");
    this.address = new Address(this);
    this.beginning = { byId, dark, restore: this.address.read() };
    this.arrange();
    this.fit(true);
    this.frame();
    document.documentElement.dataset.drawn = String(Math.round(performance.now()));
  }

  // What the first picture does without: the panels, and all that answers.
  furnish() {
    const { byId, dark, restore } = this.beginning;
    this.outline = new Outline(this, byId("outline"));
    this.symmetries = new Symmetries(this, byId("symmetries"));
    this.panel = new Panel(this, byId("panel"));
    this.find = new Find(this, byId("find"), byId("found"));
    this.pointer = new Pointer(this);
    listen(this);
    header(this, byId, dark);
    new ResizeObserver(() => this.resize()).observe(this.canvas.parentElement);
    this.panel.show();
    restore();
    this.outline.show();
    this.repaint();
    document.documentElement.dataset.ready = "";
  }

  which() {
    return this.panes[Math.min(this.active, this.panes.length - 1)].which;
  }

  paneTitle(which) {
    const { network } = this;
    const other = network.against ? network.against.name || "the other" : "";
    return { this: network.name, other, difference: `${other} − ${network.name}` }[which];
  }

  paneAt({ x, y }) {
    return this.panes.find((pane) => x < pane.x + pane.width && y < pane.y + pane.height)
      || this.panes[this.panes.length - 1];
  }

  // The windows, for what is shown and the size of the page.
  arrange() {
    const wanted = this.shows === "beside" ? ["this", "other", "difference"] : [this.shows];
    if (wanted.join() !== this.panes.map((pane) => pane.which).join()) {
      this.panes = wanted.map((which) => new Pane(this, which));
    }
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const count = this.panes.length;
    const { w, h } = this.whole();
    // Beside or below one another, whichever makes the map larger.
    const beside = Math.min(width / count / w, height / h) >= Math.min(width / w, height / count / h);
    const wide = beside ? Math.floor(width / count) : width;
    const high = beside ? height : Math.floor(height / count);
    this.panes.forEach((pane, at) => pane.size(beside ? at * wide : 0, beside ? 0 : at * high, wide, high, ratio));
  }

  resize() {
    const { fitted } = this;
    this.arrange();
    if (fitted) this.fit(true);
    this.frame();
  }

  redraw() {
    if (!this.waiting) this.waiting = requestAnimationFrame(() => this.frame());
  }

  // Paint the map anew: its colours, values or places have changed.
  repaint() {
    for (const pane of this.panes) pane.stale = true;
    this.address.later();
    this.redraw();
  }

  frame() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    const stretched = this.panes.map((pane) => pane.draw(this.context, this.camera.place)).some(Boolean);
    if (stretched) this.redraw();
  }

  zoom(factor, x, y) {
    this.zoomed = performance.now();
    this.camera.zoom(factor, x, y);
  }

  hit({ x, y }) {
    const pane = this.paneAt({ x, y });
    const { k, x: left, y: top } = this.camera;
    const right = (x - pane.x - left) / k, down = (y - pane.y - top) / k;
    const module = this.layout.cardAt(right, down);
    const at = this.panes.indexOf(pane);
    if (module !== null) return { module, at };
    const box = this.layout.at(right, down, 4 / k);
    if (!box) return null;
    const part = this.layout.boxes.get(box.id);
    const [height, width] = sizeOf(this, box, pane.which);
    const within = (place, size, count) => Math.max(0, Math.min(count - 1, Math.floor((place / size) * count)));
    return { box, y: within(down - part.y, part.h, height), x: within(right - part.x, part.w, width), at };
  }

  point(hit, place) {
    this.canvas.style.cursor = hit ? "pointer" : "";
    this.hover = hit && hit.box ? hit : null;
    if (hit && hit.box) this.tip.show(tell(this, hit, this.panes[hit.at].which), place);
    else if (hit) this.tip.show({ lines: [this.layout.moduleOf.get(hit.module).path, this.summary(hit.module)] }, place);
    else this.tip.hide();
    this.redraw();
  }

  click(hit) {
    if (hit) this.active = hit.at;
    this.cursor = null;
    if (!hit) this.choose(null, false);
    else if (hit.module !== undefined) this.choose({ module: hit.module }, false);
    else if (hit.box.block === null && hit.box.kind === "neurons") this.choose({ box: hit.box, row: hit.y }, false);
    else this.choose({ box: hit.box }, false);
  }

  choose(goal, reveal) {
    this.chosen = goal;
    if (this.cursor && !(goal && goal.box === this.cursor.box)) this.cursor = null;
    if (goal && goal.box && reveal) {
      this.unfold(goal.box.module);
      this.reveal(goal);
    }
    this.refreshEdges();
    this.panel.show();
    this.outline.show();
    this.address.later();
    this.redraw();
  }

  chooseNode(group, node) {
    const box = this.network.boxOfGroup.get(group);
    const row = box.row_order ? box.row_order.indexOf(node) : node;
    this.choose({ box, row }, false);
    this.unfold(box.module);
    this.reveal({ box, y: row, x: 0 });
  }

  refreshEdges() {
    const { chosen } = this;
    this.edges = chosen && chosen.row !== undefined && chosen.box.block === null
      ? heaviest(this, chosen.box.group, nodeOf(chosen.box, chosen.row), this.which()) : null;
  }

  fold(id) {
    const around = this.layout.above(id).slice(0, -1).some((above) => this.layout.folded.has(above));
    if (around) return;
    this.layout.toggle(id);
    this.placed();
  }

  unfold(id) {
    const around = this.layout.above(id).filter((each) => this.layout.folded.delete(each));
    if (!around.length) return;
    this.layout.place();
    this.placed();
  }

  placed() {
    const { chosen, fitted } = this;
    this.hover = null;
    if (chosen && chosen.box && !this.layout.boxes.has(chosen.box.id)) this.choose({ module: this.layout.folder(chosen.box.module) }, false);
    if (fitted) this.fit();
    this.outline.show();
    this.panel.show();
    this.repaint();
  }

  summary(id) {
    const { network, layout } = this;
    const tensors = new Map();
    for (const box of layout.inside.get(id)) {
      const tensor = box.block === null ? null : network.tensorOf.get(network.blocks[box.block].tensor);
      if (tensor) tensors.set(tensor.name, product(tensor.shape));
    }
    const count = [...tensors.values()].reduce((sum, size) => sum + size, 0);
    return `${many(count)} parameters in ${tensors.size} ${tensors.size === 1 ? "tensor" : "tensors"}`;
  }

  nodesOf(group) {
    return this.symmetries ? this.symmetries.nodes(group) : null;
  }

  cursorPlace() {
    const { box, y, x } = this.cursor;
    const pane = this.panes[this.active];
    const part = this.layout.boxes.get(box.id);
    const [height, width] = sizeOf(this, box, pane.which);
    const { k, x: left, y: top } = this.camera;
    return {
      x: pane.x + left + (part.x + ((x + 0.5) * part.w) / width) * k,
      y: pane.y + top + (part.y + ((y + 0.5) * part.h) / height) * k,
    };
  }

  speak(text) {
    this.live.textContent = text;
  }
}
