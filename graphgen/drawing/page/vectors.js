// A context that writes an SVG of what is drawn on it: as much of Canvas 2D as the map uses.

// An element as text; the page that holds this script has neither its ends nor its links.
const tagged = (name, attributes, content) => `<${name}${Object.entries(attributes)
  .map(([key, value]) => ` ${key}="${value}"`).join("")}>${content}<${"/"}${name}>`;

class Vectors {
  constructor(width, height, measure) {
    Object.assign(this, {
      width, height, measure, parts: [], path: "", globalAlpha: 1, lineWidth: 1, lineCap: "butt",
      fillStyle: "#000", strokeStyle: "#000", font: "", textAlign: "left", textBaseline: "alphabetic",
      imageSmoothingEnabled: true, at: [0, 0],
    });
  }

  number(value) {
    return String(Math.round(value * 100) / 100);
  }

  join(...values) {
    return values.map((value) => this.number(value)).join(" ");
  }

  beginPath() { this.path = ""; }

  moveTo(x, y) {
    this.path += `M${this.join(x, y)}`;
    this.at = [x, y];
  }

  lineTo(x, y) {
    this.path += `L${this.join(x, y)}`;
    this.at = [x, y];
  }

  // Lines here are horizontal or vertical, so that the round of a corner begins `radius` before it.
  arcTo(x, y, right, down, radius) {
    const toward = ([a, b]) => {
      const long = Math.hypot(a - x, b - y) || 1, part = Math.min(radius, long / 2) / long;
      return [x + (a - x) * part, y + (b - y) * part];
    };
    const end = toward([right, down]);
    this.path += `L${this.join(...toward(this.at))}Q${this.join(x, y, ...end)}`;
    this.at = end;
  }

  arc(x, y, radius) {
    const half = `A${this.join(radius, radius)} 0 1 1 `;
    this.path += `M${this.join(x + radius, y)}${half}${this.join(x - radius, y)}${half}${this.join(x + radius, y)}`;
  }

  roundRect(x, y, w, h, radius) {
    const r = Math.max(0, Math.min(radius, w / 2, h / 2)), turn = (dx, dy) => `q${dx}${dy}`;
    const q = (a, b, c, d) => turn(this.join(a, b), ` ${this.join(c, d)}`);
    this.path += `M${this.join(x + r, y)}h${this.number(w - 2 * r)}${q(r, 0, r, r)}v${this.number(h - 2 * r)}`
      + `${q(0, r, -r, r)}h${this.number(2 * r - w)}${q(-r, 0, -r, -r)}v${this.number(2 * r - h)}${q(0, -r, r, -r)}Z`;
  }

  fill() { this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}"/>`); }

  stroke() {
    this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.number(this.lineWidth)}"/>`);
  }

  fillRect(x, y, w, h) {
    this.parts.push(`<path d="M${this.join(x, y)}h${this.number(w)}v${this.number(h)}h${this.number(-w)}Z" fill="${this.fillStyle}"/>`);
  }

  // The map draws whole pictures only, where all of it is in the window.
  drawImage(canvas, left, top, width, height, x, y, w, h) {
    const [a, b, c, d] = [x, y, w, h].map((value) => this.number(value));
    this.parts.push(tagged("image", {
      x: a, y: b, width: c, height: d, preserveAspectRatio: "none", style: "image-rendering:pixelated", href: canvas.toDataURL(),
    }, ""));
  }

  measureText(text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  fillText(text, x, y) {
    const safe = String(text).replace(/[<>&]/g, (letter) => `&#${letter.charCodeAt(0)};`);
    const font = this.font.replaceAll('"', "'");
    this.parts.push(tagged("text", {
      x: this.number(x), y: this.number(y), fill: this.fillStyle, style: `font:${font}`,
      "text-anchor": this.textAlign === "center" ? "middle" : "start",
      "dominant-baseline": this.textBaseline === "middle" ? "central" : "auto",
    }, safe));
  }

  text() {
    const [w, h] = [this.width, this.height].map((size) => this.number(size));
    return tagged("svg", {
      xmlns: "http://www.w3.org/2000/svg", width: w, height: h, viewBox: `0 0 ${w} ${h}`,
    }, this.parts.join("\n"));
  }
}
