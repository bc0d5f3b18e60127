// What each kind of chart shows, by its specification.

function describe(app, i, lines) {
  const { networks } = app;
  return [`network ${networks.ids[i]} · ${networks.families[networks.family[i]]}`, ...lines].join("\n");
}

function ofNetwork(app, i, x, y, lines, more = {}) {
  const number = app.networks.family[i];
  return {
    x, y, network: i, key: i, colour: number, shape: app.data.markers[number % app.data.markers.length],
    text: () => describe(app, i, lines()), ...more,
  };
}

const shownNetworks = (app) => app.networks.ids.map((_, i) => i).filter((i) => !app.hidden.has(app.networks.family[i]));

const KINDS = {
  predicted(app, spec) {
    const { networks } = app;
    const system = networks.systems.find((each) => each.name === spec.system);
    const truth = networks.truth[spec.label];
    const [low, high] = spec.range;
    const within = (value) => Math.min(Math.max(value, low), high);
    const marks = [];
    for (const i of shownNetworks(app)) {
      const split = networks.said("split", i);
      if (split !== spec.split || !system) continue;
      const found = networks.told(system, spec.label, i);
      const seed = app.seed === "" ? -1 : system.seeds.indexOf(app.seed);
      const y = app.seed === "" ? found.mean : found.runs[seed] ?? null;
      if (typeof y !== "number") continue;
      const range = app.seed === "" ? { low: within(found.low), high: within(found.high) } : {};
      const lines = () => [
        `true ${say(truth.at(i))}`, `${spec.system} ${say(found.mean)}`,
        ...(system.seeds.length > 1 ? system.seeds.map((name, at) => `  seed ${name}: ${say(found.runs[at])}`) : []),
      ];
      marks.push(ofNetwork(app, i, truth.at(i), within(y), lines, range));
    }
    return {
      marks, x: { label: "true", range: spec.range }, y: { label: "predicted", range: spec.range },
      under: ({ ctx, ratio, x, y }) => {
        ctx.strokeStyle = css("--faint");
        ctx.lineWidth = ratio;
        ctx.setLineDash([4 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x(low), y(low));
        ctx.lineTo(x(high), y(high));
        ctx.stroke();
        ctx.setLineDash([]);
      },
    };
  },

  setting(app, spec) {
    const column = app.networks.column(spec.name, spec.group);
    const metric = app.networks.column(spec.metric, "metrics");
    const choice = spec.scale === "choice" ? column.choices() : null;
    const marks = [];
    const groups = choice?.labels.map(() => []);
    for (const i of shownNetworks(app)) {
      const [value, y] = [choice ? choice.place[i] : column.at(i), metric.at(i)];
      if (value === null || y === null) continue;
      groups?.[value].push(y);
      // Points of one choice stand apart, by their number, the same way in every chart.
      const x = choice ? value + 0.56 * (((i * 0.618034) % 1) - 0.5) : value;
      marks.push(ofNetwork(app, i, x, y, () => [`${spec.words} ${say(column.at(i))}`, `${spec.label} ${say(y)}`]));
    }
    return {
      marks, x: { label: spec.words, scale: spec.scale, labels: choice?.labels }, y: { label: spec.label },
      under: choice && ((brush) => bars(brush, groups)),
      over: choice && ((brush) => middles(brush, groups)),
    };
  },

  histogram(app, spec) {
    const metric = app.networks.column(spec.metric, "metrics");
    const every = app.networks.ids.map((_, i) => metric.at(i)).filter((value) => value !== null);
    let [low, high] = [Math.min(...every), Math.max(...every)];
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    const count = Math.min(Math.max(8, Math.ceil(2 * Math.sqrt(every.length))), 40);
    const width = (high - low) / count;
    const bins = Array.from({ length: count }, () => app.networks.families.map(() => 0));
    for (const i of shownNetworks(app)) {
      const value = metric.at(i);
      if (value !== null) bins[Math.min(Math.floor((value - low) / width), count - 1)][app.networks.family[i]]++;
    }
    const total = (bin) => bin.reduce((sum, part) => sum + part, 0);
    const marks = bins.map((bin, at) => ({
      x: low + (at + 0.5) * width, y: total(bin), key: at, shape: null, colour: 0,
      wide: (plot) => Math.abs(plot.plot.valToPos(width, "x") - plot.plot.valToPos(0, "x")) / 2,
      text: () => [
        `${spec.label} ${say(low + at * width, 3)} to ${say(low + (at + 1) * width, 3)}`, `${total(bin)} networks`,
        ...bin.map((part, family) => part && `  ${app.networks.families[family]}: ${part}`).filter(Boolean),
      ].join("\n"),
    }));
    return {
      marks, x: { label: spec.label, range: [low - width / 2, high + width / 2] }, y: { label: "networks", floor: 0 },
      under: ({ ctx, ratio, x, y }) => {
        bins.forEach((bin, at) => {
          let below = 0;
          bin.forEach((part, family) => {
            const [left, right] = [x(low + at * width), x(low + (at + 1) * width)];
            ctx.fillStyle = series(family);
            ctx.fillRect(left + 0.5 * ratio, y(below + part), right - left - ratio, y(below) - y(below + part));
            below += part;
          });
        });
        const chosen = app.selected === null ? null : metric.at(app.selected);
        if (chosen !== null && chosen !== undefined) {
          ctx.fillStyle = css("--chosen");
          ctx.fillRect(x(chosen) - ratio, y(Math.max(...bins.map(total), 1)), 2 * ratio, y(0) - y(Math.max(...bins.map(total), 1)));
        }
      },
    };
  },

  forest(app, spec) {
    const last = spec.rows.length - 1;
    const marks = spec.rows.flatMap(([name, mean, low, high], at) => [
      {
        x: mean, y: last - at, left: low, right: high, bold: true, colour: 0, shape: app.data.markers[0], key: name,
        text: () => [name, `${spec.label} ${say(mean)}`, ...(high > low ? [`95 % interval ${say(low)} to ${say(high)}`] : []),
          ...(spec.seeds[at].length ? [`seeds ${spec.seeds[at].map((value) => say(value)).join(", ")}`] : [])].join("\n"),
      },
      ...spec.seeds[at].map((value, seed) => ({ x: value, y: last - at, tick: true, colour: 0, key: `${name} ${seed}`, text: () => `${name}\none seed: ${say(value)}` })),
    ]);
    return {
      marks, x: { label: spec.label, with: spec.zero ? [0] : [] }, y: { labels: spec.rows.map(([name]) => name).reverse() },
      under: spec.zero ? (({ ctx, ratio, x, bbox }) => {
        ctx.strokeStyle = css("--faint");
        ctx.lineWidth = ratio;
        ctx.setLineDash([4 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x(0), bbox.top);
        ctx.lineTo(x(0), bbox.top + bbox.height);
        ctx.stroke();
        ctx.setLineDash([]);
      }) : null,
    };
  },

  lines(app, spec) {
    const whole = (value) => value !== null && value !== undefined;
    const marks = spec.lines.flatMap((line) => line.x.map((x, at) => ({
      x, y: line.y[at], low: line.low?.[at], high: line.high?.[at], bold: true, colour: line.colour, key: `${line.name} ${at}`,
      shape: line.marks || line.x.length < 3 ? app.data.markers[line.colour % app.data.markers.length] : null,
      text: () => [line.name, `${spec.x.label} ${say(x)}`, `${spec.y.label} ${say(line.y[at])}`,
        ...(whole(line.low?.[at]) ? [`95 % interval ${say(line.low[at])} to ${say(line.high[at])}`] : [])].filter(Boolean).join("\n"),
    }))).filter((mark) => whole(mark.x) && whole(mark.y));
    return {
      marks, x: spec.x, y: spec.y,
      under: ({ ctx, ratio, x, y }) => {
        for (const line of spec.lines) {
          ctx.strokeStyle = series(line.colour);
          ctx.lineWidth = 1.5 * ratio;
          ctx.setLineDash(line.dashed ? [5 * ratio, 3 * ratio] : []);
          ctx.beginPath();
          let drawing = false;
          line.x.forEach((value, at) => {
            if (!whole(value) || !whole(line.y[at])) { drawing = false; return; }
            ctx[drawing ? "lineTo" : "moveTo"](x(value), y(line.y[at]));
            drawing = true;
          });
          ctx.stroke();
        }
        ctx.setLineDash([]);
      },
    };
  },
};

const mean = (group) => group.reduce((sum, value) => sum + value, 0) / group.length;

// A bar for each choice, as high as the mean of its networks.
function bars({ ctx, x, y, bbox }, groups) {
  ctx.globalAlpha = 0.13;
  ctx.fillStyle = css("--ink");
  groups.forEach((group, at) => {
    if (!group.length) return;
    const [left, top] = [x(at - 0.36), y(mean(group))];
    ctx.fillRect(left, top, x(at + 0.36) - left, bbox.top + bbox.height - top);
  });
  ctx.globalAlpha = 1;
}

// The mean of each choice, and a line from one quartile to the other, above the points.
function middles({ ctx, ratio, x, y }, groups) {
  ctx.fillStyle = css("--ink");
  groups.forEach((group, at) => {
    if (!group.length) return;
    const order = [...group].sort((a, b) => a - b);
    const part = (share) => order[Math.min(Math.floor(share * order.length), order.length - 1)];
    const [left, right] = [x(at - 0.36), x(at + 0.36)];
    ctx.fillRect(left, y(mean(group)) - ratio, right - left, 2 * ratio);
    ctx.fillRect(x(at) - 0.75 * ratio, y(part(0.75)), 1.5 * ratio, y(part(0.25)) - y(part(0.75)));
  });
}
