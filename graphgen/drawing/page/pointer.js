// Mouse, pen and fingers: drag, pinch, wheel, point, click, double click.

class Pointer {
  constructor(app) {
    Object.assign(this, { app, down: new Map(), travelled: 0 });
    const { canvas } = app;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.lift(event));
    canvas.addEventListener("pointerleave", () => this.leave());
    canvas.addEventListener("dblclick", (event) => this.enter(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  place(event) {
    const { left, top } = this.app.canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  press(event) {
    if (event.button > 0) return;
    this.app.canvas.setPointerCapture(event.pointerId);
    this.app.canvas.focus({ preventScroll: true });
    this.down.set(event.pointerId, this.place(event));
    if (this.down.size === 1) this.travelled = 0;
  }

  move(event) {
    const { app } = this;
    const now = this.place(event);
    const before = this.down.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") app.point(app.hit(now), now);
      return;
    }
    this.down.set(event.pointerId, now);
    if (this.down.size === 1) {
      this.travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      if (this.travelled < 4) return;
      app.point(null);
      app.canvas.classList.add("dragged");
      app.camera.move(now.x - before.x, now.y - before.y);
    } else if (this.down.size === 2) this.pinch(event.pointerId, before, now);
  }

  // Both fingers keep what lies under them.
  pinch(id, before, now) {
    const { app } = this;
    this.travelled = 100;
    const other = [...this.down].find(([each]) => each !== id)[1];
    const span = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) || 1;
    app.camera.move((now.x - before.x) / 2, (now.y - before.y) / 2);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const { x, y } = this.inPane(middle);
    app.zoom(span(now, other) / span(before, other), x, y);
  }

  inPane(place) {
    const pane = this.app.paneAt(place);
    return { x: place.x - pane.x, y: place.y - pane.y };
  }

  lift(event) {
    const { app } = this;
    const place = this.down.get(event.pointerId);
    if (!this.down.delete(event.pointerId)) return;
    app.canvas.classList.remove("dragged");
    if (event.type === "pointerup" && this.down.size === 0 && this.travelled < 4) {
      const hit = app.hit(place);
      app.click(hit);
      if (event.pointerType === "touch") app.point(hit, place);
    }
  }

  leave() {
    if (!this.down.size) this.app.point(null);
  }

  enter(event) {
    const { app } = this;
    const hit = app.hit(this.place(event));
    if (hit && hit.module !== undefined) app.fold(hit.module);
    else if (hit && hit.box) app.lookAt({ box: hit.box });
    else app.fit();
  }

  wheel(event) {
    event.preventDefault();
    const { app } = this;
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 400 : 1;
    if (event.shiftKey) {
      app.camera.move(-(event.deltaX || event.deltaY) * unit, 0);
      return;
    }
    const { x, y } = this.inPane(this.place(event));
    app.zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0016)), x, y);
  }
}
