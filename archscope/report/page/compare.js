// The comparison: a row for each network, the columns and the baseline that the reader chooses, sorted by any of them.

class Comparison {
  constructor({onchange, onopen}) {
    Object.assign(this, {onchange, onopen});
    this.columns = DATA.columns.filter(column => column.shown).map(column => column.key);
    this.sort = "";
    this.baseline = DATA.baseline;
    this.table = make("table", {class: "comparison"});
    this.base = make("select", {id: "baseline", onchange: () => { this.baseline = Number(this.base.value); this.fill(); onchange(); }},
      ...DATA.rows.map((row, at) => make("option", {value: at}, shortened(row.model, 60))));
    this.boxes = new Map();
    const choice = make("div", {class: "choice"}, ...DATA.columns.map(column => {
      const box = make("input", {type: "checkbox", onchange: () => this.choose(column.key, box.checked)});
      this.boxes.set(column.key, box);
      return make("label", {title: column.says}, box, ` ${column.title}`);
    }));
    this.element = make("div", {},
      make("div", {class: "tools"}, make("label", {for: "baseline"}, "Ratios to "), this.base,
        make("details", {class: "columns"}, make("summary", {}, "Columns"), choice),
        make("a", {class: "button", download: "compare.csv", href: "#", onclick: event => this.download(event)}, "Save as CSV")),
      make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": "Comparison table"}, this.table));
    this.fill();
  }

  choose(key, on) {
    this.columns = DATA.columns.map(column => column.key).filter(one => one === key ? on : this.columns.includes(one));
    this.fill();
    this.onchange();
  }

  order() {
    const key = this.sort.replace(/^-/, ""), places = DATA.rows.map((_, at) => at);
    if (!key) return places;
    const value = at => DATA.rows[at][key], there = at => ["number", "string", "boolean"].includes(typeof value(at));
    const known = places.filter(there).sort((a, b) => (key === "model" ? d3.ascending(value(a), value(b)) : d3.ascending(value(a), value(b))) * (this.sort.startsWith("-") ? -1 : 1));
    return [...known, ...places.filter(at => !there(at))];
  }

  sortBy(key) {
    const numeric = key !== "model" && DATA.rows.some(row => typeof row[key] === "number");
    const [first, second] = numeric ? [`-${key}`, key] : [key, `-${key}`];
    this.sort = this.sort === first ? second : this.sort === second ? "" : first;
    this.fill();
    this.onchange();
  }

  fill() {
    this.base.value = this.baseline;
    for (const [key, box] of this.boxes) box.checked = this.columns.includes(key);
    const columns = [{key: "model", title: "network", kind: "text", says: ""}, ...DATA.columns.filter(column => this.columns.includes(column.key))];
    const head = columns.map(column => {
      const way = this.sort === column.key ? "ascending" : this.sort === `-${column.key}` ? "descending" : null;
      return make("th", {scope: "col", "aria-sort": way, class: numeric(column) ? "number" : "", "data-key": column.key},
        make("button", {type: "button", class: "sorter", title: column.says || null, onclick: () => this.sortBy(column.key)}, column.title, make("span", {"aria-hidden": "true"}, way === "ascending" ? " ▲" : way === "descending" ? " ▼" : "")));
    });
    this.table.replaceChildren(make("caption", {class: "unseen"}, "The networks side by side"), make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...this.order().map(at => this.row(at, columns))));
  }

  row(at, columns) {
    const row = DATA.rows[at], base = DATA.rows[this.baseline];
    return make("tr", {"data-network": at, class: at === this.baseline ? "baseline" : ""}, ...columns.map(column => {
      const value = row[column.key];
      if (column.key === "model") {
        const network = NETWORKS[at], open = network.insides.length ? make("button", {type: "button", class: "link", onclick: () => this.onopen(at)}, shortened(network.title, 60)) : shortened(network.title, 60);
        return make("th", {scope: "row"}, open, make("div", {class: "quiet"}, network.error ? shortened(network.error, 120) : shortened(row.model, 60)));
      }
      const [bound, why] = row.signs[column.key] ?? ["", ""];
      const known = typeof value === "number", reason = value && typeof value === "object" && !Array.isArray(value) ? value.unknown : null;
      const ratio = known && ["count", "bytes", "seconds", "number"].includes(column.kind) && typeof base[column.key] === "number" && base[column.key] ? value / base[column.key] : null;
      return make("td", {class: numeric(column) ? "number" : "text", "data-key": column.key, "data-value": known ? value : null, title: bound ? `${exact(value)}; ${shortened(why, 300)}` : known ? exact(value) : reason ? shortened(reason, 300) : null},
        make("span", {}, bound + (known || reason === null ? shortened(shown(value, column.kind), 160) : value.sign ? "unknown" : "–")),
        ratio === null || DATA.rows.length < 2 ? null : make("div", {class: "ratio", "data-ratio": ratio}, at === this.baseline ? "1 ×" : `${fixed(ratio, ratio < 0.1 ? 3 : 2)} ×`));
    }));
  }

  download(event) {
    const columns = ["model", ...this.columns], quote = value => {
      const text = value === null || value === undefined ? "" : typeof value === "object" ? (Array.isArray(value) ? value.join("x") : "") : typeof value === "string" ? visible(value).replace(/^(?=[=+@-])/, "'") : String(value);
      return /[",\n\r]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text;
    };
    const lines = [columns, ...this.order().map(at => columns.map(key => DATA.rows[at][key]))].map(cells => cells.map(quote).join(","));
    event.currentTarget.href = `data:text/csv;charset=utf-8,${encodeURIComponent(`${lines.join("\n")}\n`)}`;
  }
}

const numeric = column => !["text", "path", "shape"].includes(column.kind);
