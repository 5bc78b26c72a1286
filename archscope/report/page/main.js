// The page: its parts, and how they answer to one another.

const NETWORKS = DATA.networks.map((data, number) => new Network(data, number));

const page = {
  first: Math.max(0, NETWORKS.findIndex(network => network.insides.length)),
  usual: {},

  start() {
    document.body.append(tip);
    const changed = () => state.write();
    if (NETWORKS.length > 1 || !DATA.single) {
      page.comparison = new Comparison({onchange: changed, onopen: number => { page.show(number); find("#networks").scrollIntoView(); changed(); }});
      find("#comparison").append(page.comparison.element);
    }
    const charts = find("#charts-here");
    if (NUMBERS.length > 1 && NETWORKS.length > 1) {
      page.balls = new Balls({onchange: changed});
      page.usual = {...page.balls.keys};
      charts.append(page.balls.element);
    }
    for (const chart of DATA.charts) charts.append(new (chart.series[0].segments ? Bars : Lines)(chart).element);
    if (!charts.children.length) find("#charts").remove();
    page.tabs();
    if (DATA.pairs.length) page.pairs(changed); else find("#side").remove();
    find("#theme").addEventListener("click", () => {
      const order = ["auto", "light", "dark"];
      look.chosen = order[(order.indexOf(look.chosen) + 1) % 3];
      look.apply();
      changed();
    });
    look.watchers.push(() => { find("#theme").textContent = `Theme: ${look.chosen}`; });
    look.apply();
    state.apply();
    if (!page.stage) page.show(page.first);
    state.ready = true;
    addEventListener("hashchange", () => { state.ready = false; page.stage && page.stage.viewer.diagram.closeAll(); state.apply(); state.ready = true; });
  },

  tabs() {
    const list = find("#network-tabs");
    NETWORKS.forEach((network, number) => list.append(make("button", {type: "button", class: "tab", "aria-pressed": "false", "data-network": number, onclick: () => { page.show(number); state.write(); }}, shortened(network.title, 50))));
    list.hidden = NETWORKS.length < 2;
  },

  // Shows one network: its card, its diagram, its layers.
  show(number) {
    for (const tab of find("#network-tabs").children) tab.setAttribute("aria-pressed", String(Number(tab.dataset.network) === number));
    const network = NETWORKS[number], place = find("#network");
    if (page.stage && page.stage.network === network) return;
    page.stages = page.stages || [];
    const known = page.stages[number];
    if (!network.insides.length) { place.replaceChildren(make("h3", {}, shortened(network.title, 80)), card(network)); return; }
    if (known) page.stage = known;
    else {
      const layers = new LayerTable(network, {onpick: nodes => { viewer.reveal(network.nodes.op[nodes[0]] === undefined ? 0 : main(network, nodes)); viewer.element.scrollIntoView({block: "nearest"}); }});
      const viewer = new Viewer(network, {onchange: () => state.write(), onselect: item => layers.choose(item ? network.nodesOf(item) : null)});
      page.stage = page.stages[number] = {network, viewer, layers, element: make("div", {}, make("h3", {class: "network-title"}, shortened(network.title, 80)), card(network), viewer.element,
        make("h3", {}, "Layers"), layers.element)};
    }
    place.replaceChildren(page.stage.element);
    page.stage.layers.fill();
  },

  // Two networks at once cost time to build: when somebody comes near.
  pairs(changed) {
    page.pair = new Pair({onchange: changed});
    find("#pair-here").append(page.pair.element);
    new IntersectionObserver((entries, observer) => {
      if (!entries.some(entry => entry.isIntersecting)) return;
      observer.disconnect();
      page.pair.choose(page.pairAt || 0);
    }, {rootMargin: "600px"}).observe(find("#side"));
  },
};

// The operator of a layer that names it: with the most multiply-accumulates.
const main = (network, nodes) => nodes.reduce((best, node) => network.nodes.macs[node] > network.nodes.macs[best] ? node : best);

page.start();
document.documentElement.dataset.ready = "yes";
