// What is written on the map: names of modules and boxes, cards of folded modules.

Object.assign(Base.prototype, {
  // Folded modules: a card with the name and what is in it.
  cards() {
    const { context, colours, app } = this;
    for (const id of app.layout.folded) {
      const part = app.layout.modules.get(id);
      if (app.layout.folder(id) !== id || !this.sees(part)) continue;
      const { x, y, w, h } = this.rect(part);
      context.fillStyle = colours.card;
      context.strokeStyle = colours.edge;
      context.lineWidth = 1;
      context.beginPath();
      context.roundRect(x + 0.5, y + 0.5, w - 1, h - 1, Math.min(5, h / 4));
      context.fill();
      context.stroke();
      this.taken.push([x, y, w, h]);
      if (h < 9) continue;
      context.font = BOLD;
      context.textBaseline = "middle";
      context.textAlign = "left";
      context.fillStyle = colours.ink;
      const module = app.layout.moduleOf.get(id);
      const name = this.fitted(`▸ ${module.path || module.label}`, w - 12);
      context.fillText(name, x + 6, y + h / 2);
      const after = x + 14 + this.measure(name, BOLD);
      context.font = TEXT;
      context.fillStyle = colours.faint;
      context.fillText(this.fitted(app.summary(id), x + w - after - 4), after, y + h / 2);
    }
  },

  // Names of modules in the margin at their left; the innermost ones give way.
  names() {
    const { context, colours, app } = this;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.font = BOLD;
    context.fillStyle = colours.ink;
    const outer = (module) => app.layout.children.get(module.id).length > 0;
    const { modules } = app.network.scene;
    for (const module of [...modules].sort((a, b) => outer(a) - outer(b))) {
      const part = app.layout.modules.get(module.id);
      if (app.layout.folder(module.id) !== null || !module.label || !this.sees(part)) continue;
      const rect = this.rect(part);
      const boxes = app.layout.inside.get(module.id).map((box) => app.layout.boxes.get(box.id));
      const left = Math.min(...boxes.filter(Boolean).map((box) => this.rect(box).x));
      const room = left - rect.x - 8;
      const short = this.name(this.within(module, room), room);
      if (room < 14 || rect.h < 9) continue;
      // The name of a module that has others in it stands in its corner.
      const y = outer(module) ? rect.y + 9 : rect.y + rect.h / 2;
      context.fillStyle = outer(module) ? colours.faint : colours.ink;
      if (this.place(rect.x + 4, y - 6, this.measure(short, BOLD), 12)) {
        context.fillText(short, rect.x + 4, y);
      }
    }
  },

  // In a frame that says the beginning of its name, the end alone will do.
  within(module, room) {
    const around = this.app.layout.moduleOf.get(module.parent);
    const said = around && around.label && module.label.startsWith(`${around.label}.`);
    return said && this.measure(module.label, BOLD) > room ? module.label.slice(around.label.length) : module.label;
  },

  // Of a dotted name the end tells more than the beginning.
  name(label, room) {
    if (!label.includes(".") || this.measure(label, BOLD) <= room) return this.fitted(label, room, BOLD);
    let start = 1;
    while (start < label.length && this.measure(`…${label.slice(start)}`, BOLD) > room) start++;
    return `…${label.slice(start)}`;
  },

  // The label of a box above it, where there is room and nothing else is written.
  caption(box) {
    const { app, context, colours } = this;
    const { k } = this.view;
    if (!box.label || box.kind === "hub" || (box.caption === false && k < 1.6)) return;
    const { x, y, w } = this.rect(app.layout.boxes.get(box.id));
    const room = box.kind === "matrix" ? Math.max(w, 30) : w;
    if (k < 0.55 && w < 26) return;
    const text = this.fitted(box.label, room, TEXT);
    if (text.length < Math.min(3, box.label.length)) return;
    const wide = this.measure(text, TEXT);
    if (box.kind === "neurons" && k < 3 && this.named.has(`${box.group} ${box.label}`)) return;
    if (!this.place(x, y - 14, wide, 12)) return;
    this.named.add(`${box.group} ${box.label}`);
    context.font = TEXT;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillStyle = colours.faint;
    context.fillText(text, x, y - 4);
  },
});
