// The whole map as a picture to keep.

function savePicture(app) {
  const { width, height } = app.layout;
  const margin = 24;
  const k = Math.min(Math.max(2, 1600 / width), 8000 / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil((width + 2 * margin) * k);
  canvas.height = Math.ceil((height + 2 * margin) * k);
  const camera = { x: margin * k, y: margin * k, k };
  new Base(app).draw(canvas.getContext("2d"), camera, canvas.width, canvas.height, app.which());
  canvas.toBlob((blob) => {
    const link = el("a", { href: URL.createObjectURL(blob), download: `${app.network.name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
