// The outline at the left, in native <details>: modules, their groups, tensors.

class Outline {
  constructor(app, node) {
    Object.assign(this, { app, node, items: new Map(), details: new Map(), folders: new Map() });
    this.opener = document.getElementById("outline-opener");
    this.opener.addEventListener("click", () => this.open(!document.body.classList.contains("outlined")));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open(false)) this.opener.focus();
    });
    const roots = app.layout.ordered.filter((module) => module.parent === null);
    node.append(el("ul", { class: "tree" }, ...roots.flatMap((module) => this.module(module, roots.length === 1))));
  }

  // In narrow windows the outline lies above the map, and is opened by its button.
  open(opened) {
    const before = document.body.classList.contains("outlined");
    document.body.classList.toggle("outlined", opened);
    this.opener.setAttribute("aria-expanded", String(opened));
    if (opened) this.node.focus();
    return before;
  }

  module(module, open) {
    const { app } = this;
    const children = app.layout.children.get(module.id).map((id) => app.layout.moduleOf.get(id));
    const boxes = module.boxes.map((id) => app.layout.boxOf.get(id));
    const content = [
      ...boxes.filter((box) => box.block !== null || box.kind === "neurons").map((box) => this.box(box, module)),
      ...children.flatMap((child) => this.module(child, false)),
    ];
    if (!module.label) return content;
    const summary = el("summary", { onclick: () => app.choose({ module: module.id }, false) }, module.label);
    const details = el("details", { open: open ? "" : false }, summary, el("ul", {}, ...content));
    const fold = el("button", {
      class: "fold", "aria-pressed": "false", title: "Collapse on the map",
      "aria-label": `Collapse ${module.path || module.label} on the map`, onclick: () => app.fold(module.id),
    }, "−");
    this.details.set(module.id, details);
    this.folders.set(module.id, fold);
    return [el("li", {}, details, fold)];
  }

  box(box, module) {
    const { app } = this;
    const block = box.block === null ? null : app.network.blocks[box.block];
    const full = block ? block.tensor || block.name : app.network.groups[box.group].name;
    const path = `${module.path}.`;
    const text = full.startsWith(path) ? full.slice(path.length) : full;
    const tensor = block && app.network.tensorOf.get(block.tensor);
    const size = tensor ? tensor.shape.join("×") : block ? block.shape.join("×") : box.rows;
    const button = el("button", {
      class: box.block === null ? "item neurons" : "item", onclick: () => {
        this.open(false);
        app.choose({ box }, true);
      },
    }, el("span", {}, text), " ", el("small", {}, String(size)));
    this.items.set(box.id, button);
    return el("li", {}, button);
  }

  show() {
    const { app } = this;
    for (const button of this.node.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    const box = app.chosen && app.chosen.box;
    const button = box ? this.items.get(box.id) : null;
    const module = app.chosen && app.chosen.module;
    for (const [id, fold] of this.folders) {
      const folded = app.layout.folded.has(id);
      fold.setAttribute("aria-pressed", String(folded));
      fold.textContent = folded ? "+" : "−";
    }
    if (module !== undefined && module !== null && this.details.has(module)) {
      this.details.get(module).firstElementChild.setAttribute("aria-current", "true");
    }
    if (!button) return;
    for (const id of app.layout.above(box.module)) if (this.details.has(id)) this.details.get(id).open = true;
    button.setAttribute("aria-current", "true");
    button.scrollIntoView({ block: "nearest" });
  }
}
