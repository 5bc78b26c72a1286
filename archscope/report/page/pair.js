// Two networks side by side, with what `archscope diff` finds marked in both.

class Pair {
  constructor({onchange}) {
    this.onchange = onchange;
    this.select = make("select", {id: "pair", onchange: () => { this.choose(Number(this.select.value)); onchange(); }},
      ...DATA.pairs.map((pair, at) => make("option", {value: at}, `${shortened(NETWORKS[pair.first].title, 40)} → ${shortened(NETWORKS[pair.second].title, 40)}`)));
    this.both = make("div", {class: "both"});
    this.list = make("div", {class: "changes"});
    this.element = make("div", {}, make("div", {class: "tools"}, make("label", {for: "pair"}, "From and to "), this.select), this.both, this.list);
  }

  choose(at) {
    const pair = DATA.pairs[at];
    if (!pair) return;
    this.at = at;
    this.select.value = at;
    const changes = pair.changes.map((change, n) => ({...change, number: n + 1}));
    this.viewers = [[pair.first, "here"], [pair.second, "there"]].map(([number, side]) => {
      const network = new Network(DATA.networks[number], number);
      const sets = changes.filter(change => change[side].length).map(change => ({change, marks: new Marks(network, new Set(spread(change[side])))}));
      return new Viewer(network, {small: true, onchange: this.onchange, marks: item => sets.filter(({marks}) => marks.of(item)).map(({change}) => change)});
    });
    this.both.replaceChildren(...this.viewers.map(viewer => make("div", {}, make("h3", {}, shortened(viewer.network.title, 60)), viewer.element)));
    const signed = (value, words) => value ? `${value > 0 ? "+" : "−"}${shown(Math.abs(value), "count")} ${words}` : null;
    this.list.replaceChildren(changes.length ? make("ol", {}, ...changes.map(change => make("li", {"data-params": change.params, "data-macs": change.macs},
      change.here.length || change.there.length ? make("button", {type: "button", class: "link", onclick: () => this.show(change)}, shortened(change.says, 400)) : shortened(change.says, 400),
      make("span", {class: "quiet"}, ["", signed(change.params, "parameters"), signed(change.macs, "MACs")].filter(part => part !== null).join("  "))))) : make("p", {}, "No structural difference."));
  }

  show(change) {
    for (const [viewer, side] of [[this.viewers[0], "here"], [this.viewers[1], "there"]])
      if (change[side].length) viewer.reveal(change[side][0]);
  }
}

function spread(spans) {
  const found = [];
  for (let at = 0; at < spans.length; at += 2) for (let n = spans[at]; n < spans[at + 1]; n += 1) found.push(n);
  return found;
}
