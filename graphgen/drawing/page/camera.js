// Where one looks: a scale and the place of the scene's corner on the screen.

class Camera {
  constructor(changed) {
    Object.assign(this, { x: 0, y: 0, k: 1, changed, least: 0.05, most: 400 });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get place() {
    return { x: this.x, y: this.y, k: this.k };
  }

  set({ x, y, k }) {
    cancelAnimationFrame(this.running);
    this.put({ x, y, k });
  }

  put({ x, y, k }) {
    Object.assign(this, { x, y, k: Math.max(this.least, Math.min(this.most, k)) });
    this.changed();
  }

  move(right, down) {
    this.set({ x: this.x + right, y: this.y + down, k: this.k });
  }

  // Zoom by a factor; the point (px, py) of the screen stays.
  zoom(factor, px, py) {
    const k = Math.max(this.least, Math.min(this.most, this.k * factor));
    const ratio = k / this.k;
    this.set({ x: px - (px - this.x) * ratio, y: py - (py - this.y) * ratio, k });
  }

  // The place from which a rectangle of the scene fills the window.
  around({ x, y, w, h }, width, height, margin = 32, most = this.most) {
    const k = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h, most);
    return { x: width / 2 - (x + w / 2) * k, y: height / 2 - (y + h / 2) * k, k };
  }

  glide(goal, time = 320) {
    if (this.calm.matches) return this.set(goal);
    cancelAnimationFrame(this.running);
    const from = this.place;
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - start) / time));
      if (part === 1) return this.put(goal);
      const eased = 1 - (1 - part) ** 3;
      const k = from.k * (goal.k / from.k) ** eased;
      // The scale grows evenly, so that the place has to follow the scale.
      const moved = goal.k === from.k ? eased : (k - from.k) / (goal.k - from.k);
      this.put({ x: from.x + (goal.x - from.x) * moved, y: from.y + (goal.y - from.y) * moved, k });
      this.running = requestAnimationFrame(step);
      return undefined;
    };
    this.running = requestAnimationFrame(step);
    return undefined;
  }
}
