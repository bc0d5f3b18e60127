// The symmetries: choose one, watch the weights move, and see that the outputs do not.

class Symmetries {
  constructor(app, node) {
    Object.assign(this, { app, node, family: 0, applied: null });
    const found = app.network.symmetries || { families: [] };
    this.families = found.families || [];
    this.live = el("p", { class: "hint", role: "status", id: "moved" });
    this.select = el("select", { id: "family", onchange: () => this.choose(Number(this.select.value)) },
      ...this.families.map((family, at) => el("option", { value: at }, `${family.name}: ${family.title}`)));
    this.buttons = el("p", { class: "buttons" });
    this.outputs = el("div", { id: "outputs" });
    this.about = el("div");
    node.append(el("h2", {}, "Symmetries"),
      found.order ? el("p", { class: "hint" }, el("span", {}, "order "), el("span", { class: "number" }, found.order)) : "",
      this.families.length ? el("p", {}, el("label", { for: "family" }, "Show "), this.select)
        : el("p", { class: "hint" }, "None that permutes neurons."),
      this.buttons, this.about, this.live, this.outputs);
    const statements = [...(found.statements || []), found.signs_and_scales].filter(Boolean);
    if (statements.length) {
      node.append(el("details", {}, el("summary", {}, "All that is known"),
        el("ul", {}, ...statements.map((text) => el("li", {}, String(text))))));
    }
    if (found.left_out) node.append(el("p", { class: "hint" }, found.left_out));
    if (this.families.length) this.show();
  }

  choose(at, quiet = false) {
    if (this.applied || this.app.motion) this.settle(null);
    this.family = at;
    this.select.value = String(at);
    this.show();
    if (!quiet) {
      this.app.shownFamily = this.families[at];
      this.app.redraw();
      this.node.scrollIntoView({ block: "nearest" });
    }
  }

  show() {
    const family = this.families[this.family];
    const examples = family.examples || [];
    this.buttons.replaceChildren(
      ...examples.map((example, at) => el("button", {
        "data-example": at, "aria-pressed": this.applied === example,
        onclick: () => this.play(at),
      }, example.title)),
      examples.length ? el("button", { "data-back": "", disabled: this.applied ? false : "", onclick: () => this.back() }, "Put back") : "");
    const names = family.tensors.map(({ name, axis }) => (axis === null || axis === undefined ? name : `${name} axis ${axis}`));
    this.about.replaceChildren(el("p", { class: "hint" }, `${family.kind} of ${family.size}, acts on `,
      names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more.` : `${names.join(", ")}.`));
    if (!examples.length) this.about.append(el("p", { class: "hint" }, this.app.network.kind === "parameter"
      ? "Too large to be shown move by move." : "Outlined on the map are the blocks that hold its tensors."));
    this.live.textContent = "";
    this.bars(this.applied || null);
  }

  play(at, instantly = false) {
    const { app } = this;
    const example = this.families[this.family].examples[at];
    app.shownFamily = this.families[this.family];
    this.clear();
    const found = moves(app.network, app.grids, example);
    const done = () => this.settle(example, found);
    if (instantly) return done();
    app.motion = new Motion(app, example, found, false);
    app.motion.run(done);
    return undefined;
  }

  back() {
    const { app, applied, found } = this;
    if (!applied) return;
    this.clear();
    app.motion = new Motion(app, applied, found, true);
    app.motion.run(() => this.settle(null));
  }

  clear() {
    this.app.motion = null;
    this.app.grids.moved.clear();
    this.applied = null;
  }

  settle(example, found) {
    const { app } = this;
    this.clear();
    if (example) {
      this.found = found;
      for (const [index, { middle, before, ...after }] of found) app.grids.moved.set(index, after);
      this.applied = example;
    }
    app.refreshEdges();
    app.panel.show();
    app.repaint();
    this.show();
    this.live.textContent = !example ? "The weights are as they were."
      : example.outputs ? "" : "Outputs were not computed.";
  }

  // The nodes that a group shows, in the order of its rows, or null.
  nodes(group) {
    const example = this.app.motion ? this.app.motion.example : this.applied;
    return example ? this.app.network.list(example.nodes[group]) : null;
  }

  bars(example) {
    this.outputs.replaceChildren();
    if (!example || !example.outputs) return;
    const { before, after, control, count } = example.outputs;
    const most = Math.max(...[...before, ...after, ...control].map((value) => Math.abs(value || 0)), 1e-30);
    const chart = (title, values, kind, note) => el("figure", { class: kind },
      el("figcaption", {}, el("b", {}, title), note ? el("span", {}, note) : null),
      this.chart(values, kind ? before : [], most, `${title} ${note || ""}`));
    this.outputs.append(
      chart("Outputs before", before, "", count > before.length ? `first ${before.length} of ${count}` : ""),
      chart("After, in all its tensors", after, "kept", `largest change ${say(example.largest_change)}`),
      chart(`Control: only ${example.control_tensor}`, control, "broken", `largest change ${say(example.control_change)}`));
  }

  // Bars, with a line at where each was before.
  chart(values, before, most, label) {
    const svg = el("svg", {
      viewBox: `0 0 ${values.length} 24`, preserveAspectRatio: "none", role: "img", class: "bars", "aria-label": label,
    }, el("line", { x1: 0, x2: values.length, y1: 12, y2: 12 }));
    values.forEach((value, i) => {
      const tall = (11.5 * Math.abs(value || 0)) / most;
      svg.append(el("rect", { x: i + 0.12, y: value > 0 ? 12 - tall : 12, width: 0.76, height: Math.max(tall, 0.15) },
        el("title", {}, `output ${i}: ${say(value)}`)));
      const y = 12 - (11.5 * (before[i] || 0)) / most;
      if (before.length) svg.append(el("line", { x1: i, x2: i + 1, y1: y, y2: y, class: "before" }));
    });
    return svg;
  }
}
