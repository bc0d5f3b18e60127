// The whole map as a picture to keep, in pixels or as a drawing.

function savePicture(app, kind) {
  const { width, height } = app.layout;
  const margin = 24;
  const k = kind === "svg" ? 2 : Math.min(Math.max(2, 1600 / width), 8000 / Math.max(width, height));
  const [across, down] = [width, height].map((size) => Math.ceil((size + 2 * margin) * k));
  const camera = { x: margin * k, y: margin * k, k };
  const canvas = document.createElement("canvas");
  if (kind === "svg") {
    const context = new Vectors(across, down, canvas.getContext("2d"));
    new Base(app).draw(context, camera, across, down, app.which());
    keep(new Blob([context.text()], { type: "image/svg+xml" }), `${app.network.name}.svg`);
    return;
  }
  Object.assign(canvas, { width: across, height: down });
  new Base(app).draw(canvas.getContext("2d"), camera, across, down, app.which());
  canvas.toBlob((blob) => keep(blob, `${app.network.name}.png`));
}

function keep(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
