// Pictures of blocks, one pixel a number, kept until colours change.

class Images {
  constructor(network, grids) {
    Object.assign(this, { network, grids });
    this.clear();
  }

  clear() {
    this.kept = new WeakMap();
    this.limits = new Map();
  }

  // The value at which the colours of a block end.
  limit(index, which, look) {
    const grid = this.grids.of(index, which, look.bins);
    if (look.colours === "all" && grid.kind !== "mean") {
      return (which === "difference" ? this.widest(which) : this.network.scale.q995) || 0;
    }
    const key = `${index} ${which} ${look.bins}`;
    if (!this.limits.has(key)) this.limits.set(key, this.ownLimit(index, which, grid));
    return this.limits.get(key);
  }

  ownLimit(index, which, grid) {
    const { q995, rms, min, max } = this.network.statistics(index, which) || {};
    // Bins are much alike: the middle of the colours is what is usual.
    const most = grid.kind === "exact" ? 0 : quantile(grid.array, 0.995) || quantile(grid.array, 1);
    if (most) return grid.kind === "rms" ? Math.max(most, 2 * rms) : most;
    return q995 || Math.max(Math.abs(min || 0), Math.abs(max || 0));
  }

  widest(which) {
    const limits = this.network.blocks.map((_, index) => this.network.statistics(index, which));
    return Math.max(0, ...limits.map((found) => (found && found.q995) || 0));
  }

  // A canvas for a picture of about `width` x `height` pixels of the screen.
  of(index, which, look, width, height) {
    const whole = this.grids.of(index, which, look.bins);
    if (!whole) return null;
    const limit = this.limit(index, which, look);
    return this.draw(whole.pooled(fewer(whole.height, height), fewer(whole.width, width)), limit, look);
  }

  draw(grid, limit, look) {
    const known = this.kept.get(grid);
    if (known && known.limit === limit && known.theme === look.theme) return known.canvas;
    const canvas = document.createElement("canvas");
    canvas.width = grid.width;
    canvas.height = grid.height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(grid.width, grid.height);
    const pixels = new Uint32Array(image.data.buffer);
    paint(pixels, grid.array, limit, grid.kind, look.theme);
    context.putImageData(image, 0, 0);
    this.kept.set(grid, { canvas, limit, theme: look.theme });
    return canvas;
  }
}

// How many numbers go into one pixel: a power of two, at least what the largest canvas asks for.
function fewer(size, pixels) {
  const wanted = Math.max(size / Math.max(pixels, 1), size / 8192);
  return wanted < 1.5 ? 1 : 2 ** Math.round(Math.log2(wanted));
}
