// The panel at the right: what is known of the chosen thing.

class Panel {
  constructor(app, node) {
    Object.assign(this, { app, node });
  }

  show() {
    const { app } = this;
    const { chosen } = app;
    const parts = !chosen ? this.network()
      : chosen.module !== undefined ? this.module(chosen.module)
        : chosen.row !== undefined ? this.neuron(chosen.box, chosen.row)
          : chosen.box.block !== null ? this.block(chosen.box) : this.group(chosen.box);
    this.node.replaceChildren(...parts.filter(Boolean));
  }

  rows(pairs) {
    const list = el("dl");
    for (const [name, value] of pairs) {
      if (value !== null && value !== undefined && value !== "") list.append(el("dt", {}, name), el("dd", {}, value));
    }
    return list;
  }

  network() {
    const { network } = this.app;
    const { counts } = network;
    const nan = network.blocks.reduce((sum, block) => sum + ((block.statistics || {}).nan || 0), 0);
    const held = network.blocks.some((block) => block.values);
    return [
      el("h2", {}, network.name),
      this.rows([
        ["graph", network.kind], ["parameters", grouped(counts.parameters)],
        ["nodes", grouped(counts.nodes)], ["edges", grouped(counts.edges)],
        ["groups", grouped(counts.groups)], ["blocks", grouped(counts.blocks)],
        ["NaN", nan ? el("span", { class: "nan" }, grouped(nan)) : null],
        ["99.5 % of |w|", network.scale && network.scale.q995 ? say(network.scale.q995) : null],
        ["hash", network.hash ? el("code", { title: network.hash }, network.hash.slice(0, 12)) : null],
      ]),
      network.against ? this.against() : null,
      el("p", { class: "hint" }, held
        ? "Each block of edges is a matrix: its rows are the neurons that it leads to, and line up with their biases, norms and dots. Point for values, click to keep."
        : "Structure alone: no weights were given. Each block of edges is a matrix, whose rows line up with the neurons that it leads to."),
    ];
  }

  against() {
    const { against } = this.app.network;
    return el("section", {},
      el("h3", {}, `Beside ${against.name || "another network"}`),
      this.rows([
        ["matched by", against.how],
        ["distance", against.distance_before === null || against.distance_before === undefined
          ? say(against.distance) : `${say(against.distance)}, before ${say(against.distance_before)}`],
        ["lower bound", against.lower_bound === null ? null : say(against.lower_bound)],
      ]));
  }

  block(box) {
    const { app } = this;
    const { network } = app;
    const block = network.blocks[box.block];
    const tensor = network.tensorOf.get(block.tensor);
    const which = app.which();
    const statistics = network.statistics(box.block, which);
    const values = network.values(box.block, which);
    const found = statistics || {};
    return [
      el("h2", {}, block.tensor || block.name),
      app.panes.length > 1 ? el("p", { class: "hint" }, `of ${app.paneTitle(which)}`) : null,
      values ? this.histogram(which === "this" ? block.histogram : this.other(box.block, which).histogram) : null,
      values ? this.legend(box, which) : null,
      this.shape(block),
      this.rows([
        ["kind", block.kind + (block.tied ? ", tied" : "")],
        ["edges", `${grouped(block.edges)}, from ${block.edge_start}`],
        ["from", this.groupLink(block.from)],
        ["to", this.groupLink(block.to)],
        ["step", (network.groups[block.to].steps || [])[block.step]],
        ["tensor", tensor ? `${times(tensor.shape)} ${tensor.dtype}${tensor.trainable ? "" : ", not trained"}` : null],
        ["constant", block.constant === null || block.tensor ? null : say(block.constant)],
        ["mean ± std", statistics ? `${say(found.mean)} ± ${say(found.std)}` : null],
        ["rms", statistics ? say(found.rms) : null],
        ["range", statistics ? `${say(found.min)} … ${say(found.max)}` : null],
        ["99.5 % of |w|", statistics ? say(found.q995) : null],
        ["zeros", found.zeros ? `${grouped(found.zeros)} (${((100 * found.zeros) / found.count).toFixed(1)} %)` : null],
        ["NaN", found.nan ? el("span", { class: "nan" }, grouped(found.nan)) : null],
        ["infinite", found.inf ? grouped(found.inf) : null],
        ["held here", !values ? "no values" : values.mode === "exact" ? "every value" : `${values.rows} × ${values.columns} bins`],
      ]),
    ];
  }

  groupLink(group) {
    const { app } = this;
    const box = app.network.boxOfGroup.get(group);
    const name = app.network.groups[group].name;
    return box ? el("button", { class: "link", onclick: () => app.choose({ box }, true) }, name) : name;
  }

  // The axes: size, role, and what permutes them.
  shape(block) {
    const { app } = this;
    const families = app.network.symmetries ? app.network.symmetries.families : [];
    const acting = (text) => {
      if (!text) return "–";
      return text.split(/(P\d+)/).map((part) => {
        const at = families.findIndex((family) => family.name === part);
        return at < 0 ? part : el("button", { class: "link", onclick: () => app.symmetries.choose(at) }, part);
      });
    };
    return el("table", {},
      el("thead", {}, el("tr", {}, ...["axis", "size", "permuted by"].map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...block.shape.map((size, axis) => el("tr", {},
        el("th", { scope: "row" }, block.axes[axis]), el("td", {}, grouped(size)),
        el("td", {}, ...[acting((block.permuted_by || [])[axis])].flat())))));
  }

  // What is known of a block in the other network, or in the difference.
  other(index, which) {
    const found = this.app.network.against.blocks[index];
    return which === "other" ? found : found.difference;
  }

  histogram(found) {
    if (!found || !found.counts) return null;
    const { counts, low, high } = found;
    const most = Math.max(...counts, 1);
    const beyond = (found.below || 0) + (found.above || 0);
    const svg = el("svg", {
      viewBox: `0 0 ${counts.length} 24`, preserveAspectRatio: "none", role: "img", class: "histogram",
      "aria-label": `Histogram from ${say(low)} to ${say(high)}, most in one bar: ${grouped(most)}`,
    });
    counts.forEach((count, i) => {
      const middle = low + ((i + 0.5) * (high - low)) / counts.length;
      const tall = count ? Math.max(0.4, (23 * count) / most) : 0;
      svg.append(el("rect", {
        x: i + 0.06, y: 24 - tall, width: 0.88, height: tall, class: middle < 0 ? "minus" : "plus",
      }, el("title", {}, `about ${say(middle)}: ${grouped(count)}`)));
    });
    return el("figure", {}, svg, el("figcaption", { class: "ends" }, el("span", {}, say(low)),
      beyond ? el("span", {}, `${grouped(beyond)} beyond`) : null, el("span", {}, say(high))));
  }

  legend(box, which) {
    const { app } = this;
    const grid = app.grids.of(box.block, which, app.look.bins);
    const limit = app.images.limit(box.block, which, app.look);
    const rms = grid.kind === "rms";
    const stops = PALETTES[app.look.theme][rms ? "rising" : "diverging"].join(",");
    return el("figure", {}, el("div", { class: "legend", style: `background:linear-gradient(90deg,${stops})` }),
      el("figcaption", { class: "ends" }, el("span", {}, rms ? "0" : say(-limit)),
        el("span", {}, rms ? "rms of a bin" : grid.kind === "mean" ? "mean of a bin" : "weight"), el("span", {}, say(limit))));
  }

  group(box) {
    const { network } = this.app;
    const group = network.groups[box.group];
    const names = (blocks) => {
      const tensors = [...new Set(blocks.map((index) => network.blocks[index]).map((block) => block.tensor || block.kind))];
      return tensors.length > 8 ? `${tensors.slice(0, 8).join(", ")} and ${tensors.length - 8} more` : tensors.join(", ");
    };
    return [
      el("h2", {}, group.name),
      this.rows([
        ["kind", group.output >= 0 ? `${group.kind}, output ${group.output}` : group.kind],
        ["nodes", `${grouped(group.size)}, ${group.start} to ${group.start + group.size - 1}`],
        ["shape", group.shape && group.shape.length ? times(group.shape) : null],
        ["steps", (group.steps || []).join(" · ")],
        ["in", names(network.incoming[box.group])],
        ["out", names(network.outgoing[box.group])],
      ]),
      el("p", { class: "hint" }, "Click a neuron for its heaviest edges."),
    ];
  }

  neuron(box, row) {
    const { app } = this;
    const { network, edges } = app;
    const told = tellNeuron(app, box, row);
    const line = ({ group, end, value }) => el("tr", {},
      el("th", { scope: "row" }, el("button", { class: "link", onclick: () => app.chooseNode(group, end) },
        `${network.groups[group].name}[${end}]`)),
      el("td", { class: value < 0 ? "minus" : "plus" }, say(value)));
    const half = (title, incoming) => {
      const found = edges.edges.filter((edge) => edge.incoming === incoming).slice(0, 6);
      return found.length ? el("table", {}, el("caption", {}, title), el("tbody", {}, ...found.map(line))) : null;
    };
    const held = !network.blocks.some((block) => block.values);
    return [
      el("h2", {}, told.name),
      this.rows([
        ["kind", told.lines[1]], ["steps", told.lines[2]],
        ...this.ownParameters(box, row),
      ]),
      half("Heaviest in", true), half("Heaviest out", false),
      el("p", { class: "hint" }, held ? "No weights were given."
        : edges.count > HEAVIEST ? `The heaviest ${HEAVIEST} of ${grouped(edges.count)} edges are drawn.`
          : edges.count ? "" : "None of its edges is held one by one.",
      edges.unknown ? ` ${edges.unknown} of its blocks are held in bins.` : ""),
    ];
  }

  // Bias, scale and statistics of one neuron: the strips of its group.
  ownParameters(box, row) {
    const { network, grids } = this.app;
    const number = network.groups[box.group].start + nodeOf(box, row);
    const result = [];
    for (const strip of network.scene.boxes) {
      if (strip.kind !== "strip" || strip.group !== box.group) continue;
      const matrix = network.matrices[strip.block];
      const grid = grids.exact(strip.block, this.app.which());
      if (!grid) continue;
      for (let y = 0; y < matrix.rows; y++) {
        if (matrix.target(matrix.coordinate(y, 0)) === number) {
          result.push([network.blocks[strip.block].tensor, exact(grid.at(y, 0))]);
        }
      }
    }
    return result;
  }

  module(id) {
    const { app } = this;
    const module = app.layout.moduleOf.get(id);
    const folded = app.layout.folded.has(id);
    const boxes = app.layout.inside.get(id).filter((box) => box.block !== null);
    return [
      el("h2", {}, module.path || module.label || app.network.name),
      el("p", { class: "hint" }, app.summary(id)),
      el("p", {},
        el("button", { onclick: () => app.fold(id) }, folded ? "Open (C)" : "Collapse (C)"), " ",
        el("button", { onclick: () => app.lookAt({ module: id }) }, "Zoom to it")),
      el("ul", { class: "plain" }, ...boxes.slice(0, 40).map((box) => el("li", {},
        el("button", { class: "link", onclick: () => app.choose({ box }, true) }, app.network.blocks[box.block].tensor || box.label)))),
    ];
  }
}
