// The page's state: its charts, made when they come near, what is hidden, and which is selected.

class App {
  constructor(data) {
    Object.assign(this, { data, seed: "", selected: null, hidden: new Set(), plots: new Map() });
    this.networks = data.ids ? new Networks(data) : null;
    this.places = [...document.querySelectorAll("[data-chart]")];
    const watch = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.plot(target);
    }, { rootMargin: "400px" });
    for (const place of this.places) {
      watch.observe(place);
      place.addEventListener("focus", () => this.plot(place));
    }
    addEventListener("beforeprint", () => this.places.forEach((place) => this.plot(place)));
  }

  plot(place) {
    if (!this.plots.has(place)) {
      const spec = this.data.charts[Number(place.dataset.chart)];
      this.plots.set(place, new Plot(this, place, (app) => KINDS[spec.kind](app, spec)));
    }
    return this.plots.get(place);
  }

  redraw() {
    for (const plot of this.plots.values()) plot.redraw();
  }

  tip(words, area, x, y) {
    const tip = byId("tip");
    tip.hidden = words === null;
    if (words === null) return;
    tip.textContent = words;
    const { width, height } = tip.getBoundingClientRect();
    const left = area.left + x + 16 + width > innerWidth ? area.left + x - 16 - width : area.left + x + 16;
    const top = Math.min(Math.max(area.top + y - height / 2, 4), innerHeight - height - 4);
    tip.style.transform = `translate(${Math.max(left, 4)}px, ${top}px)`;
  }

  // Show a network's record, and mark it in every chart; null closes it.
  select(network, from = null) {
    this.selected = network;
    if (from) this.from = from;
    record(this, network);
    this.redraw();
    if (network === null) this.from?.focus();
    else byId("record").focus({ preventScroll: true });
  }
}
