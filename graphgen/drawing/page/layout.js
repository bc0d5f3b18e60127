// Where boxes, modules and wires are shown: as the scene says, less the height of what is folded.

const FOLDED = 22;

class Layout {
  constructor(scene) {
    this.scene = scene;
    // From top to bottom, as they are read.
    this.ordered = [...scene.modules].sort((a, b) => a.y - b.y || a.x - b.x);
    this.children = new Map(scene.modules.map((module) => [module.id, []]));
    for (const module of this.ordered) {
      if (module.parent !== null) this.children.get(module.parent).push(module.id);
    }
    this.moduleOf = new Map(scene.modules.map((module) => [module.id, module]));
    this.boxOf = new Map(scene.boxes.map((box) => [box.id, box]));
    this.inside = new Map(scene.modules.map((module) => [module.id, this.collect(module.id)]));
    this.folded = new Set();
    this.place();
  }

  // All boxes of a module and of the modules in it.
  collect(id) {
    const own = this.moduleOf.get(id).boxes.map((box) => this.boxOf.get(box));
    return [...own, ...this.children.get(id).flatMap((child) => this.collect(child))];
  }

  above(id) {
    const result = [];
    for (let at = id; at !== null; at = this.moduleOf.get(at).parent) result.unshift(at);
    return result;
  }

  // The outermost folded module around a module, or null.
  folder(id) {
    const found = this.above(id).find((each) => this.folded.has(each));
    return found === undefined ? null : found;
  }

  toggle(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.place();
  }

  place() {
    const { scene } = this;
    const outer = scene.modules.filter((module) => this.folder(module.id) === module.id);
    this.bands = this.joined(outer.map((module) => [module.y, module.y + module.h]))
      .filter(([top, bottom]) => bottom - top > FOLDED && this.free(top, bottom));
    this.height = this.down(scene.height);
    this.width = scene.width;
    const shown = (part) => {
      const y = this.down(part.y);
      return { x: part.x, y, w: part.w, h: this.down(part.y + part.h) - y };
    };
    this.modules = new Map(scene.modules.map((module) => [module.id, shown(module)]));
    this.boxes = new Map();
    for (const box of scene.boxes) {
      if (this.folder(box.module) === null) this.boxes.set(box.id, shown(box));
    }
    this.wires = scene.wires.filter((wire) => {
      const [from, to] = [wire.from, wire.to].map((id) => this.folder(this.boxOf.get(id).module));
      return from === null || from !== to;
    }).map((wire) => ({ ...wire, points: wire.points.map(([x, y]) => [x, this.down(y)]) }));
  }

  joined(spans) {
    const result = [];
    for (const [top, bottom] of spans.sort((a, b) => a[0] - b[0])) {
      const last = result[result.length - 1];
      if (last && top < last[1]) last[1] = Math.max(last[1], bottom);
      else result.push([top, bottom]);
    }
    return result;
  }

  // Whether nothing that is shown lies between two heights.
  free(top, bottom) {
    return this.scene.boxes.every((box) =>
      this.folder(box.module) !== null || box.y >= bottom || box.y + box.h <= top);
  }

  down(y) {
    let result = y;
    for (const [top, bottom] of this.bands) {
      const part = Math.max(0, Math.min(1, (y - top) / (bottom - top)));
      result -= part * (bottom - top - FOLDED);
    }
    return result;
  }

  // The box at a point of the scene; strips and dots are thin, so that the nearest within reach is.
  at(x, y, reach = 0) {
    let best = null, least = reach;
    for (const [id, { x: left, y: top, w, h }] of this.boxes) {
      const away = Math.max(left - x, x - left - w, top - y, y - top - h);
      if (away <= 0) return this.boxOf.get(id);
      if (away < least) [best, least] = [this.boxOf.get(id), away];
    }
    return best;
  }

  // The folded module at a point, or null.
  cardAt(x, y) {
    for (const id of this.folded) {
      const { x: left, y: top, w, h } = this.modules.get(id);
      if (this.folder(id) === id && x >= left && x <= left + w && y >= top && y <= top + h) return id;
    }
    return null;
  }
}
