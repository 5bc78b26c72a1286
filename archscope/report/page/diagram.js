// The picture of one network: opened and closed in place, moved and zoomed, coloured, marked.

const CROWD = 700; // boxes and arrows; of more, only those in sight are drawn
const WORDS = {params: "parameters", macs: "MACs", activations: "activations", latency: "time"};

class Diagram {
  constructor(network, {label = "diagram", onchange = () => {}, onselect = () => {}, columns = true} = {}) {
    Object.assign(this, {network, onchange, onselect, columns});
    this.by = "kind";
    this.hits = this.lit = this.selected = this.differs = null;
    this.focus = "0";
    this.edgesLayer = draw("g", {class: "edges", "aria-hidden": "true"});
    this.notesLayer = draw("g", {class: "notes", "aria-hidden": "true"});
    this.itemsLayer = draw("g", {class: "items", role: "tree", "aria-label": `${visible(network.title)}: blocks in the order of execution`});
    this.view = draw("g", {}, this.itemsLayer, this.notesLayer, this.edgesLayer);
    this.svg = draw("svg", {class: "diagram", "aria-label": label, role: "group"}, this.view);
    this.zoom = d3.zoom().scaleExtent([0.02, 8]).clickDistance(5)
      .filter(event => !event.button && (event.type !== "wheel" || event.ctrlKey || event.metaKey || this.svg.contains(document.activeElement)))
      .on("zoom", event => { this.transform = event.transform; this.view.setAttribute("transform", event.transform); this.soon(); })
      .on("end", () => this.onchange());
    this.transform = d3.zoomIdentity;
    d3.select(this.svg).call(this.zoom).on("dblclick.zoom", null);
    this.svg.addEventListener("click", event => this.clicked(event));
    this.svg.addEventListener("pointermove", event => this.hovered(event));
    this.svg.addEventListener("pointerleave", hush);
    this.svg.addEventListener("pointerdown", hush);
    this.svg.addEventListener("keydown", event => this.pressed(event));
    this.svg.addEventListener("focusin", event => { const id = event.target.dataset.id; if (id !== undefined) this.focus = id; });
    look.watchers.push(() => this.svg.isConnected && this.redraw());
    new ResizeObserver(() => { if (!this.placed && this.svg.clientWidth) this.fit(); else this.paintView(); }).observe(this.svg);
    this.layOut();
  }

  // -- what is open ---------------------------------------------------------------------------------------------------------------

  layOut() { this.all = seen(this.network); this.byId = new Map(this.all.items.map(one => [one.item.id, one])); this.rank(); }

  toggle(item, keep = true) {
    if (item.inside < 0) return;
    const before = this.byId.get(item.id);
    item.open = !item.open;
    forget(item);
    if (!item.open) for (const [id] of this.byId) if (id.startsWith(`${item.id}.`)) this.network.item(id).open = false;
    this.layOut();
    if (keep && before) {
      const after = this.byId.get(item.id), k = this.transform.k;
      this.moveTo(this.transform.translate(before.x + before.w / 2 - after.x - after.w / 2, before.y - after.y), k);
    }
    this.redraw();
    this.onchange();
  }

  // Opens everything, one level at a time, as long as no more than `most` boxes are seen.
  openAll(most = 4000) {
    let level = [this.network.root], count = 0;
    while (level.length) {
      const next = level.flatMap(item => item.inside < 0 ? [] : this.network.children(item));
      count += next.length;
      if (count > most) break;
      for (const item of level) { item.open = true; item.room = null; }
      level = next.filter(item => item.inside >= 0);
    }
    this.layOut(); this.fit(0.45); this.onchange();
  }

  closeAll() {
    for (const {item} of this.all.items) if (item.open) { item.open = false; item.room = null; }
    this.network.root.room = null;
    this.layOut(); this.fit(); this.onchange();
  }

  openTo(ids) {
    for (const id of ids) {
      const item = this.network.item(id);
      for (let at = item; at && at.parent; at = at.parent) if (at.inside >= 0) { at.open = true; forget(at); }
    }
    this.layOut();
  }

  get opened() { return this.all.items.filter(one => one.item.open && !this.network.children(one.item).some(child => child.open)).map(one => one.item.id); }

  // The closed box in which an operator is; `open` opens what is around it down to its piece.
  boxOf(node, open = false) {
    const piece = this.network.pieceOf[node];
    if (piece < 0) return null;
    let at = this.network.root, changed = false;
    while (at.inside >= 0 && (at === this.network.root || at.open || (open && at.stop - at.start > 1))) {
      if (!at.open) { at.open = true; forget(at); changed = true; }
      const inside = this.network.children(at);
      at = inside[0].node >= 0 ? inside.find(child => child.node === node) : inside.find(child => child.start <= piece && piece < child.stop);
    }
    if (changed) { this.layOut(); this.redraw(); this.onchange(); }
    return at;
  }

  // -- the view -------------------------------------------------------------------------------------------------------------------

  // The size of everything, the heads of the columns above it among it.
  get extent() { return [this.all.width + (this.columns ? 330 : 0), this.all.height + this.above]; }
  get above() { return this.columns ? 20 : 0; }

  moveTo(transform) { d3.select(this.svg).call(this.zoom.transform, transform); }

  // Shows all of it; with `least`, from the top where it would be smaller than that.
  fit(least = 0) {
    const {clientWidth: w, clientHeight: h} = this.svg, [width, height] = this.extent;
    if (!w || !h) return;
    this.placed = true;
    const whole = Math.min((w - 32) / width, (h - 32) / height, 1.6), k = whole < least ? Math.min(least, (w - 32) / width) : whole;
    this.moveTo(d3.zoomIdentity.translate((w - width * k) / 2, Math.max(16, (h - height * k) / 2) + this.above * k).scale(k));
    this.redraw();
  }

  scaleBy(factor) { d3.select(this.svg).call(this.zoom.scaleBy, factor); }

  show(item, least = 0.7) {
    const one = this.byId.get(item.id);
    if (!one || !this.svg.clientWidth) return;
    const k = Math.max(this.transform.k, Math.min(least, this.svg.clientWidth / (one.w + 20)));
    this.moveTo(d3.zoomIdentity.translate(this.svg.clientWidth / 2 - (one.x + one.w / 2) * k, this.svg.clientHeight / 2 - (one.y + Math.min(one.h, 60) / 2) * k).scale(k));
    this.redraw();
  }

  soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.paintView(); });
  }

  get window() {
    const {x, y, k} = this.transform, margin = 60;
    return {x0: (-x - margin) / k, y0: (-y - margin) / k, x1: (this.svg.clientWidth - x + margin) / k, y1: (this.svg.clientHeight - y + margin) / k};
  }

  // -- colours and marks ----------------------------------------------------------------------------------------------------------

  rank() {
    this.most = 0;
    if (this.by === "kind") return;
    for (const {item} of this.all.items) if (!item.open) this.most = Math.max(this.most, this.network.value(item, this.by) || 0);
  }

  colour(by) { this.by = by; this.rank(); this.redraw(); this.onchange(); }

  fill(item) {
    const palette = look.palette;
    if (item.open) return item.depth % 2 ? palette.background : palette.panel;
    if (this.by === "kind") return palette.fills[item.kind] || palette.fills.other;
    const value = this.network.value(item, this.by);
    return value === null ? palette.background : palette.shade(this.most ? value / this.most : 0);
  }

  select(item, tellOthers = true) {
    this.selected = item ? item.id : null;
    this.redraw();
    if (tellOthers) this.onselect(item);
    this.onchange();
  }

  light(nodes) { this.lit = nodes ? new Marks(this.network, nodes) : null; this.redraw(); this.onchange(); }
  mark(nodes) { this.hits = nodes ? new Marks(this.network, nodes) : null; this.redraw(); }

  // Lights the way of what a box makes: everything that feeds it.
  feeds(item) { this.litBy = `feeds:${item.id}`; this.light(this.network.reach(this.network.nodesOf(item))); }

  // Lights the way through an arrow: what feeds it, and what it feeds.
  along(edge) {
    const to = edge.to ? this.network.nodesOf(edge.to) : [], from = edge.from ? this.network.nodesOf(edge.from) : [];
    this.litBy = `edge:${edge.id}`;
    this.light(new Set([...this.network.reach(from), ...this.network.reach(to, false)]));
  }

  unlight() { this.litBy = null; this.light(null); }

  // -- drawing --------------------------------------------------------------------------------------------------------------------

  redraw() { this.stale = (this.stale || 0) + 1; this.paintView(); }

  paintView() {
    if (!this.svg.clientWidth) return;
    const window = this.window, crowd = this.all.items.length + this.all.edges.length > CROWD;
    const tiny = this.transform.k < 0.28, palette = look.palette;
    this.svg.classList.toggle("tiny", tiny);
    const inSight = one => !crowd || (one.x < window.x1 && one.x + one.w > window.x0 && one.y < window.y1 && one.y + one.h > window.y0);
    const edges = this.all.edges.filter(edge => !crowd || within(edge.points, window));
    const items = this.all.items.filter(one => inSight(one) || one.item.id === this.focus || one.item.id === this.selected);
    if (!this.byId.has(this.focus)) this.focus = this.focus.split(".")[0];
    this.keep(this.itemsLayer, items, one => one.item.id, (one, group) => this.box(one, palette, group));
    this.keep(this.edgesLayer, edges, edge => edge.id, (edge, group) => this.arrow(edge, palette, group));
    this.keep(this.notesLayer, [...(tiny ? [] : this.all.notes.filter(inSight)), ...this.side(inSight)], note => note.id, (note, group) => this.note(note, palette, group));
  }

  // Draws these things and nothing else in a layer, in this order, touching only what changed.
  keep(layer, things, id, paint) {
    const known = layer.known = layer.known || new Map(), wanted = new Set(things.map(id));
    for (const [key, element] of known) if (!wanted.has(key)) { element.remove(); known.delete(key); }
    let next = layer.firstChild;
    for (const thing of things) {
      const key = id(thing);
      let element = known.get(key);
      if (!element) {
        element = draw("g", {"data-id": key});
        known.set(key, element);
      }
      if (element.stale !== this.stale) {
        element.stale = this.stale;
        paint(thing, element);
      }
      if (element === next) next = next.nextSibling;
      else layer.insertBefore(element, next);
    }
  }

  // Whether an element has to be drawn anew: what it looks like is said in one text, its place apart from it.
  changed(element, looks, place = "") {
    if (element.place !== place) {
      element.place = place;
      element.setAttribute("transform", place);
    }
    if (element.looks === looks) return false;
    element.looks = looks;
    return true;
  }

  box({item, x, y, w, h}, palette, group) {
    const fill = this.fill(item), ink = palette.on(fill), lit = this.lit ? this.lit.of(item) : null, hits = this.hits ? this.hits.of(item) : 0;
    const classes = ["item", item.open ? "frame" : "closed", item.inside >= 0 ? "opens" : "leaf"];
    if (item.id === this.selected) classes.push("selected");
    if (hits) classes.push("hit");
    if (lit) classes.push("lit"); else if (lit === 0) classes.push("dim");
    const changes = this.differs ? this.differs(item) : [];
    if (changes.length && !item.open) classes.push("differs", changes.length > 1 || !["added", "removed"].includes(changes[0].kind) ? "changed" : changes[0].kind);
    const reached = item.id === this.focus ? "0" : "-1";
    if (group.getAttribute("tabindex") !== reached) group.setAttribute("tabindex", reached);
    const looks = `${classes.join(" ")} ${w.toFixed(1)} ${h.toFixed(1)} ${fill} ${look.name} ${hits} ${changes.length}`;
    if (!this.changed(group, looks, `translate(${x.toFixed(1)},${y.toFixed(1)})`)) return;
    const says = {
      class: classes.join(" "), role: "treeitem", "aria-level": String(item.depth + 1), "aria-selected": String(item.id === this.selected),
      "aria-label": this.name(item, hits, changes), ...(item.inside >= 0 ? {"aria-expanded": String(item.open)} : {}),
    };
    for (const [name, value] of Object.entries(says)) group.setAttribute(name, value);
    group.replaceChildren();
    const round = item.form === 1 ? 2.5 : 5;
    if (item.form === 2 && !item.open) group.append(draw("circle", {cx: w / 2, cy: h / 2, r: w / 2, fill, stroke: palette.stroke}));
    else {
      if (item.count > 1 && !item.open) for (const step of [4, 2])
        group.append(draw("rect", {x: step, y: step, width: w, height: h, rx: round, fill, stroke: palette.stroke, "stroke-opacity": 0.55}));
      group.append(draw("rect", {width: w.toFixed(1), height: h.toFixed(1), rx: round, fill, stroke: item.open ? palette.muted : palette.stroke}));
    }
    const points = item.open ? 11 : item.form === 2 ? 13 : 10.5, room = w - (item.open ? 30 : item.form === 2 ? 0 : 10);
    const lines = item.open ? [fitted(item.label, points, room, true)] : item.form === 2 ? [visible(item.label).slice(0, 1)]
      : broken(item.label, points, room, 1 + Math.max(0, Math.round((h - 24) / LINE)));
    lines.forEach((line, n) => {
      const y = item.open ? 15 : h / 2 + (item.form === 2 ? 4.6 : 3.8) + (n - (lines.length - 1) / 2) * LINE;
      const text = draw("text", {
        x: item.open ? 10 : w / 2, y, "font-size": points, fill: ink,
        "font-weight": item.open || (item.inside >= 0 && item.stop - item.start > 1) ? "bold" : null, "text-anchor": item.open ? "start" : "middle",
      });
      text.textContent = line;
      group.append(text);
    });
    if (item.open) group.append(draw("path", {class: "sign", d: `M${(w - 17).toFixed(1)} 11h8`, stroke: ink}));
    if (hits && !item.open) group.append(...badge(w, count(hits), "hits"));
    if (changes.length && !item.open) group.append(...badge(w, numbered(changes), "changes"));
  }

  name(item, hits, changes) {
    const costs = `${shown(this.network.cost(item, "params"), "count")} parameters, ${this.network.cost(item, "uncounted") ? "at least " : ""}${shown(this.network.cost(item, "macs"), "count")} MACs`;
    const what = item.inside < 0 ? "" : item.open ? ", opened" : ", closed";
    const marks = item.open ? "" : (hits ? ` ${count(hits)} found` : "") + (changes.length ? ` ${numbered(changes)} differ` : "");
    const found = changes.length ? `, differs: ${changes.map(change => change.says).join("; ")}` : "";
    return shortened(`${visible(item.label)}${marks}${what}, output ${item.out}, ${costs}${found}`, 400);
  }

  arrow(edge, palette, group) {
    const [x0, y0] = edge.points[0], lit = this.lit && this.passes(edge), own = edge.points.map(([x, y]) => [x - x0, y - y0]);
    const d = edge.curve ? bent(own) : rounded(own), name = `edge${lit ? " lit" : this.lit ? " dim" : ""}`;
    if (!this.changed(group, `${name} ${look.name} ${d}`, `translate(${x0.toFixed(1)},${y0.toFixed(1)})`)) return;
    group.setAttribute("class", name);
    group.replaceChildren(draw("path", {class: "hit-area", d}), draw("path", {class: "line", d: d + head(own), stroke: lit ? palette.alarm : palette.line}));
    if (edge.scale !== undefined) {
      const [x, y] = own[own.length - 1];
      const text = draw("text", {x: x + 5, y: y - 7, "font-size": 9.5, fill: palette.muted});
      text.textContent = `x ${Number(edge.scale.toPrecision(4))}`;
      group.append(text);
    }
  }

  passes(edge) {
    const from = !edge.from || this.lit.of(edge.from), to = !edge.to || this.lit.of(edge.to);
    return Boolean(from && to && (edge.from || edge.to));
  }

  note(note, palette, group) {
    if (!this.changed(group, `${note.words} ${look.name} ${note.w}`, `translate(${note.x.toFixed(1)},${note.y.toFixed(1)})`)) return;
    if (note.bar !== undefined) {
      group.replaceChildren(draw("rect", {width: 64, height: 7, fill: "none", stroke: palette.muted, "stroke-width": 0.6}),
        draw("rect", {width: (64 * note.bar).toFixed(2), height: 7, fill: palette.muted}));
      return;
    }
    const text = draw("text", {x: note.anchor ? 0 : note.w / 2, y: note.h / 2 + 3.6, "font-size": 10, fill: note.strong ? palette.ink : palette.muted, "text-anchor": note.anchor || "middle"});
    if (note.cost) { text.setAttribute("class", "cost"); text.setAttribute("data-value", note.value); text.setAttribute("data-cost", note.cost); }
    text.textContent = visible(note.words);
    group.replaceChildren(text);
  }

  // The table beside the outermost boxes: what leaves them and what they cost.
  side(inSight) {
    if (!this.columns || this.transform.k < 0.28) return [];
    const left = this.all.width + 22, whole = this.network.drawn.macs, notes = [];
    const heads = [["output", left, "start"], ["parameters", left + 150, "end"], ["MACs", left + 218, "end"], ["of MACs", left + 232, "start"]];
    for (const [words, x, anchor] of heads) notes.push({id: `head:${words}`, words, x, y: -18, w: 0, h: 12, anchor});
    for (const item of this.network.children(this.network.root)) {
      const one = this.byId.get(item.id), y = one.y + (item.open ? 4 : one.h / 2 - 6);
      if (!inSight({x: left, y, w: 320, h: 12})) continue;
      const params = this.network.cost(item, "params"), macs = this.network.cost(item, "macs"), lacks = this.network.cost(item, "uncounted");
      const put = (name, words, x, anchor, more = {}) => notes.push({id: `${name}:${item.id}`, words, x, y, w: 0, h: 12, anchor, ...more});
      put("out", item.out, left, "start");
      put("params", params ? shown(params, "count") : "–", left + 150, "end", {strong: true, cost: "params", value: params});
      put("macs", macs || lacks ? (lacks ? "≥ " : "") + shown(macs, "count") : "–", left + 218, "end", {strong: true, cost: "macs", value: macs});
      if (macs && whole) put("share", "", left + 232, "start", {bar: macs / whole, x: left + 232, y: y + 3});
    }
    return notes;
  }

  // -- hands ----------------------------------------------------------------------------------------------------------------------

  itemAt(event) {
    const group = event.target.closest ? event.target.closest("g.item") : null;
    return group ? this.network.item(group.dataset.id) : null;
  }

  edgeAt(event) {
    const group = event.target.closest ? event.target.closest("g.edge") : null;
    return group ? this.all.edges.find(edge => edge.id === group.dataset.id) : null;
  }

  clicked(event) {
    const edge = this.edgeAt(event), item = this.itemAt(event);
    if (edge) { if (this.litBy === `edge:${edge.id}`) this.unlight(); else this.along(edge); return; }
    if (!item) { if (this.lit) this.unlight(); return; }
    this.focus = this.selected = item.id;
    if (item.inside >= 0) this.toggle(item); else this.redraw();
    this.onselect(item);
    this.onchange();
    const group = this.itemsLayer.known.get(item.id);
    if (group) group.focus({preventScroll: true});
  }

  hovered(event) {
    if (event.buttons || event.pointerType === "touch") return;
    const item = this.itemAt(event), edge = this.edgeAt(event);
    if (item) tell(event, [visible(item.label), ...this.network.facts(item).map(([name, words]) => `${name}: ${words}`)]);
    else if (edge) tell(event, [`${edge.shape || "tensor"}`, "click: the way of this tensor"]);
    else hush();
  }

  pressed(event) {
    const order = this.all.items.map(one => one.item), at = order.findIndex(item => item.id === this.focus), item = order[at];
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    let next = null;
    switch (event.key) {
      case "ArrowDown": next = order[at + 1]; break;
      case "ArrowUp": next = order[at - 1]; break;
      case "ArrowRight": if (item.inside >= 0 && !item.open) this.toggle(item); else if (item.open) next = order[at + 1]; break;
      case "ArrowLeft": if (item.open) this.toggle(item); else if (item.parent && item.parent.id !== "") next = item.parent; break;
      case "Home": next = order[0]; break;
      case "End": next = order[order.length - 1]; break;
      case "Enter": case " ": this.selected = item.id; this.toggle(item); this.onselect(item); break;
      case "f": if (this.litBy === `feeds:${item.id}`) this.unlight(); else this.feeds(item); break;
      case "Escape": this.unlight(); break;
      case "+": this.scaleBy(1.3); break;
      case "-": this.scaleBy(1 / 1.3); break;
      case "0": this.fit(); break;
      default: return;
    }
    event.preventDefault();
    if (next) {
      this.focus = next.id;
      this.select(next);
      this.nearer(next);
    }
    this.focusOn(this.focus);
  }

  focusOn(id) {
    this.redraw();
    const group = this.itemsLayer.known.get(id);
    if (group && document.activeElement !== group) group.focus({preventScroll: true});
  }

  // Moves the picture where a box is out of sight.
  nearer(item) {
    const one = this.byId.get(item.id), {x0, y0, x1, y1} = this.window, k = this.transform.k, margin = 80 / k;
    const h = Math.min(one.h, 40), outX = one.x < x0 + margin || one.x + Math.min(one.w, 120) > x1 - margin, outY = one.y < y0 + margin || one.y + h > y1 - margin;
    if (outX || outY) this.show(item, k);
  }
}

function within(points, {x0, y0, x1, y1}) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const [x, y] of points) { left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y); }
  return left < x1 && right > x0 && top < y1 && bottom > y0;
}

function rounded(points) {
  let d = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [a, b, c] = [points[at - 1], points[at], points[at + 1]];
    const r = Math.min(5, Math.hypot(b[0] - a[0], b[1] - a[1]) / 2, Math.hypot(c[0] - b[0], c[1] - b[1]) / 2);
    const [p, q] = [towards(b, a, r), towards(b, c, r)];
    d += `L${p[0].toFixed(1)} ${p[1].toFixed(1)}Q${b[0].toFixed(1)} ${b[1].toFixed(1)} ${q[0].toFixed(1)} ${q[1].toFixed(1)}`;
  }
  const end = points[points.length - 1];
  return `${d}L${end[0].toFixed(1)} ${end[1].toFixed(1)}`;
}

function bent(points) {
  let d = `M${points[0].map(v => v.toFixed(1)).join(" ")}`;
  for (let at = 1; at + 2 < points.length - 1; at += 3) d += `C${points.slice(at, at + 3).flat().map(v => v.toFixed(1)).join(" ")}`;
  return `${d}L${points[points.length - 1].map(v => v.toFixed(1)).join(" ")}`;
}

function towards(at, to, by) {
  const length = Math.hypot(to[0] - at[0], to[1] - at[1]) || 1;
  return [at[0] + (to[0] - at[0]) / length * by, at[1] + (to[1] - at[1]) / length * by];
}

// An arrow head of two strokes.
function head(points) {
  const tip = points[points.length - 1], from = points[points.length - 2] || tip, length = Math.hypot(tip[0] - from[0], tip[1] - from[1]) || 1;
  const [ux, uy] = [(tip[0] - from[0]) / length, (tip[1] - from[1]) / length];
  const [bx, by] = [tip[0] - ux * 5.5, tip[1] - uy * 5.5];
  return `M${(bx - uy * 3).toFixed(1)} ${(by + ux * 3).toFixed(1)}L${tip[0].toFixed(1)} ${tip[1].toFixed(1)}L${(bx + uy * 3).toFixed(1)} ${(by - ux * 3).toFixed(1)}`;
}

const count = hits => hits > 99 ? "99+" : String(hits);
const numbered = changes => changes.slice(0, 2).map(change => change.number).join(" ") + (changes.length > 2 ? " …" : "");

function badge(w, words, kind) {
  const wide = words.length * 5.4 + 8;
  const text = draw("text", {x: w + 4 - wide / 2, y: 3, "font-size": 8.5, "font-weight": "bold", "text-anchor": "middle", class: `badge-text ${kind}`});
  text.textContent = ` ${words}`;
  return [draw("rect", {x: w + 4 - wide, y: -6.5, width: wide, height: 13, rx: 6.5, class: `badge ${kind}`}), text];
}
