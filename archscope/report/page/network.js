// One network: the columns of the page's data with what can be asked of them.

const COSTS = ["params", "macs", "activations", "uncounted"];

class Network {
  constructor(data, number) {
    Object.assign(this, data);
    this.number = number;
    if (!data.insides.length) return;
    const count = data.pieces.count.length;
    this.offsets = new Int32Array(count + 1);
    for (let at = 0; at < count; at += 1) this.offsets[at + 1] = this.offsets[at] + data.pieces.count[at];
    this.pieceOf = new Int32Array(data.nodes.op.length).fill(-1);
    for (let at = 0; at < count; at += 1)
      for (let n = this.offsets[at]; n < this.offsets[at + 1]; n += 1) this.pieceOf[data.pieces.nodes[n]] = at;
    this.until = {}; // sums over the pieces before each
    for (const cost of COSTS) {
      const sums = this.until[cost] = new Float64Array(count + 1);
      for (let at = 0; at < count; at += 1) sums[at + 1] = sums[at] + data.pieces[cost][at];
    }
    this.maker = new Int32Array(data.tensors.shape.length).fill(-1);
    data.nodes.outputs.forEach((made, node) => { for (const t of made) this.maker[t] = node; });
    this.size = new Int32Array(data.calls.parent.length); // operators in each module run
    for (const at of data.nodes.call) this.size[at] += 1;
    for (let at = this.size.length - 1; at > 0; at -= 1) this.size[data.calls.parent[at]] += this.size[at];
    this.paths = [];
    this.root = {id: "", inside: 0, start: 0, stop: count, parent: null, depth: -1, open: true, label: data.title, kind: "block", call: 0};
  }

  text(number) { return this.texts[number]; }

  path(call) {
    if (this.paths[call] === undefined) {
      const chain = [];
      let at = call;
      while (at >= 0 && this.paths[at] === undefined) { chain.push(at); at = this.calls.parent[at]; }
      while (chain.length) {
        at = chain.pop();
        const step = this.text(this.calls.step[at]), above = at ? this.paths[this.calls.parent[at]] : "";
        this.paths[at] = above && step && !this.calls.whole[at] ? `${above}.${step}` : step || above;
      }
    }
    return this.paths[call];
  }

  get readers() { // of each tensor
    if (!this._readers) {
      this._readers = Array.from({length: this.maker.length}, () => []);
      this.nodes.inputs.forEach((read, node) => { for (const t of read) this._readers[t].push(node); });
    }
    return this._readers;
  }

  // The operators of pieces start to stop.
  run(start, stop) { return this.pieces.nodes.slice(this.offsets[start], this.offsets[stop]); }

  // The boxes inside a group or piece.
  children(item) {
    if (item.children) return item.children;
    const inside = this.insides[item.inside], grouped = inside.opens !== undefined;
    item.children = inside.labels.map((label, at) => {
      const child = {
        id: item.id === "" ? String(at) : `${item.id}.${at}`, at, parent: item, depth: item.depth + 1, open: false, label,
        kind: inside.kinds[at], form: inside.forms[at], out: inside.outs[at], count: inside.counts[at], equal: inside.equal[at],
        inside: grouped ? inside.opens[at] : -1, node: -1,
      };
      if (grouped) {
        child.start = item.start + inside.at[at][0];
        child.stop = item.start + inside.at[at][1];
        child.call = this.nodes.call[this.pieces.main[child.start]];
        for (let up = inside.up[at]; up > 0; up -= 1) child.call = this.calls.parent[child.call];
      } else {
        child.start = item.start;
        child.stop = item.stop;
        child.node = this.pieces.nodes[this.offsets[item.start] + inside.members[at]];
        child.call = this.nodes.call[child.node];
      }
      return child;
    });
    return item.children;
  }

  item(id) {
    let at = this.root;
    if (id === "") return at;
    for (const step of id.split(".")) {
      if (at.inside < 0) return null;
      at = this.children(at)[Number(step)];
      if (!at) return null;
    }
    return at;
  }

  nodesOf(item) { return item.node >= 0 ? [item.node] : this.run(item.start, item.stop); }

  cost(item, name) {
    return item.node >= 0 ? this.nodes[name][item.node] : this.until[name][item.stop] - this.until[name][item.start];
  }

  // The modules that a box stands for.
  modules(item) {
    if (item.count < 2 || item.inside < 0) return [item.call];
    const inside = this.insides[item.inside];
    if (inside.opens === undefined) return [item.call];
    return this.children(item).flatMap(child => child.count > 1 ? this.modules(child) : [child.call]);
  }

  // Measured seconds: of the outermost modules that ran nothing outside the box; null where these are not all of it.
  seconds(item) {
    if (!this.times) return null;
    if (item.time !== undefined) return item.time;
    const {parent} = this.calls, {call, bytes} = this.nodes, nodes = this.nodesOf(item), here = new Map(), whole = new Set();
    for (const node of nodes) for (let at = call[node]; at >= 0; at = parent[at]) here.set(at, (here.get(at) || 0) + 1);
    item.time = null;
    for (const node of nodes) {
      let best = -1;
      for (let at = call[node]; at >= 0 && here.get(at) === this.size[at]; at = parent[at]) best = at;
      if (best < 0 && bytes[node]) return null;
      if (best >= 0) whole.add(best);
    }
    const found = [...whole].map(at => this.times[at]);
    item.time = found.length && found.every(time => time !== null) ? found.reduce((a, b) => a + b, 0) : null;
    return item.time;
  }

  value(item, by) { return by === "latency" ? this.seconds(item) : this.cost(item, by); }

  alive(item) { return this.nodesOf(item).reduce((most, node) => Math.max(most, this.nodes.alive[node]), 0); }
  moved(item) { return this.nodesOf(item).reduce((sum, node) => sum + this.nodes.bytes[node], 0); }

  // The last tensor that leaves a box, and the tensors that it reads from outside.
  output(item) {
    const nodes = this.nodesOf(item);
    for (let at = nodes.length - 1; at >= 0; at -= 1) if (this.nodes.outputs[nodes[at]].length) return this.nodes.outputs[nodes[at]][0];
    return -1;
  }
  reads(item) {
    const nodes = this.nodesOf(item), made = new Set(nodes.flatMap(node => this.nodes.outputs[node]));
    return [...new Set(nodes.flatMap(node => this.nodes.inputs[node]))].filter(t => !made.has(t));
  }
  shape(tensor) { return this.text(this.tensors.shape[tensor]); }
  field(tensor) { return tensor < 0 ? "" : this.text(this.tensors.field[tensor]); }

  // What is known of a box: [name, words, plain value].
  facts(item) {
    const nodes = this.nodesOf(item), out = this.output(item), rows = [];
    const modules = this.modules(item), more = modules.length > 3 ? ` and ${modules.length - 3} more` : "";
    rows.push(["module", modules.slice(0, 3).map(call => shortened(this.path(call) || "(the network)", 160)).join(", ") + more]);
    const type = this.text(this.calls.type[item.call]);
    if (item.node < 0 && item.stop - item.start > 1 && item.count === 1) rows.push(["class", type]);
    if (item.node >= 0) {
      rows.push(["operator", this.text(this.nodes.op[item.node])]);
      const attributes = this.text(this.nodes.attrs[item.node]), free = this.text(this.nodes.free[item.node]);
      if (attributes) rows.push(["attributes", attributes]);
      if (free) rows.push(["free", free]);
    }
    const reads = this.reads(item);
    if (reads.length) rows.push(["reads", reads.slice(0, 4).map(t => this.shape(t)).join(", ") + (reads.length > 4 ? ` and ${reads.length - 4} more` : "")]);
    if (out >= 0) rows.push(["output", this.shape(out)]);
    const lacks = this.cost(item, "uncounted");
    rows.push(["parameters", exact(this.cost(item, "params")), "params"], ["MACs", (lacks ? "≥ " : "") + exact(this.cost(item, "macs")), "macs"]);
    if (lacks) rows.push(["not counted", `${lacks} operator${lacks > 1 ? "s" : ""} without a cost formula`]);
    rows.push(["activations", exact(this.cost(item, "activations")), "activations"]);
    rows.push(["memory", `${size(this.alive(item))} of activations alive at most, ${size(this.moved(item))} moved`]);
    const field = this.field(out), time = this.seconds(item);
    if (field) rows.push(["receptive field", `${field} px`]);
    if (time !== null) rows.push(["time", seconds(time)]);
    if (nodes.length > 1) rows.push(["operators", exact(nodes.length)]);
    return rows;
  }

  // Everything that these operators read, directly or not (`back`), or that reads them.
  reach(nodes, back = true) {
    const seen = new Set(nodes), left = [...nodes];
    while (left.length) {
      const node = left.pop();
      const next = back ? this.nodes.inputs[node].map(t => this.maker[t]) : this.nodes.outputs[node].flatMap(t => this.readers[t]);
      for (const other of next) if (other >= 0 && !seen.has(other)) { seen.add(other); left.push(other); }
    }
    return seen;
  }
}

// A set of operators, asked by boxes: whether one of its operators is in it, and how many.
class Marks {
  constructor(network, nodes) {
    this.nodes = nodes;
    this.until = new Int32Array(network.pieces.count.length + 1);
    for (const node of nodes) if (network.pieceOf[node] >= 0) this.until[network.pieceOf[node] + 1] += 1;
    for (let at = 1; at < this.until.length; at += 1) this.until[at] += this.until[at - 1];
  }
  of(item) { return item.node >= 0 ? Number(this.nodes.has(item.node)) : this.until[item.stop] - this.until[item.start]; }
}
