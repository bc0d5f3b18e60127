// The record of a network: what it is, its graph, what was predicted of it, and its neighbours.

function record(app, i) {
  const place = byId("record");
  document.body.classList.toggle("asked", i !== null);
  place.hidden = i === null;
  place.replaceChildren();
  if (i === null) return;
  const { networks } = app;
  const close = el("button", { type: "button", onclick: () => app.select(null) }, "Close");
  place.append(el("h2", {}, `Network ${networks.ids[i]}`, close), picture(app, i), facts(app, i));
  for (const label of labels(networks)) place.append(...predictions(app, i, label));
  const label = networks.target;
  if (typeof networks.truth[label]?.at(i) === "number") place.append(...neighbours(app, i, label));
  place.scrollTop = 0;
  byId("spoken").textContent = `record of network ${networks.ids[i]}`;
}

const labels = (networks) => [...new Set(networks.systems.flatMap((system) => Object.keys(system.told)))];

function facts(app, i) {
  const { networks } = app;
  const list = el("dl", {}, el("dt", {}, "family"), el("dd", {}, networks.families[networks.family[i]]));
  for (const column of networks.columns) {
    const value = column.at(i);
    if (value !== null) list.append(el("dt", {}, column.name.replaceAll("_", " ")), el("dd", {}, say(value)));
  }
  return list;
}

// The picture follows the page's theme, not that of the reader's system.
function picture(app, i) {
  const { svg, picture_of: of } = app.data.pictures;
  const found = svg[of[app.networks.said("architecture", i)]];
  if (!found) return el("p", { class: "note" }, "The graph of this architecture is not in this page.");
  const dark = document.documentElement.dataset.theme === "dark";
  const drawn = found.replace("@media(prefers-color-scheme:dark)", `@media ${dark ? "all" : "not all"}`);
  const said = /<desc>(.*?)<\/desc>/.exec(found)?.[1] ?? "Its graph";
  return el("img", { alt: said, src: `data:image/svg+xml,${encodeURIComponent(drawn)}` });
}

function predictions(app, i, label) {
  const { networks } = app;
  const truth = networks.truth[label]?.at(i) ?? null;
  const seeds = [...new Set(networks.systems.flatMap((system) => system.seeds))];
  const rows = networks.systems.filter((system) => system.told[label]).map((system) => {
    const { runs, mean } = networks.told(system, label, i);
    const cells = seeds.map((seed) => say(runs[system.seeds.indexOf(seed)] ?? null));
    const error = mean !== null && typeof truth === "number" ? signed(mean - truth) : "";
    return runs.some((value) => value !== null && value !== undefined) && el("tr", {}, el("th", { scope: "row" }, system.name),
      ...cells.map((text) => el("td", { class: "number" }, text)), el("td", { class: "number" }, error));
  }).filter(Boolean);
  const title = el("h3", {}, truth === null ? label : `${label}: ${say(truth)}`);
  if (!rows.length) return [title, el("p", { class: "note" }, "Nothing was predicted of this network.")];
  const heads = ["system", ...seeds.map((seed) => `seed ${seed}`), typeof truth === "number" ? "error" : ""];
  const head = el("tr", {}, ...heads.map((text, at) => (text ? el("th", { scope: "col", class: at ? "number" : "" }, text) : el("td"))));
  return [title, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))];
}

const signed = (value) => (value > 0 ? "+" : "") + say(value, 2);

// Networks next to it by what is true, and whether the first system ranks each pair rightly: what
// Kendall's tau counts. The share of all pairs with it that a system ranks rightly is its own part.
function neighbours(app, i, label) {
  const { networks } = app;
  const truth = networks.truth[label];
  const split = networks.said("split", i);
  const others = networks.ids.map((_, at) => at).filter((at) => networks.said("split", at) === split && typeof truth.at(at) === "number");
  const systems = networks.systems.filter((system) => networks.told(system, label, i).mean !== null);
  if (others.length < 2 || !systems.length) return [];
  const own = truth.at(i);
  const rank = 1 + others.filter((at) => truth.at(at) > own).length;
  const right = (system, at) => {
    const [mine, theirs] = [networks.told(system, label, i).mean, networks.told(system, label, at).mean];
    return Math.sign(mine - theirs) * Math.sign(own - truth.at(at));
  };
  const shares = systems.map((system) => {
    const pairs = others.filter((at) => truth.at(at) !== own);
    const mine = 1 + others.filter((at) => networks.told(system, label, at).mean > networks.told(system, label, i).mean).length;
    const share = pairs.filter((at) => right(system, at) > 0).length / Math.max(pairs.length, 1);
    return el("tr", {}, el("th", { scope: "row" }, system.name), el("td", { class: "number" }, say(mine)), el("td", { class: "number" }, `${(100 * share).toFixed(1)} %`));
  });
  const order = others.filter((at) => at !== i).sort((a, b) => Math.abs(truth.at(a) - own) - Math.abs(truth.at(b) - own) || a - b);
  const near = order.slice(0, 8).sort((a, b) => truth.at(b) - truth.at(a) || a - b).map((at) => el("tr", {},
    el("th", { scope: "row" }, el("button", { type: "button", class: "link", onclick: () => app.select(at) }, networks.ids[at])),
    el("td", { class: "number" }, say(truth.at(at), 3)),
    el("td", { class: "number" }, say(networks.told(systems[0], label, at).mean, 3)),
    el("td", {}, truth.at(at) === own ? "tied" : right(systems[0], at) > 0 ? "right" : "wrong")));
  const table = (heads, rows) => el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((text, at) => el("th", { scope: "col", class: at && text !== "order" ? "number" : "" }, text)))), el("tbody", {}, ...rows));
  return [
    el("h3", {}, `Rank ${rank} of ${others.length.toLocaleString("en")} ${split ?? ""} networks`),
    table(["system", "its rank", "pairs in order"], shares),
    el("h3", {}, `Next to it by ${label}`), table(["network", "true", systems[0].name, "order"], near),
  ];
}
