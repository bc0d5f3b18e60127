// One chart by uPlot, which lays out axes and scales; marks are drawn by their list.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const series = (number) => css(`--series-${number % 8}`);
const FONT = "12px system-ui, sans-serif";
const paths = new Map();

function marker(text) {
  if (!paths.has(text)) paths.set(text, new Path2D(text));
  return paths.get(text);
}

// `picture`: { x, y: { label, scale, range, with, floor, labels, ticks }, marks: [mark], under(brush), over(brush) }.
// A mark: { x, y, colour, shape, network, text, low, high, left, right }, in the chart's units.
class Plot {
  constructor(app, place, kind) {
    Object.assign(this, { app, place, kind });
    this.ring = el("i", { class: "ring", hidden: true });
    this.build();
    place.addEventListener("pointermove", (event) => this.point(event));
    place.addEventListener("pointerleave", () => this.leave());
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("blur", () => this.leave());
    // A drag is uPlot's zoom and no click.
    place.addEventListener("pointerdown", (event) => { this.down = [event.clientX, event.clientY]; });
    place.addEventListener("click", (event) => {
      const [x, y] = this.down ?? [event.clientX, event.clientY];
      if (Math.hypot(event.clientX - x, event.clientY - y) > 5) return;
      const mark = this.nearest(event);
      if (mark?.network !== undefined) this.app.select(mark.network, this.place);
    });
    new ResizeObserver(() => {
      const { width, height } = this.size();
      if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
    }).observe(place);
  }

  size() {
    return { width: Math.max(this.place.clientWidth, 120), height: this.place.clientHeight };
  }

  build() {
    this.picture = this.kind(this.app);
    const { x, y, marks } = this.picture;
    const [ex, ey] = [extent(x, marks, "x"), extent(y, marks, "y")];
    const scale = (axis, range) => ({ time: false, distr: axis.scale === "log" ? 3 : 1, range });
    this.plot?.destroy();
    this.plot = new uPlot({
      mode: 2, ...this.size(), padding: [10, 12, 0, 0], legend: { show: false },
      scales: { x: scale(x, ex), y: scale(y, ey) },
      axes: [axis(x, false), axis(y, true)],
      cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: true, uni: 20, dist: 6 }, bind: { dblclick: () => () => this.build() } },
      series: [{}, { facets: [{ scale: "x", auto: true }, { scale: "y", auto: true }], paths: () => null, points: { show: false } }],
      hooks: { draw: [(plot) => this.draw(plot)] },
    }, [null, [ex, ey]], this.place);
    this.plot.over.append(this.ring);
    this.ring.hidden = true;
  }

  redraw() {
    this.picture = this.kind(this.app);
    this.plot.redraw(false, true);
  }

  draw(plot) {
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    const brush = {
      ctx, ratio, bbox,
      x: (value) => plot.valToPos(value, "x", true),
      y: (value) => plot.valToPos(value, "y", true),
    };
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - 6 * ratio, bbox.top - 6 * ratio, bbox.width + 12 * ratio, bbox.height + 12 * ratio);
    ctx.clip();
    this.picture.under?.(brush);
    const { marks } = this.picture;
    const many = marks.length > 400;
    for (const mark of marks) this.mark(brush, mark, many);
    this.picture.over?.(brush);
    for (const mark of marks) if (mark.network !== undefined && mark.network === this.app.selected) this.chosen(brush, mark);
    ctx.restore();
  }

  mark({ ctx, ratio, x, y }, mark, many) {
    const [px, py] = [x(mark.x), y(mark.y)];
    ctx.strokeStyle = ctx.fillStyle = series(mark.colour) || css("--ink");
    ctx.lineWidth = (mark.bold ? 1.8 : 1) * ratio;
    if (mark.high > mark.low || mark.right > mark.left) {
      ctx.globalAlpha = mark.bold ? 1 : 0.4;
      ctx.beginPath();
      if (mark.high > mark.low) { ctx.moveTo(px, y(mark.low)); ctx.lineTo(px, y(mark.high)); }
      if (mark.right > mark.left) { ctx.moveTo(x(mark.left), py); ctx.lineTo(x(mark.right), py); }
      ctx.stroke();
    }
    if (mark.tick) {
      ctx.globalAlpha = 0.65;
      ctx.fillRect(px - 0.6 * ratio, py + 4 * ratio, 1.2 * ratio, 5 * ratio);
      return;
    }
    if (mark.shape === null) return;
    const size = (mark.bold ? 1.05 : many ? 0.62 : 0.8) * ratio;
    ctx.globalAlpha = mark.bold ? 1 : many ? 0.6 : 0.75;
    ctx.translate(px - 6 * size, py - 6 * size);
    ctx.scale(size, size);
    ctx.fill(marker(mark.shape));
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalAlpha = 1;
  }

  chosen({ ctx, ratio, x, y }, mark) {
    ctx.globalAlpha = 1;
    ctx.lineWidth = 2.2 * ratio;
    for (const [colour, radius] of [["--back", 8], ["--chosen", 6]]) {
      ctx.strokeStyle = css(colour);
      ctx.beginPath();
      ctx.arc(x(mark.x), y(mark.y), radius * ratio, 0, 7);
      ctx.stroke();
    }
  }

  // Where a mark is, in pixels of the plot's inner part.
  spot(mark) {
    return [this.plot.valToPos(mark.x, "x"), this.plot.valToPos(mark.y, "y")];
  }

  nearest(event) {
    const { left, top } = this.plot.over.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    let [best, least] = [null, 24 ** 2];
    for (const mark of this.picture.marks) {
      const [x, y] = this.spot(mark);
      const far = mark.wide ? (Math.abs(x - px) < mark.wide(this) && py >= y - 4 ? 0 : Infinity) : (x - px) ** 2 + (y - py) ** 2;
      if (far < least) [best, least] = [mark, far];
    }
    return best;
  }

  point(event) {
    if (event.buttons) return this.leave();
    const mark = this.nearest(event);
    if (mark) this.tell(mark); else this.leave();
  }

  tell(mark, spoken = false) {
    this.at = mark;
    const [x, y] = this.spot(mark);
    this.ring.hidden = Boolean(mark.wide);
    this.ring.style.left = `${x}px`;
    this.ring.style.top = `${y}px`;
    const words = mark.text();
    this.app.tip(words, this.plot.over.getBoundingClientRect(), x, y);
    if (spoken) byId("spoken").textContent = words;
  }

  leave() {
    this.ring.hidden = true;
    this.at = null;
    this.app.tip(null);
  }

  // Arrows go from mark to mark, left and right by x, up and down by y; Enter shows the record.
  key(event) {
    const along = { ArrowRight: ["x", 1], ArrowLeft: ["x", -1], ArrowUp: ["y", 1], ArrowDown: ["y", -1] }[event.key];
    if (event.key === "Escape") return this.leave();
    if (event.key === "Enter" && this.at?.network !== undefined) {
      event.preventDefault();
      return this.app.select(this.at.network, this.place);
    }
    if (!along || !this.picture.marks.length) return;
    event.preventDefault();
    const [axis, step] = along;
    const order = this.picture.marks.map((mark, i) => [mark, i]).sort((a, b) => a[0][axis] - b[0][axis] || a[1] - b[1]).map(([mark]) => mark);
    const here = this.last && order.findIndex((mark) => mark.key === this.last.key);
    const next = this.at || here >= 0 ? Math.min(Math.max((here >= 0 ? here : 0) + step, 0), order.length - 1) : 0;
    this.last = order[next];
    this.tell(order[next], true);
  }
}

function extent(axis, marks, key) {
  if (axis.labels) return [-0.6, axis.labels.length - 0.4];
  if (axis.range) return axis.range;
  const [from, to] = key === "x" ? ["left", "right"] : ["low", "high"];
  const values = [...(axis.with ?? []), ...marks.flatMap((mark) => [mark[key], mark[from], mark[to]])].filter(Number.isFinite);
  let [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  if (!(low <= high)) return axis.scale === "log" ? [1, 10] : [0, 1];
  if (axis.scale === "log") return low === high ? [low / 2, high * 2] : [low * (low / high) ** 0.03, high * (high / low) ** 0.03];
  const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 0.5;
  return [axis.floor ?? low - room, high + room];
}

function axis(own, upright) {
  const found = {
    font: FONT, labelFont: `600 ${FONT}`, label: own.label || undefined, labelSize: 22,
    stroke: () => css("--faint"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { stroke: () => css("--line"), width: 1, size: 4 },
    values: (plot, splits) => splits.map((value) => (value === null ? "" : say(value, 5))),
    space: upright ? 34 : 56,
    size: upright ? (plot, values) => 14 + 6.6 * Math.max(1, ...(values ?? []).map((value) => value.length)) : 34,
  };
  if (own.labels) {
    const step = upright ? 1 : Math.ceil(own.labels.length / 8);
    const shown = own.labels.map((_, i) => i).filter((i) => i % step === 0);
    const cut = (text) => (text.length > (upright ? 20 : 12) ? `${text.slice(0, upright ? 19 : 11)}…` : text);
    Object.assign(found, { splits: () => shown, values: () => shown.map((i) => cut(own.labels[i])) });
    found.grid = { show: false };
  } else if (own.ticks || own.scale === "log") {
    const splits = (plot, at, low, high) => own.ticks ?? powers(low, high);
    Object.assign(found, { splits, filter: (plot, kept) => kept });
  }
  return found;
}

// Round places of a logarithmic axis: 1, 2 and 5 of each power of ten, or fewer where these are many.
function powers(low, high) {
  const first = Math.floor(Math.log10(low));
  const count = Math.ceil(Math.log10(high)) - first + 1;
  const within = (digits, step = 1) => Array.from({ length: count }, (_, i) => first + i)
    .filter((power) => power % step === 0)
    .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((value) => value >= low && value <= high);
  const choices = [within([1, 2, 5]), within([1, 3]), within([1]), within([1], 2), within([1], 4)];
  return choices.find((found) => found.length <= 5) ?? choices.at(-1);
}
