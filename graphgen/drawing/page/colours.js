// Colours: diverging for signed values, one hue for root mean squares, one of its own for NaN.

const PALETTES = {
  light: {
    diverging: ["#084a91", "#3f8ac4", "#a9cfe6", "#f4f4f2", "#f5b79d", "#d65c4d", "#9a1028"],
    rising: ["#f4f2f9", "#c9bfe2", "#9483c2", "#623f9e", "#3a0f6e"],
    nan: "#eac100",
    back: "#ffffff", card: "#f4f6f9", edge: "#d5dbe3", ink: "#1b2430", faint: "#5a6676",
    wire: "#a9b3c0", free: "#2e9a63", neuron: "#3c4656", chosen: "#0b57d0", moved: "#1e7d4b",
    empty: "#e4e8ee", lane: "#f7f9fb",
  },
  dark: {
    diverging: ["#a8d8ff", "#4f9fe0", "#275a8c", "#20262e", "#8a4526", "#e0763f", "#ffc79e"],
    rising: ["#1d1f2b", "#44396b", "#7460ac", "#ab93e4", "#e6d9ff"],
    nan: "#e3f23c",
    back: "#12161b", card: "#1a2027", edge: "#323b46", ink: "#e8edf3", faint: "#9daab9",
    wire: "#566270", free: "#4fc287", neuron: "#b4bfcc", chosen: "#7db2ff", moved: "#5bd08f",
    empty: "#262d36", lane: "#161b21",
  },
};

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// 256 colours from a few stops, as 32-bit pixels (little endian: alpha, blue, green, red).
function table(stops) {
  const result = new Uint32Array(256);
  const parts = stops.map(channels);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    const [red, green, blue] = parts[low].map((from, channel) =>
      Math.round(from + (parts[low + 1][channel] - from) * (place - low)));
    result[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return result;
}

const pixelOf = (hex) => {
  const [red, green, blue] = channels(hex);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
};

const TABLES = Object.fromEntries(Object.entries(PALETTES).map(([name, palette]) => [name, {
  diverging: table(palette.diverging), rising: table(palette.rising), nan: pixelOf(palette.nan),
}]));

// The pixel of a value whose colours end at `limit`.
function pixel(value, limit, kind, theme) {
  const tables = TABLES[theme];
  if (value !== value) return tables.nan;
  const part = limit > 0 ? Math.max(-1, Math.min(1, value / limit)) : Math.sign(value);
  return kind === "rms" ? tables.rising[Math.round(Math.abs(part) * 255)]
    : tables.diverging[Math.round((part + 1) * 127.5)];
}

// The pixels of many values, as `pixel` gives them one by one.
function paint(pixels, values, limit, kind, theme) {
  const { nan, rising, diverging } = TABLES[theme];
  const rms = kind === "rms";
  const factor = limit > 0 ? 1 / limit : Infinity;
  for (let i = 0; i < pixels.length; i++) {
    const value = values[i];
    const part = value === 0 ? 0 : Math.max(-1, Math.min(1, value * factor));
    pixels[i] = value !== value ? nan
      : rms ? rising[Math.round(Math.abs(part) * 255)] : diverging[Math.round((part + 1) * 127.5)];
  }
}

const css = (bits) => `rgb(${bits & 255},${(bits >> 8) & 255},${(bits >> 16) & 255})`;

// Black or white, whichever is read more easily on a pixel.
function inkOn(bits) {
  const light = 0.299 * (bits & 255) + 0.587 * ((bits >> 8) & 255) + 0.114 * ((bits >> 16) & 255);
  return light > 140 ? "#10151b" : "#ffffff";
}

function quantile(array, part) {
  const sorted = Float32Array.from(array).map(Math.abs).filter(Number.isFinite).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] : 0;
}
