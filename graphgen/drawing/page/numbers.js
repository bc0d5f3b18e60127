// Numbers as people read them.

function brief(value) {
  if (value !== value) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 0.01 && size < 1000 ? value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)
    : value.toExponential(0).replace("e+", "e");
  return text.replace(/^(-?)0\./, "$1.").replaceAll("-", "−");
}

// Enough digits to tell one float32 from another, in `say` fewer.
function exact(value, digits = 9) {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return brief(value);
  return String(Number(value.toPrecision(digits)));
}

const say = (value) => exact(value, 4);

function many(count) {
  for (const [size, unit] of [[1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
    if (count >= size * 10 || (size > 1e3 && count >= size)) {
      const part = count / size;
      return part.toFixed(part < 100 ? 1 : 0).replace(/\.0$/, "") + unit;
    }
  }
  return String(count);
}

const grouped = (count) => count.toLocaleString("en");

// An element of the page: a name, attributes (on… for listeners), children.
function el(name, attributes = {}, ...children) {
  const vector = ["svg", "rect", "line", "title"].includes(name);
  const node = vector ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
