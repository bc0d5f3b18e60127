// Begin: tables sort, charts can be asked, and addresses lead to sections and networks.

function themed(app) {
  const root = document.documentElement;
  const button = byId("theme");
  const set = (theme) => {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    app?.redraw();
    if (app && app.selected !== null) record(app, app.selected);
  };
  button.addEventListener("click", () => set(root.dataset.theme === "dark" ? "light" : "dark"));
  set(root.dataset.theme);
}

function contents() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const heads = [...document.querySelectorAll("main h2")];
  const mark = () => {
    const here = heads.findLast((head) => head.getBoundingClientRect().top < innerHeight / 3);
    for (const [name, link] of links) {
      if (name === here?.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}

function controls(app) {
  for (const button of document.querySelectorAll(".family")) {
    button.addEventListener("click", () => {
      const number = Number(button.dataset.family);
      const shown = button.getAttribute("aria-pressed") !== "true";
      app.hidden[shown ? "delete" : "add"](number);
      for (const same of document.querySelectorAll(`.family[data-family="${number}"]`)) same.setAttribute("aria-pressed", shown);
      app.redraw();
    });
  }
  for (const choice of document.querySelectorAll(".seeds")) {
    choice.addEventListener("change", () => {
      app.seed = choice.value;
      for (const same of document.querySelectorAll(".seeds")) same.value = choice.value;
      app.redraw();
    });
  }
  for (const button of document.querySelectorAll("[data-network]")) {
    button.addEventListener("click", () => {
      const place = app.networks.place.get(button.dataset.network);
      if (place !== undefined) app.select(place, button);
    });
  }
  const find = byId("network");
  find?.addEventListener("change", () => {
    const place = app.networks.place.get(find.value.trim());
    if (place !== undefined) app.select(place, find);
    else if (find.value) byId("spoken").textContent = `no network ${find.value}`;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && app.selected !== null) app.select(null);
  });
  const follow = () => {
    const named = /^#network-(.+)$/.exec(decodeURIComponent(location.hash));
    const place = named && app.networks?.place.get(named[1]);
    if (place !== undefined && place !== null) app.select(place);
  };
  addEventListener("hashchange", follow);
  follow();
}

async function main() {
  for (const table of document.querySelectorAll("table.sorted")) sortable(table);
  contents();
  const app = new App(await unpack(byId("report-data").textContent));
  window.report = app;
  themed(app);
  controls(app);
  document.documentElement.dataset.ready = "";
}

main().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  const words = old ? "Charts need a browser of 2023 or later (DecompressionStream)." : `The charts could not be shown: ${error.message}`;
  byId("main").prepend(el("p", { class: "note", role: "alert" }, words));
  throw error;
});
