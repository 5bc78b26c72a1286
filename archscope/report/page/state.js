// The state of the view as the part of the address after #, so that a link points at one block.

const state = {
  ready: false, waiting: 0,

  read() {
    try { return new URLSearchParams(location.hash.slice(1)); } catch { return new URLSearchParams(); }
  },

  // Writes what differs from how the page opens.
  write() {
    if (!state.ready) return;
    clearTimeout(state.waiting);
    state.waiting = setTimeout(() => {
      const words = new URLSearchParams(), put = (key, value, usual) => { if (String(value) !== String(usual)) words.set(key, value); };
      const {comparison, balls, stage, pair} = page;
      if (comparison) {
        put("sort", comparison.sort, "");
        put("base", comparison.baseline, DATA.baseline);
        put("columns", comparison.columns.join(","), DATA.columns.filter(column => column.shown).map(column => column.key).join(","));
      }
      if (balls) {
        put("x", balls.keys.x, page.usual.x); put("y", balls.keys.y, page.usual.y); put("r", balls.keys.r, page.usual.r);
        put("log", `${balls.log.x ? "x" : ""}${balls.log.y ? "y" : ""}`, "x");
      }
      if (stage) {
        const {diagram} = stage.viewer, {x, y, k} = diagram.transform;
        put("net", stage.network.number, page.first);
        put("open", diagram.opened.join("_"), "");
        put("at", diagram.selected ?? "", "");
        put("colour", diagram.by, "kind");
        put("find", stage.viewer.query.value, "");
        put("lit", diagram.litBy || "", "");
        if (diagram.opened.length || diagram.selected !== null) words.set("view", [x, y, k].map(value => Number(value.toPrecision(5))).join(","));
      }
      if (pair) put("pair", pair.at ?? 0, 0);
      put("theme", look.chosen, "auto");
      const text = words.toString();
      try { history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search); } catch { /* a frame without an address */ }
    }, 120);
  },

  apply(words = state.read()) {
    const get = (key, usual) => words.has(key) ? words.get(key) : usual, {comparison, balls, pair} = page;
    const theme = get("theme", "auto");
    if (["auto", "light", "dark"].includes(theme)) { look.chosen = theme; look.apply(); }
    if (comparison) {
      comparison.sort = get("sort", "");
      comparison.baseline = DATA.rows[Number(get("base", DATA.baseline))] ? Number(get("base", DATA.baseline)) : DATA.baseline;
      if (words.has("columns")) comparison.columns = words.get("columns").split(",").filter(key => DATA.columns.some(column => column.key === key));
      comparison.fill();
    }
    if (balls) {
      for (const axis of ["x", "y", "r"]) { const key = get(axis, balls.keys[axis]); if (NUMBERS.some(column => column.key === key)) balls.keys[axis] = key; }
      const log = get("log", "x");
      balls.log = {x: log.includes("x"), y: log.includes("y")};
      balls.draw();
    }
    const number = Number(get("net", page.first));
    if (NETWORKS[number] && NETWORKS[number].insides.length) {
      page.show(number);
      const {viewer} = page.stage, {diagram} = viewer;
      diagram.openTo(get("open", "").split("_").filter(Boolean));
      viewer.setColour(get("colour", "kind"));
      const found = get("find", "");
      if (found) { viewer.query.value = found; viewer.search(found); }
      const item = words.has("at") ? diagram.network.item(words.get("at")) : null;
      if (item) { diagram.openTo(item.parent ? [item.parent.id] : []); diagram.focus = item.id; diagram.select(item); }
      const [kind, id] = get("lit", "").split(/:(.*)/);
      if (kind === "feeds" && diagram.network.item(id)) diagram.feeds(diagram.network.item(id));
      const edge = kind === "edge" ? diagram.all.edges.find(one => one.id === id) : null;
      if (edge) diagram.along(edge);
      diagram.fit();
      const [x, y, k] = get("view", "").split(",").map(Number);
      if (words.has("view") && [x, y, k].every(Number.isFinite) && k > 0) diagram.moveTo(d3.zoomIdentity.translate(x, y).scale(k));
      if (item) diagram.nearer(item);
      diagram.redraw();
    }
    if (pair) page.pairAt = DATA.pairs[Number(get("pair", 0))] ? Number(get("pair", 0)) : 0;
  },
};
