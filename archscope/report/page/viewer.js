// A diagram with what stands around it: colours, search, what is known of the chosen box, the overview of the whole.

class Viewer {
  constructor(network, {onchange = () => {}, onselect = () => {}, marks = null, small = false} = {}) {
    Object.assign(this, {network, onchange, onselect});
    const name = `${visible(network.title)}`;
    this.diagram = new Diagram(network, {
      label: `Diagram of ${shortened(name, 80)}`, columns: !small,
      onchange: () => { this.minimap(); this.buttons(); onchange(); }, onselect: item => { this.tellOf(item); onselect(item); },
    });
    if (marks) this.diagram.differs = marks;
    this.details = make("div", {class: "details"});
    this.found = make("ol", {class: "found", "aria-label": "found"});
    this.count = make("span", {class: "count", role: "status"});
    this.legend = make("div", {class: "legend"});
    this.map = draw("svg", {class: "minimap", "aria-hidden": "true"});
    this.map.addEventListener("pointerdown", event => this.drag(event));
    this.map.addEventListener("pointermove", event => { if (event.buttons) this.drag(event); });
    this.element = make("div", {class: `viewer${small ? " small" : ""}`}, this.toolbar(name),
      make("div", {class: "stage"}, this.diagram.svg, this.map), small ? null : make("div", {class: "beside"}, this.found, this.details), this.legend);
    look.watchers.push(() => { if (this.element.isConnected) { this.tellColours(); this.minimap(); } });
    this.tellColours();
    this.tellOf(null);
  }

  toolbar(name) {
    const timed = Boolean(this.network.times), diagram = this.diagram;
    this.colour = make("select", {"aria-label": `Colour of the boxes of ${shortened(name, 60)}`, onchange: () => { diagram.colour(this.colour.value); this.tellColours(); }},
      ...[...DATA.colourings, ...(timed ? ["latency"] : [])].map(by => make("option", {value: by}, `colour: ${WORDS[by] || by}`)));
    this.query = make("input", {type: "search", placeholder: "path, kind or operator", "aria-label": `Search in ${shortened(name, 60)}`, spellcheck: "false",
      oninput: () => this.search(this.query.value), onkeydown: event => { if (event.key === "Enter") { event.preventDefault(); this.next(event.shiftKey ? -1 : 1); } }});
    const button = (words, says, act) => make("button", {type: "button", title: says, "aria-label": words.length < 2 ? says : null, onclick: act}, words);
    this.feedsButton = button("What feeds this", "Light everything that feeds the chosen box", () => {
      const item = diagram.selected === null ? null : this.network.item(diagram.selected);
      if (diagram.lit) diagram.unlight(); else if (item) diagram.feeds(item);
    });
    return make("div", {class: "tools"}, this.colour, this.query, this.count,
      button("Open all", "Open every block, down to the operators", () => diagram.openAll()),
      button("Close all", "Close every block", () => diagram.closeAll()),
      button("Fit", "Show the whole picture", () => diagram.fit()),
      button("+", "Zoom in", () => diagram.scaleBy(1.4)), button("−", "Zoom out", () => diagram.scaleBy(1 / 1.4)), this.feedsButton);
  }

  buttons() {
    const lit = Boolean(this.diagram.lit);
    this.feedsButton.textContent = lit ? "Light off" : "What feeds this";
    this.feedsButton.disabled = !lit && this.diagram.selected === null;
  }

  setColour(by) {
    if (![...this.colour.options].some(option => option.value === by)) return;
    this.colour.value = by;
    this.diagram.colour(by);
    this.tellColours();
  }

  tellColours() {
    const by = this.diagram.by, palette = look.palette, patch = colour => {
      const swatch = draw("svg", {width: 12, height: 12, "aria-hidden": "true"}, draw("rect", {x: 0.5, y: 0.5, width: 11, height: 11, rx: 2, fill: colour, stroke: palette.stroke}));
      return swatch;
    };
    if (by === "kind") {
      const kinds = new Set(this.network.insides.flatMap(inside => inside.kinds));
      this.legend.replaceChildren(...Object.keys(palette.fills).filter(kind => kinds.has(kind)).map(kind => make("span", {}, patch(palette.fills[kind]), KINDS[kind] || kind)));
    } else {
      const steps = d3.range(0, 1.01, 0.125).map(share => patch(palette.shade(share)));
      this.legend.replaceChildren(make("span", {}, `${WORDS[by]}: 0`), make("span", {class: "ramp"}, ...steps),
        make("span", {}, `${shown(this.diagram.most, by === "latency" ? "seconds" : "count")}, the most of a closed box`));
    }
  }

  tellOf(item) {
    this.buttons();
    if (this.diagram.by !== "kind") this.tellColours();
    if (!item) {
      const total = this.network.drawn, idle = this.network.totals.unused_params;
      this.details.replaceChildren(make("h3", {}, shortened(this.network.title, 80)),
        make("p", {}, "Click a box to open it, again to close it; click an arrow for the way of its tensor. Keys: arrows, Enter, F for what feeds a box, + − 0 for the view. The wheel zooms once the picture has been clicked, or with Ctrl."),
        make("dl", {}, ...pairs([["parameters", `${exact(total.params)}${idle ? ` and ${exact(idle)} that took no part` : ""}`],
          ["MACs", (total.uncounted ? "≥ " : "") + exact(total.macs)], ["activations", exact(total.activations)], ["operators", exact(this.network.nodes.op.length)]])));
      return;
    }
    this.details.replaceChildren(make("h3", {}, shortened(item.label, 120)), make("dl", {}, ...pairs(this.network.facts(item).map(([name, words, cost]) =>
      [name, words, cost ? {"data-cost": cost, "data-value": this.network.cost(item, cost)} : {}]))));
  }

  // -- search ---------------------------------------------------------------------------------------------------------------------

  search(words) {
    const wanted = words.trim().toLowerCase(), network = this.network;
    this.at = -1;
    if (!wanted) {
      this.hits = [];
      this.diagram.mark(null);
      this.found.replaceChildren();
      this.count.textContent = "";
      this.onchange();
      return;
    }
    const texts = network.texts.map(text => text.toLowerCase().includes(wanted));
    const byCall = network.calls.type.map((type, call) => texts[type] || network.path(call).toLowerCase().includes(wanted));
    const inside = new Uint8Array(byCall.length); // a module that is found counts with everything in it
    network.calls.parent.forEach((parent, call) => { inside[call] = Number(byCall[call] || (parent >= 0 && call > 0 && inside[parent])); });
    const {op, label, kind, call} = network.nodes;
    this.hits = [];
    for (let node = 0; node < op.length; node += 1)
      if (network.pieceOf[node] >= 0 && (texts[op[node]] || texts[label[node]] || texts[kind[node]] || inside[call[node]])) this.hits.push(node);
    this.diagram.mark(new Set(this.hits));
    this.count.textContent = this.hits.length ? `${exact(this.hits.length)} found` : "nothing found";
    this.found.replaceChildren(...this.hits.slice(0, 60).map((node, at) => make("li", {}, make("button", {type: "button", onclick: () => this.go(at)},
      `${shortened(network.path(call[node]) || "(the network)", 90)} · ${visible(network.text(label[node]))}`))));
    if (this.hits.length > 60) this.found.append(make("li", {}, `and ${exact(this.hits.length - 60)} more`));
    this.onchange();
  }

  next(step) {
    if (this.hits && this.hits.length) this.go((this.at + step + this.hits.length) % this.hits.length);
  }

  go(at) {
    this.at = at;
    this.reveal(this.hits[at]);
  }

  // Opens what is around an operator and shows its box.
  reveal(node) {
    const item = this.diagram.boxOf(node, true);
    if (!item) return;
    this.diagram.focus = item.id;
    this.diagram.select(item);
    this.diagram.show(item);
  }

  // -- the small picture of the whole -----------------------------------------------------------------------------------------------

  minimap() {
    const {diagram, map} = this, {width, height} = diagram.all, {clientWidth: w, clientHeight: h} = diagram.svg, {x, y, k} = diagram.transform;
    const needed = width * k > w * 1.05 || height * k > h * 1.05;
    map.classList.toggle("needless", !needed);
    if (!needed) return;
    const scale = Math.min(150 / width, 150 / height), palette = look.palette;
    map.setAttribute("width", (width * scale).toFixed(1));
    map.setAttribute("height", (height * scale).toFixed(1));
    map.setAttribute("viewBox", `0 0 ${width.toFixed(1)} ${height.toFixed(1)}`);
    if (this.mapped !== diagram.all || this.mapTheme !== look.name) {
      this.mapped = diagram.all;
      this.mapTheme = look.name;
      const least = 0.8 / scale, d = diagram.all.items.filter(one => !one.item.open && one.item.depth < 4)
        .map(one => `M${one.x.toFixed(0)} ${one.y.toFixed(0)}h${Math.max(one.w, least).toFixed(0)}v${Math.max(one.h, least).toFixed(0)}h-${Math.max(one.w, least).toFixed(0)}z`).join("");
      map.replaceChildren(draw("rect", {width, height, fill: palette.panel}), draw("path", {d, fill: palette.muted}), draw("rect", {class: "window", fill: "none", stroke: palette.alarm, "stroke-width": (1.6 / scale).toFixed(1)}));
    }
    const window = map.lastChild;
    window.setAttribute("x", (-x / k).toFixed(1));
    window.setAttribute("y", (-y / k).toFixed(1));
    window.setAttribute("width", (w / k).toFixed(1));
    window.setAttribute("height", (h / k).toFixed(1));
  }

  drag(event) {
    const box = this.map.getBoundingClientRect(), {diagram} = this, {k} = diagram.transform;
    const x = (event.clientX - box.left) / box.width * diagram.all.width, y = (event.clientY - box.top) / box.height * diagram.all.height;
    diagram.moveTo(d3.zoomIdentity.translate(diagram.svg.clientWidth / 2 - x * k, diagram.svg.clientHeight / 2 - y * k).scale(k));
    event.preventDefault();
  }
}

const KINDS = {"downsampling block": "block that lowers the resolution", join: "sum, concatenation"};

function pairs(rows) {
  return rows.flatMap(([name, words, attributes]) => [make("dt", {}, name), make("dd", attributes || {}, words)]);
}
