// The header: what is there, and how it is to look.

function header(app, byId, dark) {
  const { network, look } = app;
  const { counts } = network;
  byId("name").textContent = network.name;
  byId("counts").textContent = [
    `${many(counts.parameters)} parameters`, `${many(counts.nodes)} nodes`, `${many(counts.edges)} edges`,
  ].join(" · ");
  const picked = (id, value, change) => {
    const select = byId(id);
    select.value = value;
    select.addEventListener("change", () => {
      change(select.value);
      app.panel.show();
      app.repaint();
    });
  };
  picked("colours", look.colours, (value) => { look.colours = value; });
  const binned = network.blocks.some((block) => block.values && block.values.mode === "bins");
  byId("bins").parentElement.hidden = !binned;
  picked("bins", look.bins, (value) => { look.bins = value; });
  byId("shows").parentElement.hidden = !network.against;
  if (network.against) {
    byId("shows").querySelector("[value=other]").textContent = app.paneTitle("other");
    byId("shows").querySelector("[value=this]").textContent = app.paneTitle("this");
  }
  picked("shows", app.shows, (value) => {
    app.shows = value;
    app.active = 0;
    app.arrange();
    app.fit(true);
  });
  byId("fit").addEventListener("click", () => app.fit());
  byId("save").addEventListener("click", () => savePicture(app, "png"));
  byId("save-drawing").addEventListener("click", () => savePicture(app, "svg"));
  const theme = () => {
    document.documentElement.dataset.theme = look.theme;
    byId("theme").textContent = look.theme === "dark" ? "Light" : "Dark";
    app.panel.show();
    app.repaint();
  };
  byId("theme").addEventListener("click", () => {
    look.theme = look.theme === "dark" ? "light" : "dark";
    app.themed = true;
    theme();
  });
  dark.addEventListener("change", () => {
    if (app.themed) return;
    look.theme = dark.matches ? "dark" : "light";
    theme();
  });
  theme();
}
