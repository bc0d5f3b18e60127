// The map by keyboard. The cursor goes from element to element, and each is spoken.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function listen(app) {
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    app.find.input.focus();
    app.find.input.select();
  });
  app.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (press(app, event.key, event.shiftKey)) event.preventDefault();
  });
}

function press(app, key, shift) {
  const step = STEPS[key];
  if (step) {
    if (app.cursor) moveCursor(app, step, shift ? 10 : 1);
    else app.camera.move(-step[1] * 60, -step[0] * 60);
    return true;
  }
  const box = app.chosen && app.chosen.box;
  const pane = app.panes[0];
  const zoom = (factor) => app.zoom(factor, pane.width / 2, pane.height / 2);
  const actions = {
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: () => app.fit(),
    n: () => next(app, 1), p: () => next(app, -1), c: () => foldChosen(app),
    enter: () => (box ? startCursor(app, box) : next(app, 1)),
    escape: () => leave(app),
  };
  const action = actions[key.toLowerCase()];
  if (action) action();
  return Boolean(action);
}

function next(app, step) {
  const boxes = app.network.scene.boxes.filter((box) => app.layout.boxes.has(box.id) && box.kind !== "hub");
  if (!boxes.length) return;
  const at = app.chosen && app.chosen.box ? boxes.indexOf(app.chosen.box) : step > 0 ? -1 : 0;
  const box = boxes[(at + step + boxes.length) % boxes.length];
  app.choose({ box }, true);
  const block = box.block === null ? null : app.network.blocks[box.block];
  app.speak(block ? `${block.tensor || block.name}, ${block.shape.join(" by ")}. Enter for its values.`
    : `${app.network.groups[box.group].name}, ${box.rows} ${box.rows === 1 ? "neuron" : "neurons"}.`);
}

function foldChosen(app) {
  const { chosen } = app;
  if (!chosen) return;
  app.fold(chosen.module !== undefined ? chosen.module : chosen.box.module);
}

function startCursor(app, box) {
  if (app.cursor && box.block === null) {
    app.choose({ box, row: app.cursor.y }, false);
    return;
  }
  app.cursor = { box, y: 0, x: 0 };
  app.lookAt({ box, ...app.cursor });
  sayCursor(app);
}

function moveCursor(app, [down, right], times) {
  const { box, y, x } = app.cursor;
  const [height, width] = sizeOf(app, box, app.which());
  const within = (value, size) => Math.max(0, Math.min(size - 1, value));
  app.cursor = { box, y: within(y + down * times, height), x: within(x + right * times, width) };
  app.reveal(app.cursor);
  sayCursor(app);
}

function sayCursor(app) {
  const told = tell(app, app.cursor, app.which());
  app.speak(spoken(told));
  app.tip.show(told, app.cursorPlace());
  app.redraw();
}

function leave(app) {
  if (app.cursor) app.cursor = null;
  else app.choose(null, false);
  app.tip.hide();
  app.redraw();
}
