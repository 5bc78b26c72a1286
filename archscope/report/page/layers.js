// The layers of one network as a table: the rows of `archscope shapes`. Of many, only the rows in sight are in the page.

const ROW = 30;
const LAYER_COLUMNS = [
  ["path", "layer", "word"], ["kind", "kind", "word"], ["window", "window", "word"], ["output", "output", "word"], ["params", "parameters", "count"],
  ["macs", "MACs", "count"], ["receptive_field", "field", "word"], ["effective_stride", "stride", "word"],
];

class LayerTable {
  constructor(network, {onpick}) {
    Object.assign(this, {network, onpick, chosen: -1});
    this.count = network.layers.path.length;
    this.rowOf = new Int32Array(network.nodes.op.length).fill(-1);
    network.layers.nodes.forEach((nodes, row) => { for (const node of nodes) if (this.rowOf[node] < 0) this.rowOf[node] = row; });
    this.body = make("tbody");
    this.table = make("table", {class: "layers", "aria-rowcount": this.count + 1}, make("caption", {class: "unseen"}, `Layers of ${shortened(network.title, 80)} in the order of execution`),
      make("thead", {}, make("tr", {}, ...LAYER_COLUMNS.map(([, title, kind]) => make("th", {scope: "col", class: kind === "count" ? "number" : ""}, title)))), this.body);
    this.element = make("div", {class: "rows", tabindex: "0", role: "region", "aria-label": `Layers of ${shortened(network.title, 80)}`, onscroll: () => this.fill()}, this.table);
    new ResizeObserver(() => this.fill()).observe(this.element);
  }

  fill() {
    const all = this.count <= 300, height = this.element.clientHeight || 480;
    const first = all ? 0 : Math.max(0, Math.floor(this.element.scrollTop / ROW) - 10), last = all ? this.count : Math.min(this.count, first + Math.ceil(height / ROW) + 20);
    if (first === this.first && last === this.last) return;
    Object.assign(this, {first, last});
    const gap = rows => make("tr", {class: "gap", "aria-hidden": "true"}, make("td", {colspan: LAYER_COLUMNS.length}));
    const rows = [];
    for (let row = first; row < last; row += 1) rows.push(this.row(row));
    const [above, below] = [gap(), gap()];
    above.firstChild.style.height = `${first * ROW}px`;
    below.firstChild.style.height = `${(this.count - last) * ROW}px`;
    this.body.replaceChildren(...(first ? [above] : []), ...rows, ...(last < this.count ? [below] : []));
  }

  row(at) {
    const {layers} = this.network, nodes = layers.nodes[at];
    const cells = LAYER_COLUMNS.map(([key, , kind], column) => {
      const value = layers[key][at], words = kind === "count" ? (value === null || value === undefined ? "" : shown(value, "count")) : value === null ? "" : this.network.text(value);
      const attributes = kind === "count" ? {class: "number", "data-value": value, title: value === null || value === undefined ? null : exact(value)} : {title: shortened(words, 200)};
      if (column) return make("td", attributes, visible(words).slice(0, 200));
      const inner = nodes.length ? make("button", {type: "button", class: "link", onclick: () => this.onpick(nodes)}, shortened(words, 120)) : shortened(words, 120);
      return make("th", {...attributes, scope: "row"}, inner);
    });
    return make("tr", {"data-row": at, "aria-rowindex": at + 2, class: at === this.chosen ? "chosen" : "", onclick: event => { if (nodes.length && !event.target.closest("button")) this.onpick(nodes); }}, ...cells);
  }

  // Lights the first row of these operators and brings it into view.
  choose(nodes) {
    this.chosen = nodes ? nodes.map(node => this.rowOf[node]).find(row => row >= 0) ?? -1 : -1;
    for (const row of this.body.children) row.classList.toggle("chosen", Number(row.dataset.row) === this.chosen);
    if (this.chosen >= 0) {
      const top = this.chosen * ROW, height = this.element.clientHeight;
      if (top < this.element.scrollTop || top + 2 * ROW > this.element.scrollTop + height) this.element.scrollTop = Math.max(0, top - height / 3);
    }
    this.fill();
  }
}
