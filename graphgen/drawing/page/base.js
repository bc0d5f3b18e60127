// The map: modules, wires and boxes of one network, cropped to the window.

const TEXT = "11px system-ui, sans-serif";
const BOLD = "600 11px system-ui, sans-serif";

class Base {
  constructor(app) {
    this.app = app;
    this.widths = new Map();
  }

  // Draw what a camera shows of a network ("this", "other", "difference").
  draw(context, camera, width, height, which) {
    const { layout } = this.app;
    this.context = context;
    this.colours = PALETTES[this.app.look.theme];
    this.taken = [];
    this.named = new Set();
    this.view = { ...camera, width, height };
    context.fillStyle = this.colours.back;
    context.fillRect(0, 0, width, height);
    context.lineJoin = "round";
    this.lanes();
    this.wires();
    const boxes = this.app.network.scene.boxes.filter((box) => this.sees(layout.boxes.get(box.id)));
    for (const box of boxes) this.box(box, this.rect(layout.boxes.get(box.id)), which);
    this.cards();
    this.names();
    for (const box of boxes) this.caption(box);
  }

  rect({ x, y, w, h }) {
    const { k, x: left, y: top } = this.view;
    return { x: left + x * k, y: top + y * k, w: w * k, h: h * k };
  }

  sees(part) {
    if (!part) return false;
    const { x, y, w, h } = this.rect(part);
    return x < this.view.width && y < this.view.height && x + w > 0 && y + h > 0;
  }

  // A soft ground under each module, so that lines of boxes read as one, and lines around others.
  lanes() {
    const { context, colours, app } = this;
    const { layout } = app;
    context.fillStyle = colours.lane;
    context.strokeStyle = colours.edge;
    context.lineWidth = 1;
    for (const module of app.network.scene.modules) {
      const part = layout.modules.get(module.id);
      if (layout.folder(module.id) !== null || !this.sees(part)) continue;
      const { x, y, w, h } = this.rect(part);
      context.beginPath();
      context.roundRect(x + 0.5, y + 0.5, w - 1, h - 1, Math.min(6, h / 4));
      if (layout.children.get(module.id).length) context.stroke();
      else context.fill();
    }
  }

  wires() {
    const { context, colours, app } = this;
    for (const [colour, kinds] of [[colours.wire, ["in", "out"]], [colours.free, ["residual", "free"]]]) {
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.beginPath();
      for (const wire of app.layout.wires) if (kinds.includes(wire.kind)) this.trace(wire.points);
      context.stroke();
    }
  }

  // Orthogonal lines with round corners; what lies outside of the window is left out.
  trace(points) {
    const { k, x, y, width, height } = this.view;
    const seen = points.map(([right, down]) => [x + right * k, y + down * k]);
    const xs = seen.map((point) => point[0]), ys = seen.map((point) => point[1]);
    if (Math.max(...xs) < 0 || Math.min(...xs) > width) return;
    if (Math.max(...ys) < 0 || Math.min(...ys) > height) return;
    const { context } = this;
    context.moveTo(...seen[0]);
    for (let i = 1; i < seen.length - 1; i++) context.arcTo(...seen[i], ...seen[i + 1], Math.min(6, 3 * k));
    context.lineTo(...seen[seen.length - 1]);
  }

  box(box, rect, which) {
    if (box.block === null) return this.neurons(box, rect);
    const moving = which === "this" && this.app.motion && this.app.motion.draw(this, box, rect);
    return moving || this.matrix(box, rect, which);
  }

  matrix(box, rect, which) {
    const { context, colours, app } = this;
    const canvas = app.images.of(box.block, which, app.look, rect.w, rect.h);
    if (!canvas) {
      context.fillStyle = colours.empty;
      context.fillRect(rect.x, rect.y, rect.w, rect.h);
      return;
    }
    this.picture(canvas, rect);
    this.details(box, rect, which);
  }

  // The part of a picture that lies in the window.
  picture(canvas, { x, y, w, h }) {
    const { context, view } = this;
    const across = canvas.width / w, down = canvas.height / h;
    const left = Math.max(0, Math.floor(-x * across)), top = Math.max(0, Math.floor(-y * down));
    const right = Math.min(canvas.width, Math.ceil((view.width - x) * across));
    const bottom = Math.min(canvas.height, Math.ceil((view.height - y) * down));
    if (right <= left || bottom <= top) return;
    context.imageSmoothingEnabled = canvas.width > w || canvas.height > h;
    context.drawImage(canvas, left, top, right - left, bottom - top,
      x + left / across, y + top / down, (right - left) / across, (bottom - top) / down);
  }

  // Nearer: gaps between kernels, or between rows; nearest: the numbers.
  details(box, rect, which) {
    const { app } = this;
    const grid = app.grids.of(box.block, which, app.look.bins);
    const matrix = app.network.matrices[box.block];
    const exact = grid.kind === "exact";
    const high = rect.h / grid.height, wide = rect.w / grid.width;
    const cellHigh = exact ? high * matrix.high : high, cellWide = exact ? wide * matrix.wide : wide;
    const taps = exact && matrix.high * matrix.wide > 1;
    if (cellHigh >= 7 && (cellWide >= 7 || matrix.columns === 1)) {
      const gap = Math.min(4, Math.max(1, Math.min(cellHigh, cellWide) / (taps ? 9 : 14)));
      this.gaps(rect, cellWide, cellHigh, gap);
    }
    if (taps && high >= 12 && wide >= 12) this.gaps(rect, wide, high, 0.6);
    if (high >= 13 && wide >= 34) this.numbers(box, rect, grid, which);
  }

  gaps(rect, wide, high, gap) {
    const { context, view, colours } = this;
    context.strokeStyle = colours.back;
    context.lineWidth = gap;
    const top = Math.max(rect.y, 0), bottom = Math.min(rect.y + rect.h, view.height);
    const left = Math.max(rect.x, 0), right = Math.min(rect.x + rect.w, view.width);
    context.beginPath();
    for (let i = Math.max(1, Math.ceil((left - rect.x) / wide)); i * wide < right - rect.x - 0.1; i++) {
      context.moveTo(rect.x + i * wide, top);
      context.lineTo(rect.x + i * wide, bottom);
    }
    for (let i = Math.max(1, Math.ceil((top - rect.y) / high)); i * high < bottom - rect.y - 0.1; i++) {
      context.moveTo(left, rect.y + i * high);
      context.lineTo(right, rect.y + i * high);
    }
    context.stroke();
  }

  numbers(box, rect, grid, which) {
    const { context, view, app } = this;
    const high = rect.h / grid.height, wide = rect.w / grid.width;
    const limit = app.images.limit(box.block, which, app.look);
    const size = Math.min(13, high * 0.62, wide / 4.4);
    context.font = `${size}px ui-monospace, "DejaVu Sans Mono", monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const last = (edge, pitch, count) => Math.min(count, Math.ceil(edge / pitch));
    const first = (edge, pitch) => Math.max(0, Math.floor(edge / pitch));
    const end = last(view.width - rect.x, wide, grid.width);
    for (let y = first(-rect.y, high); y < last(view.height - rect.y, high, grid.height); y++) {
      for (let x = first(-rect.x, wide); x < end; x++) {
        const value = grid.at(y, x);
        context.fillStyle = inkOn(pixel(value, limit, grid.kind, app.look.theme));
        context.fillText(brief(value), rect.x + (x + 0.5) * wide, rect.y + (y + 0.5) * high + 0.5);
      }
    }
  }

  neurons(box, { x, y, w, h }) {
    const { context, colours, app, view } = this;
    const pitch = h / box.rows;
    context.fillStyle = colours.neuron;
    if (pitch < 3) {
      const wide = Math.max(1, Math.min(w, 3));
      context.fillRect(x + (w - wide) / 2, y, wide, h);
      return;
    }
    const radius = Math.min(pitch * 0.36, w / 2, 9);
    context.beginPath();
    const end = Math.min(box.rows, Math.ceil((view.height - y) / pitch));
    const moved = app.motion ? app.motion.rows(box.group) : null;
    for (let row = Math.max(0, Math.floor(-y / pitch)); row < end; row++) {
      const shown = moved ? moved(row) : row;
      context.moveTo(x + w / 2 + radius, y + (shown + 0.5) * pitch);
      context.arc(x + w / 2, y + (shown + 0.5) * pitch, radius, 0, 7);
    }
    context.fill();
    if (pitch >= 11) this.neuronNumbers(box, { x, y, w, h }, pitch, radius, moved, end);
  }

  neuronNumbers(box, { x, y, w }, pitch, radius, moved, end) {
    const { context, colours, app } = this;
    const nodes = app.nodesOf(box.group);
    context.fillStyle = colours.faint;
    context.font = `${Math.min(10, pitch * 0.7)}px system-ui, sans-serif`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (let row = Math.max(0, Math.floor(-y / pitch)); row < end; row++) {
      const shown = moved ? moved(row) : row;
      context.fillText(nodes ? nodes[row] : row, x + w / 2 + radius + 3, y + (shown + 0.5) * pitch + 0.5);
    }
  }

  place(x, y, w, h) {
    const free = this.taken.every(([left, top, wide, high]) =>
      x >= left + wide + 4 || x + w + 4 <= left || y >= top + high || y + h <= top);
    if (free) this.taken.push([x, y, w, h]);
    return free;
  }

  measure(text, font) {
    const key = font + text;
    if (!this.widths.has(key)) {
      this.context.font = font;
      this.widths.set(key, this.context.measureText(text).width);
    }
    return this.widths.get(key);
  }

  // A text cut to a width, with an ellipsis.
  fitted(text, width, font = TEXT) {
    if (this.measure(text, font) <= width) return text;
    let length = Math.floor((text.length * width) / this.measure(text, font));
    while (length > 0 && this.measure(`${text.slice(0, length)}…`, font) > width) length--;
    return length > 0 ? `${text.slice(0, length)}…` : "";
  }
}
