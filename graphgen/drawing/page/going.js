// Ways to go: the whole map, a box, an element, what was found.

Object.assign(App.prototype, {
  whole() {
    return { x: 0, y: 0, w: this.layout.width, h: this.layout.height };
  },

  fit(instantly = false) {
    const { width, height } = this.panes[0];
    const goal = this.camera.around(this.whole(), width, height, Math.min(28, width / 20), 24);
    this.camera.least = Math.min(goal.k / 3, 0.5);
    this.home = goal;
    if (instantly) this.camera.set(goal);
    else this.glide(goal);
  },

  glide(goal) {
    this.zoomed = performance.now() + 320;
    this.camera.glide(goal);
  },

  // Go near: an element, a box or a module fills part of the window.
  lookAt({ box, y, x, module }) {
    const { width, height } = this.panes[0];
    let part = this.layout.modules.get(module);
    if (box) {
      part = this.layout.boxes.get(box.id);
      if (!part) return;
      if (y !== undefined) {
        const [lines, columns] = sizeOf(this, box, this.which());
        const high = part.h / lines, wide = part.w / columns;
        const k = Math.min(44 / Math.min(wide, high * 1.6), 0.7 * height / high, 0.7 * width / wide);
        this.glide({ x: width / 2 - (part.x + (x + 0.5) * wide) * k, y: height / 2 - (part.y + (y + 0.5) * high) * k, k });
        return;
      }
    }
    this.glide(this.camera.around(part, width, height, Math.min(width, height) * 0.16, 60));
  },

  // Move only as far as needed for a box or an element to be seen.
  reveal({ box, y, x }) {
    let part = this.layout.boxes.get(box.id);
    if (!part) return;
    if (y !== undefined) {
      const [lines, columns] = sizeOf(this, box, this.which());
      part = { x: part.x + (x * part.w) / columns, y: part.y + (y * part.h) / lines, w: part.w / columns, h: part.h / lines };
    }
    const { k, x: left, y: top } = this.camera;
    const { width, height } = this.panes[0];
    const shift = (low, size, window) => {
      const end = low + size;
      if (low >= 40 && end <= window - 40) return 0;
      return size > window - 80 || low < 40 ? 40 - low : window - 40 - end;
    };
    const right = shift(left + part.x * k, part.w * k, width), down = shift(top + part.y * k, part.h * k, height);
    if (right || down) this.glide({ x: left + right, y: top + down, k });
  },

  // What was found: go there and choose it.
  goTo(goal) {
    if (goal.module !== undefined) {
      this.choose({ module: goal.module }, false);
      this.lookAt(goal);
      return;
    }
    this.unfold(goal.box.module);
    this.choose(goal.row === undefined ? { box: goal.box } : { box: goal.box, row: goal.row }, false);
    if (goal.y !== undefined) {
      const exactly = this.grids.exact(goal.box.block, this.which());
      const [height, width] = sizeOf(this, goal.box, this.which());
      const matrix = this.network.matrices[goal.box.block];
      const held = exactly || !this.grids.of(goal.box.block, this.which(), this.look.bins);
      this.cursor = held ? { box: goal.box, y: goal.y, x: goal.x } : {
        box: goal.box, y: Math.floor((goal.y * height) / matrix.height), x: Math.floor((goal.x * width) / matrix.width),
      };
      this.speak(spoken(tell(this, this.cursor, this.which())));
      this.lookAt(this.cursor);
    } else if (goal.row !== undefined) this.lookAt({ box: goal.box, y: goal.row, x: 0 });
    else this.lookAt(goal);
  },
});
