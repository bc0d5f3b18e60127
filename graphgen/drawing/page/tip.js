// The small sheet beside the pointer: the value, and what it is the value of.

class Tip {
  constructor(node) {
    this.node = node;
    this.hide();
  }

  show({ value, lines, bin }, { x, y }) {
    const { node } = this;
    const number = value === undefined ? null
      : el("b", { class: value !== value ? "nan" : "" }, value === null ? "no value" : `${bin ? "rms " : ""}${exact(value)}`);
    node.replaceChildren(...[number, ...lines.map((line) => el("div", {}, line))].filter(Boolean));
    node.hidden = false;
    const { clientWidth: width, clientHeight: height } = node.parentElement;
    const beside = x + 16 + node.offsetWidth < width ? x + 16 : Math.max(4, x - 16 - node.offsetWidth);
    const below = y + 16 + node.offsetHeight < height ? y + 16 : Math.max(4, y - 16 - node.offsetHeight);
    node.style.transform = `translate(${Math.round(beside)}px,${Math.round(below)}px)`;
  }

  hide() {
    this.node.hidden = true;
  }
}
