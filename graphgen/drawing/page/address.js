// What is shown, in the page's address, so that it can be sent.

class Address {
  constructor(app) {
    this.app = app;
  }

  // Write it soon: not with each step of a drag.
  later() {
    // Before the page is furnished, the address is still to be read.
    if (!this.app.symmetries) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.write(), 250);
  }

  write() {
    const { app } = this;
    const { x, y, k } = app.camera;
    const pane = app.panes[0];
    const parts = {};
    if (!app.fitted) {
      // The middle of the window in the scene, so that other windows show the same.
      parts.at = [(pane.width / 2 - x) / k, (pane.height / 2 - y) / k, k].map((part) => Number(part.toPrecision(5))).join(",");
    }
    if (app.chosen && app.chosen.module !== undefined) parts.module = app.chosen.module;
    if (app.chosen && app.chosen.box) {
      parts.box = app.chosen.box.id;
      if (app.chosen.row !== undefined) parts.row = app.chosen.row;
    }
    if (app.cursor) parts.cursor = [app.cursor.box.id, app.cursor.y, app.cursor.x].join(",");
    if (app.look.colours !== "block") parts.colours = app.look.colours;
    if (app.look.bins !== "rms") parts.bins = app.look.bins;
    if (app.themed) parts.theme = app.look.theme;
    if (app.layout.folded.size) parts.folded = [...app.layout.folded].join(",");
    if (app.shows !== "this") parts.show = app.shows;
    const { families, family, applied } = app.symmetries;
    if (applied) parts.symmetry = `${family},${families[family].examples.indexOf(applied)}`;
    const text = Object.entries(parts).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // A page inside of another (srcdoc) has no address of its own.
    }
  }

  read() {
    const { app } = this;
    const found = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const numbers = (text) => (text || "").split(",").filter(Boolean).map(Number).filter(Number.isFinite);
    if (found.theme in PALETTES) Object.assign(app, { themed: true }).look.theme = found.theme;
    if (found.colours === "all") app.look.colours = "all";
    if (found.bins === "mean") app.look.bins = "mean";
    for (const id of numbers(found.folded)) if (app.layout.moduleOf.has(id)) app.layout.folded.add(id);
    app.layout.place();
    if (app.network.against && ["other", "difference", "beside"].includes(found.show)) app.shows = found.show;
    return () => {
      const [x, y, k] = numbers(found.at);
      const pane = app.panes[0];
      if (k > 0) app.camera.set({ x: pane.width / 2 - x * k, y: pane.height / 2 - y * k, k });
      const [family, example] = numbers(found.symmetry);
      const known = app.symmetries.families[family];
      if (known && known.examples[example]) {
        app.symmetries.choose(family, true);
        app.symmetries.play(example, true);
      }
      const box = app.layout.boxOf.get(Number(found.box || NaN));
      const row = found.row === undefined ? {} : { row: Number(found.row) };
      if (box && !(row.row >= box.rows)) app.choose({ box, ...row }, false);
      if (app.layout.moduleOf.has(Number(found.module || NaN))) app.choose({ module: Number(found.module) }, false);
      const [at, line, column] = numbers(found.cursor);
      if (app.layout.boxOf.has(at) && column >= 0) app.cursor = { box: app.layout.boxOf.get(at), y: line, x: column };
    };
  }
}
