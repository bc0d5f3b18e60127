// Windows on the map: one, or networks side by side, which share the camera.
//
// The map itself is painted on a canvas somewhat larger than its window, so that moving it is a
// copy; it is painted anew where it was left behind, zoomed or changed.

const MARGIN = 240;
const CALM = 90;

class Pane {
  constructor(app, which) {
    Object.assign(this, { app, which, stale: true, cost: 0, back: document.createElement("canvas") });
    this.base = new Base(app);
  }

  size(x, y, width, height, ratio) {
    if (this.width !== width || this.height !== height || this.ratio !== ratio) {
      Object.assign(this, { width, height, ratio, stale: true });
      this.back.width = Math.round((width + 2 * MARGIN) * ratio);
      this.back.height = Math.round((height + 2 * MARGIN) * ratio);
    }
    Object.assign(this, { x, y });
  }

  paint(camera) {
    const start = performance.now();
    const context = this.back.getContext("2d", { alpha: false });
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const shifted = { x: camera.x + MARGIN, y: camera.y + MARGIN, k: camera.k };
    this.base.draw(context, shifted, this.width + 2 * MARGIN, this.height + 2 * MARGIN, this.which);
    this.at = camera;
    this.stale = false;
    this.cost = performance.now() - start;
  }

  // Draw the window. While a slow map is zoomed, its last picture is stretched; say so.
  draw(context, camera) {
    const { app, base, width, height, ratio } = this;
    context.save();
    context.setTransform(ratio, 0, 0, ratio, Math.round(this.x * ratio), Math.round(this.y * ratio));
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    let stretched = false;
    if (app.motion) {
      base.draw(context, camera, width, height, this.which);
      this.stale = true;
    } else {
      const far = () => Math.abs(camera.x - this.at.x) > MARGIN || Math.abs(camera.y - this.at.y) > MARGIN;
      const zoomed = this.at && this.at.k !== camera.k;
      stretched = zoomed && !this.stale && this.cost > 9 && performance.now() - app.zoomed < CALM;
      if (!stretched && (this.stale || zoomed || far())) this.paint(camera);
      const scale = camera.k / this.at.k;
      const left = camera.x - (this.at.x + MARGIN) * scale, top = camera.y - (this.at.y + MARGIN) * scale;
      const snap = (value) => (stretched ? value : Math.round(value * ratio) / ratio);
      context.imageSmoothingEnabled = stretched;
      if (stretched) {
        context.fillStyle = PALETTES[app.look.theme].back;
        context.fillRect(0, 0, width, height);
      }
      context.drawImage(this.back, snap(left), snap(top),
        (this.back.width / ratio) * scale, (this.back.height / ratio) * scale);
    }
    base.context = context;
    base.view = { ...camera, width, height };
    drawOverlay(app, base, context, this.which);
    if (app.panes.length > 1) this.title(context);
    context.restore();
    return stretched;
  }

  title(context) {
    const { app, width, height } = this;
    const colours = PALETTES[app.look.theme];
    const text = this.base.fitted(app.paneTitle(this.which), width - 24, BOLD);
    const wide = this.base.measure(text, BOLD) + 14;
    context.fillStyle = colours.card;
    context.strokeStyle = colours.edge;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(8.5, 8.5, wide, 20, 5);
    context.fill();
    context.stroke();
    context.fillStyle = colours.ink;
    context.font = BOLD;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, 15, 19);
    context.fillStyle = colours.edge;
    if (this.x > 0) context.fillRect(0, 0, 1, height);
    if (this.y > 0) context.fillRect(0, 0, width, 1);
  }
}
