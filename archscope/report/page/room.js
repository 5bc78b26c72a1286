// Where every visible box is. Each inside has its layout with all boxes closed; an opened box gets its room by stretching the
// plane where it lies, along and across, so that nothing changes its order and nothing comes to lie on anything else.

const HEAD = 22, PAD = 10, LINE = 12.5; // LINE: from one line of a label to the next

// A growing piecewise linear map that makes each [from, to] at least as long as it needs.
function stretched(needs) {
  if (!needs.length) return value => value;
  const cuts = [...new Set(needs.flatMap(need => [need.from, need.to]))].sort((a, b) => a - b);
  const begins = [], slopes = [];
  let at = cuts[0];
  cuts.forEach((cut, n) => {
    begins.push(at);
    const next = cuts[n + 1];
    if (next === undefined) { slopes.push(1); return; }
    const over = needs.filter(need => need.from <= cut && need.to >= next);
    slopes.push(Math.max(1, ...over.map(need => need.length / (need.to - need.from))));
    at += slopes[n] * (next - cut);
  });
  return value => {
    if (value <= cuts[0]) return value;
    let n = 0;
    while (n + 1 < cuts.length && cuts[n + 1] <= value) n += 1;
    return begins[n] + slopes[n] * (value - cuts[n]);
  };
}

// The size of what is inside an opened box, and the places of its boxes there; remembered until something in it opens or closes.
function room(network, item) {
  if (item.room) return item.room;
  const inside = network.insides[item.inside], children = network.children(item);
  const opened = children.filter(child => child.open).map(child => {
    const inner = room(network, child), [x, y, w, h] = inside.boxes[child.at + 1];
    const title = Math.min(fitted(child.label, 11, 200, true).length * 6.6 + 34, 230);
    return {x, y, w, h, width: Math.max(inner.width + 2 * PAD, title), height: inner.height + HEAD + PAD};
  });
  const across = stretched(opened.map(o => ({from: o.x, to: o.x + o.w, length: o.width})));
  const along = stretched(opened.map(o => ({from: o.y, to: o.y + o.h, length: o.height})));
  let number = 0;
  const boxes = inside.boxes.map(([x, y, w, h], at) => {
    const child = at && at <= children.length ? children[at - 1] : null;
    const cx = across(x + w / 2), cy = along(y + h / 2);
    if (child && child.open) {
      const o = opened[number++];
      return {x: cx - o.width / 2, y: cy - o.height / 2, w: o.width, h: o.height};
    }
    if (child && child.form === 1) return {x: across(x), y: cy - h / 2, w: across(x + w) - across(x), h};
    return {x: cx - w / 2, y: cy - h / 2, w, h};
  });
  const [w, h] = inside.size;
  item.room = {boxes, across, along, width: across(w), height: along(h)};
  return item.room;
}

// The points of an arrow, its ends on the boxes that it joins.
function way(inside, boxes, places, number) {
  const [a, b] = inside.edges[number], flat = inside.lines[number], points = [];
  for (let at = 0; at < flat.length; at += 2) points.push([places.across(flat[at]), places.along(flat[at + 1])]);
  const from = boxes[a], to = boxes[b], end = points.length - 1;
  const [, y0, , h0] = inside.boxes[b], tipY = flat[flat.length - 1];
  const attach = (at, beside, number, place) => { // a bar grows with the plane, any other box keeps its form
    const [x0, , w0] = inside.boxes[number], before = points[at][0];
    if (inside.forms[number - 1] !== 1) points[at] = [place.x + (flat[at * 2] - x0) / (w0 || 1) * place.w, points[at][1]];
    if (inside.curves && end > 2) points[beside] = [points[beside][0] + points[at][0] - before, points[beside][1]];
  };
  attach(0, 1, a, from);
  attach(end, end - 1, b, to);
  points[0] = [points[0][0], from.y + from.h];
  if (tipY > y0 + 1 && tipY < y0 + h0 - 1) { // into the side of a box
    const right = flat[flat.length - 2] > inside.boxes[b][0] + inside.boxes[b][2] / 2;
    points[end] = [right ? to.x + to.w : to.x, points[end][1]];
  } else points[end] = [points[end][0], to.y];
  return points;
}

// Everything that is seen of a network, from the root: frames of opened boxes, boxes, arrows and the shapes at the ends.
function seen(network) {
  const items = [], edges = [], notes = [];
  const enter = (item, left, top) => {
    const inside = network.insides[item.inside], places = room(network, item), children = network.children(item);
    const boxes = places.boxes.map(box => ({x: box.x + left, y: box.y + top, w: box.w, h: box.h}));
    const shifted = {across: x => places.across(x) + left, along: y => places.along(y) + top};
    const moved = {...inside, boxes: inside.boxes};
    inside.edges.forEach(([a, b], number) => {
      const points = way(moved, boxes, shifted, number);
      edges.push({
        id: `${item.id}:${number}`, parent: item, from: a ? children[a - 1] : null, to: b <= children.length ? children[b - 1] : null,
        points, curve: inside.curves && points.length > 3, scale: inside.scales[number], shape: a ? inside.outs[a - 1] : inside.shapes[0],
      });
    });
    for (const [at, words] of [[0, inside.shapes[0]], [boxes.length - 1, inside.shapes[1]]])
      if (words) notes.push({id: `${item.id}:${at ? "out" : "in"}`, words, ...boxes[at]});
    children.forEach(child => {
      const box = boxes[child.at + 1];
      items.push({item: child, ...box});
      if (child.open) {
        const inner = room(network, child);
        enter(child, box.x + (box.w - inner.width) / 2, box.y + HEAD);
      }
    });
  };
  enter(network.root, 0, 0);
  const whole = room(network, network.root);
  return {items, edges, notes, width: whole.width, height: whole.height};
}

function forget(item) { for (let at = item; at; at = at.parent) at.room = null; }
