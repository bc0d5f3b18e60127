// What the page holds: columns of networks, and numbers as people read them.

const byId = (id) => document.getElementById(id);

async function unpack(text) {
  const raw = atob(text);
  const bytes = Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function say(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toLocaleString("en").replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(digits)))
    : Number(value.toPrecision(digits - 1)).toExponential().replace("e+", "e");
  return text.replaceAll("-", "−");
}

// An element of the page: a name, attributes (on… for listeners), children.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

class Column {
  constructor(packed) {
    Object.assign(this, packed);
    this.length = (this.codes ?? this.values).length;
  }

  at(i) {
    if (!this.codes) return this.values[i];
    return this.codes[i] < 0 ? null : this.words[this.codes[i]];
  }

  // Where each value stands among the distinct ones, and these.
  choices() {
    const every = Array.from({ length: this.length }, (_, i) => this.at(i));
    const known = [...new Set(every.filter((value) => value !== null))];
    known.sort((a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))));
    const place = new Map(known.map((value, i) => [value, i]));
    return { labels: known.map((value) => say(value)), place: every.map((value) => place.get(value) ?? null) };
  }
}

class Networks {
  constructor(data) {
    Object.assign(this, data);
    this.columns = data.columns.map((column) => new Column(column));
    this.place = new Map(this.ids.map((id, i) => [id, i]));
    this.truth = Object.fromEntries(Object.entries(data.truth).map(([k, v]) => [k, new Column(v)]));
    for (const system of this.systems) {
      for (const [label, runs] of Object.entries(system.told)) system.told[label] = runs.map((run) => new Column(run));
    }
  }

  column(name, group = "") {
    return this.columns.find((column) => column.name === name && column.group === group);
  }

  said(name, i) {
    return this.column(name)?.at(i) ?? null;
  }

  // The predictions of a system for a network: one for each seed, those of numbers averaged.
  told(system, label, i) {
    const runs = (system.told[label] ?? []).map((run) => run.at(i));
    const known = runs.filter((value) => typeof value === "number");
    const mean = known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
    return { runs, mean, low: Math.min(...known), high: Math.max(...known) };
  }
}
