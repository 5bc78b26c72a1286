// The charts: error against cost with axes of the reader's choice, and what `archscope chart` draws: stages, depth, field, memory.

const DASHES = ["", "7 3", "2.5 2", "7 3 2 3", "1.5 1.5"];
const NUMBERS = DATA.columns.filter(column => DATA.rows.some(row => typeof row[column.key] === "number") && column.kind !== "year");

function axisFormat(kind) {
  return value => kind === "count" ? scaled(Math.round(value * 1e6) / 1e6, COUNTS, 2).replace(/\.?0+ /, " ") : kind === "bytes" ? size(value).replace(".0 ", " ") : kind === "seconds" ? (value ? seconds(value).replace(/\.0+ /, " ") : "0") : String(Number(value.toPrecision(6)));
}

// Ticks of a logarithmic axis: 1, 2, 5, 10 ... and no more than fit.
function ticks(scale, log, most) {
  if (!log) return scale.ticks(most);
  const [low, high] = scale.domain(), found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1)
    for (const factor of [1, 2, 5]) { const tick = factor * 10 ** power; if (tick >= low && tick <= high) found.push(tick); }
  const tens = found.filter(tick => /^10*$/.test(String(Math.round(tick))) || Math.log10(tick) % 1 === 0);
  return found.length <= most || tens.length < 2 ? found : tens;
}

function axes(svg, {x, y, left, top, width, height, xTicks, yTicks, xWords, yWords, xFormat, yFormat}) {
  const palette = look.palette, put = (words, attributes) => { const text = draw("text", {"font-size": 11, fill: palette.muted, ...attributes}); text.textContent = words; svg.append(text); };
  for (const tick of yTicks) {
    svg.append(draw("line", {x1: left, x2: left + width, y1: y(tick), y2: y(tick), class: "grid"}));
    put(yFormat(tick), {x: left - 6, y: y(tick) + 4, "text-anchor": "end"});
  }
  for (const tick of xTicks) {
    svg.append(draw("line", {x1: x(tick), x2: x(tick), y1: top, y2: top + height, class: "grid"}));
    put(xFormat(tick), {x: x(tick), y: top + height + 16, "text-anchor": "middle"});
  }
  put(xWords, {x: left + width / 2, y: top + height + 34, "text-anchor": "middle", fill: palette.ink});
  put(yWords, {x: left - 44, y: top - 9, fill: palette.ink, "font-weight": "bold"});
}

class Chart {
  constructor(title, says) {
    this.svg = draw("svg", {class: "chart", role: "img", "aria-label": `${title}. ${says}`});
    this.svg.addEventListener("pointerleave", hush);
    this.legend = make("div", {class: "legend"});
    this.controls = make("div", {class: "tools"});
    this.element = make("figure", {}, make("h3", {}, title), make("p", {class: "quiet"}, says), this.controls, this.svg, this.legend);
    look.watchers.push(() => this.draw());
    new ResizeObserver(() => { if (this.svg.clientWidth !== this.drawnWidth) this.draw(); }).observe(this.element);
  }

  draw() {
    const width = this.svg.clientWidth;
    if (!width) return;
    this.drawnWidth = width;
    this.svg.replaceChildren();
    this.paint(width, look.palette);
  }

  mark(element, lines) {
    element.addEventListener("pointermove", event => tell(event, lines));
    element.addEventListener("pointerleave", hush);
    element.setAttribute("data-tip", lines.join("\n"));
    return element;
  }

  names(palette, numbers, hidden = new Set(), toggle = null) {
    this.legend.replaceChildren(...numbers.map(number => {
      const sign = draw("svg", {width: 26, height: 10, "aria-hidden": "true"}, draw("path", {d: "M1 5H25", stroke: palette.series[number % palette.series.length], "stroke-width": 2.4, "stroke-dasharray": DASHES[number % DASHES.length]}));
      const words = shortened(NETWORKS[number].title, 40);
      return toggle ? make("button", {type: "button", class: "key", "aria-pressed": String(!hidden.has(number)), onclick: () => toggle(number)}, sign, words) : make("span", {}, sign, words);
    }));
  }
}

class Balls extends Chart {
  constructor({onchange}) {
    super("Networks as balls", "every axis and the area of the balls of your choice; published top-1 errors are of the protocol in the table");
    const has = key => NUMBERS.some(column => column.key === key);
    this.keys = {x: has("macs") ? "macs" : NUMBERS[0].key, y: has("top1_error") ? "top1_error" : "params", r: "params"};
    this.log = {x: true, y: false};
    this.selects = {};
    for (const [axis, words] of [["x", "across"], ["y", "up"], ["r", "area"]]) {
      this.selects[axis] = make("select", {"aria-label": `Balls: ${words}`, onchange: () => { this.keys[axis] = this.selects[axis].value; this.draw(); onchange(); }},
        ...NUMBERS.map(column => make("option", {value: column.key}, `${words}: ${column.title}`)));
      this.controls.append(this.selects[axis]);
    }
    this.logs = {};
    for (const axis of ["x", "y"]) {
      const box = this.logs[axis] = make("input", {type: "checkbox", onchange: () => { this.log[axis] = box.checked; this.draw(); onchange(); }});
      this.controls.append(make("label", {}, box, ` log ${axis === "x" ? "across" : "up"}`));
    }
  }

  paint(width, palette) {
    for (const axis of ["x", "y", "r"]) this.selects[axis].value = this.keys[axis];
    for (const axis of ["x", "y"]) this.logs[axis].checked = this.log[axis];
    const column = axis => NUMBERS.find(one => one.key === this.keys[axis]), value = (row, axis) => row[this.keys[axis]];
    const there = DATA.rows.map((row, at) => ({row, at})).filter(({row}) => ["x", "y"].every(axis => typeof value(row, axis) === "number"));
    const height = Math.max(300, Math.min(460, width * 0.5)), left = 66, top = 26, w = width - left - 24, h = height - top - 46;
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (!there.length) { const text = draw("text", {x: width / 2, y: height / 2, "text-anchor": "middle", fill: palette.muted}); text.textContent = "no network has both"; this.svg.append(text); return; }
    const scale = (axis, range) => {
      const values = there.map(({row}) => value(row, axis)), low = d3.min(values), high = d3.max(values), log = this.log[axis] && low > 0;
      if (log) return [d3.scaleLog([low / 1.35, high * 1.35], range), true];
      const room = (high - low || Math.abs(high) || 1) * 0.16;
      return [d3.scaleLinear([low >= 0 ? Math.max(0, low - room) : low - room, high + room], range), false];
    };
    const [x, xLog] = scale("x", [left, left + w]), [y, yLog] = scale("y", [top + h, top]);
    axes(this.svg, {x, y, left, top, width: w, height: h, xTicks: ticks(x, xLog, Math.max(3, w / 90)), yTicks: ticks(y, yLog, 6),
      xWords: column("x").title, yWords: column("y").title, xFormat: axisFormat(column("x").kind), yFormat: axisFormat(column("y").kind)});
    const most = d3.max(there, ({row}) => Math.max(0, value(row, "r") || 0)) || 1, taken = [];
    const radius = row => typeof value(row, "r") === "number" ? Math.max(3, Math.min(34, width / 18) * Math.sqrt(Math.max(0, value(row, "r")) / most)) : 4;
    for (const {row, at} of [...there].sort((a, b) => radius(b.row) - radius(a.row))) {
      const colour = palette.series[at % palette.series.length], cx = x(value(row, "x")), cy = y(value(row, "y")), r = radius(row);
      const said = ["x", "y", "r"].map(axis => `${column(axis).title}: ${typeof value(row, axis) === "number" ? exact(value(row, axis)) : "unknown"}`);
      const disc = draw("circle", {cx: cx.toFixed(1), cy: cy.toFixed(1), r: r.toFixed(1), fill: colour, "fill-opacity": 0.45, stroke: colour, "stroke-width": 1.4, class: "ball", "data-network": at});
      this.svg.append(this.mark(disc, [NETWORKS[at].title, ...said, ...(row.error_protocol ? [`error: ${row.error_protocol}; ${row.error_source}`] : [])]));
      taken.push({x: cx - r, y: cy - r, w: 2 * r, h: 2 * r, ball: true});
    }
    for (const {row, at} of there) {
      const cx = x(value(row, "x")), cy = y(value(row, "y")), r = radius(row), words = fitted(NETWORKS[at].title, 12, 170), wide = words.length * 6.4;
      const places = [[cx + r + 5, cy + 4], [cx - r - 5 - wide, cy + 4], [cx - wide / 2, cy - r - 6], [cx - wide / 2, cy + r + 14], [cx + r * 0.8, cy - r - 2], [cx + r * 0.8, cy + r + 10]];
      const clash = ([px, py]) => taken.reduce((sum, box) => sum + overlap(box, {x: px, y: py - 10, w: wide, h: 13}) * (box.ball ? 1 : 4), px < left || px + wide > width ? 1e5 : 0);
      const [px, py] = places.reduce((best, place) => clash(place) < clash(best) - 1 ? place : best);
      taken.push({x: px, y: py - 10, w: wide, h: 13});
      const text = draw("text", {x: px.toFixed(1), y: py.toFixed(1), "font-size": 12, fill: palette.ink, class: "ball-name"});
      text.textContent = words;
      this.svg.append(text);
    }
  }
}

function overlap(a, b) {
  return Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) * Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
}

const UNITS = {B: "bytes", s: "seconds", "": "count", px: "count"};

class Bars extends Chart {
  constructor(chart) {
    super(chart.title, chart.subtitle);
    this.chart = chart;
  }

  paint(width, palette) {
    const {series, panels, units} = this.chart, narrow = width < 560, names = narrow ? 0 : 150, row = narrow ? 46 : 34;
    const per = narrow ? width - 10 : (width - names - 20 * panels.length) / panels.length;
    const block = series.length * row + 40, height = narrow ? block * panels.length : block;
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const put = (words, attributes) => { const text = draw("text", {"font-size": 12, fill: palette.ink, ...attributes}); text.textContent = words; this.svg.append(text); return text; };
    panels.forEach((panel, n) => {
      const kind = UNITS[units[n]] || "count", left = narrow ? 4 : names + n * (per + 20), top = narrow ? n * block : 0;
      const most = d3.max(series, one => d3.sum(one.segments, part => part.values[n])) || 1, x = d3.scaleLinear([0, most], [0, per - 76]);
      put(panel, {x: left, y: top + 14, "font-weight": "bold"});
      series.forEach((one, at) => {
        const y = top + 26 + at * row + (narrow ? 14 : 0);
        if (narrow) put(fitted(NETWORKS[one.network].title, 12, per), {x: left, y: y - 3});
        else if (!n) put(fitted(NETWORKS[one.network].title, 12, names - 12), {x: 0, y: y + 16});
        let from = 0;
        const last = d3.max(one.segments, part => part.number);
        for (const part of one.segments) {
          const value = part.values[n], colour = part.number ? palette.stages[1 + (part.number - 1) % (palette.stages.length - 2)] : palette.stages[part === one.segments[0] ? 0 : palette.stages.length - 1];
          if (value) this.svg.append(this.mark(draw("rect", {x: (left + x(from)).toFixed(1), y, width: Math.max(0.6, x(value)).toFixed(1), height: 22, fill: colour, stroke: palette.background, "stroke-width": 0.7, class: "segment", "data-value": value}),
            [`${NETWORKS[one.network].title}: ${part.number ? `stage ${part.number} of ${last}, ` : ""}${part.name}`, `${exact(value)} ${panel}`, `made of ${part.made_of}`]));
          const word = part.name, wide = word.length * 5.6;
          if (x(value) > wide + 8) put(word, {x: left + x(from) + x(value) / 2, y: y + 15, "font-size": 10.5, "text-anchor": "middle", fill: palette.on(colour), class: "quiet-mark"});
          from += value;
        }
        put(shown(from, kind), {x: left + x(from) + 6, y: y + 16, "font-size": 11, fill: palette.muted});
      });
    });
  }
}

class Lines extends Chart {
  constructor(chart) {
    super(chart.title, chart.subtitle);
    this.chart = chart;
    this.hidden = new Set();
  }

  paint(width, palette) {
    const {series, panels, units, reference} = this.chart, narrow = width < 560, columns = narrow ? 1 : panels.length;
    const per = width / columns, block = 290, height = block * (narrow ? panels.length : 1), shownSeries = series.filter(one => !this.hidden.has(one.network));
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.names(palette, series.map(one => one.network), this.hidden, number => { if (this.hidden.has(number)) this.hidden.delete(number); else this.hidden.add(number); this.draw(); });
    panels.forEach((panel, n) => {
      const kind = UNITS[units[n]] || "count", left = (narrow ? 0 : n * per) + 62, top = (narrow ? n * block : 0) + 28, w = per - 62 - 20, h = block - 28 - 46;
      const xs = shownSeries.flatMap(one => [one.xs[0], one.xs[one.xs.length - 1]]), most = d3.max(shownSeries, one => d3.max(one.ys[n])) || 1;
      const x = d3.scaleLinear([Math.min(0, d3.min(xs) || 0), d3.max(xs) || 1], [left, left + w]), y = d3.scaleLinear([0, Math.max(most, reference ? reference[0] : 0) * 1.05], [top + h, top]);
      axes(this.svg, {x, y, left, top, width: w, height: h, xTicks: x.ticks(Math.max(3, w / 90)), yTicks: y.ticks(5), xWords: this.chart.x, yWords: panel, xFormat: axisFormat("number"), yFormat: axisFormat(kind)});
      if (reference) {
        const text = draw("text", {x: left + w, y: y(reference[0]) - 5, "text-anchor": "end", "font-size": 11, fill: palette.muted});
        text.textContent = `${reference[1]}: ${reference[0]}`;
        this.svg.append(draw("line", {x1: left, x2: left + w, y1: y(reference[0]), y2: y(reference[0]), stroke: palette.muted, "stroke-dasharray": "3 3"}), text);
      }
      for (const one of shownSeries) this.line(one, n, x, y, palette);
      this.pointer(shownSeries, n, x, y, kind, {left, top, w, h}, palette);
    });
  }

  line(one, n, x, y, palette) {
    const colour = palette.series[one.network % palette.series.length];
    const d = one.xs.map((at, i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(one.ys[n][i]).toFixed(1)}`).join("");
    this.svg.append(draw("path", {d, class: "curve", stroke: colour, "stroke-dasharray": DASHES[one.network % DASHES.length], "data-network": one.network}));
    if (one.peak !== null) this.svg.append(draw("circle", {cx: x(one.xs[one.peak]), cy: y(one.ys[n][one.peak]), r: 4, fill: colour, class: "peak", "data-value": one.ys[n][one.peak]}));
  }

  // The nearest point of any line answers to the pointer.
  pointer(series, n, x, y, kind, {left, top, w, h}, palette) {
    const dot = draw("circle", {r: 4.5, fill: "none", stroke: palette.ink, "stroke-width": 1.6, visibility: "hidden"});
    const area = draw("rect", {x: left, y: top, width: w, height: h, class: "area"});
    area.addEventListener("pointermove", event => {
      const [px, py] = d3.pointer(event, this.svg), at = x.invert(px);
      let best = null;
      for (const one of series) {
        const i = Math.max(0, Math.min(d3.bisector(v => v).center(one.xs, at), one.xs.length - 1));
        const away = Math.hypot((x(one.xs[i]) - px) / 2, y(one.ys[n][i]) - py);
        if (!best || away < best.away) best = {away, one, i};
      }
      if (!best) return;
      const {one, i} = best;
      dot.setAttribute("cx", x(one.xs[i]));
      dot.setAttribute("cy", y(one.ys[n][i]));
      dot.setAttribute("visibility", "visible");
      tell(event, [NETWORKS[one.network].title, `${exact(one.ys[n][i])} ${UNITS[this.chart.units[n]] === "bytes" ? `bytes (${size(one.ys[n][i])})` : this.chart.units[n] || ""} ${this.chart.panels[n]}`, `${this.chart.x}: ${exact(one.xs[i])}`, one.texts[one.tips[i]]]);
    });
    area.addEventListener("pointerleave", () => { dot.setAttribute("visibility", "hidden"); hush(); });
    this.svg.append(dot, area);
  }
}
