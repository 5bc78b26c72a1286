// Numbers and texts as the commands write them: 12253974624 -> "12.25 G". Files carry the plain number; so do data-value attributes.

const COUNTS = [["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["K", 1e3]];
const BYTES = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]];
const TIMES = [["s", 1], ["ms", 1e-3], ["us", 1e-6], ["ns", 1e-9]];

// Decimals as Python rounds them: halves to the even digit.
function fixed(value, digits) {
  const scaled = Math.abs(value) * 10 ** digits, low = Math.floor(scaled);
  if (scaled - low !== 0.5 || Number((low + 0.5) / 10 ** digits) !== Math.abs(value)) return value.toFixed(digits);
  return (Math.sign(value) * (low + low % 2) / 10 ** digits).toFixed(digits);
}

const exact = value => Number.isSafeInteger(value) ? value.toLocaleString("en-US") : Number.isInteger(value) ? scaled(value, COUNTS, 3) : String(value);

function scaled(value, units, digits) {
  for (let at = 0; at < units.length; at += 1) {
    let [unit, size] = units[at];
    if (Math.abs(value) < size) continue;
    let text = fixed(value / size, digits);
    if (at && Math.abs(Number(text)) * size >= units[at - 1][1]) { // 999,999 is 1.00 M, not 1000.00 K
      [unit, size] = units[at - 1];
      text = fixed(value / size, digits);
    }
    return `${text} ${unit}`;
  }
  return value.toLocaleString("en-US", {maximumFractionDigits: 3});
}

function seconds(value) {
  if (value === 0) return "0 s";
  const rounded = Math.abs(Number(value.toExponential(2)));
  const [unit, scale] = TIMES.find(([, s]) => rounded >= s) || TIMES[3];
  const decimals = Math.max(0, 3 - String(Math.trunc(Number((rounded / scale).toFixed(6)))).length);
  return `${fixed(value / scale, decimals)} ${unit}`;
}

function size(value) {
  const text = scaled(value, BYTES, 1);
  return text.endsWith("B") ? text : `${text} B`;
}

// A value as a reader wants it; `kind` is that of its column.
function shown(value, kind) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "object" && !Array.isArray(value)) return "unknown";
  if (Array.isArray(value)) return value.join("x");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return visible(value);
  if (kind === "count") return scaled(value, COUNTS, 2);
  if (kind === "bytes") return size(value);
  if (kind === "seconds") return seconds(value);
  if (kind === "percent" || kind === "year") return String(value);
  if (kind === "share") return `${fixed(100 * value, 1)}%`;
  return Number.isInteger(value) ? exact(value) : String(Number(value.toPrecision(4)));
}

// Signs that cannot be seen, or that turn the direction of the text around them, by their numbers.
function visible(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/g,
    (sign, at, whole) => {
      const code = sign.charCodeAt(0), next = whole.charCodeAt(at + 1), before = whole.charCodeAt(at - 1);
      if (code >= 0xd800 && code < 0xdc00 && next >= 0xdc00 && next < 0xe000) return sign;
      if (code >= 0xdc00 && code < 0xe000 && before >= 0xd800 && before < 0xdc00) return sign;
      return `\\u${code.toString(16).padStart(4, "0")}`;
    });
}

function shortened(text, most = 300) {
  const seen = visible(text);
  return seen.length <= most ? seen : `${seen.slice(0, most)}… (${exact(seen.length)} characters)`;
}

// -- elements -------------------------------------------------------------------------------------------------------------------

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const find = (selector, inside = document) => inside.querySelector(selector);

// The width of a text in the font of the pictures, and its beginning where there is no room for more.
const pen = document.createElement("canvas").getContext("2d");
const FONT = "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif";
function fitted(text, points, room, bold = false) {
  const words = visible(text);
  if (words.length * points * 0.3 < room && words.length < 12) return words;
  pen.font = `${bold ? "bold " : ""}${points}px ${FONT}`;
  if (words.length < 400 && pen.measureText(words).width <= room) return words;
  let low = 0, high = Math.min(words.length, 400);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(`${words.slice(0, middle)}…`).width <= room) low = middle; else high = middle - 1;
  }
  return `${words.slice(0, low).trimEnd()}…`;
}

// A text on as many lines at most, broken at spaces.
function broken(text, points, room, most) {
  const found = [], wide = words => { pen.font = `${points}px ${FONT}`; return pen.measureText(words).width; };
  for (const word of most > 1 ? visible(text).split(" ") : [visible(text)]) {
    const last = found.length - 1;
    if (last >= 0 && (found.length === most || wide(`${found[last]} ${word}`) <= room)) found[last] += ` ${word}`; else found.push(word);
  }
  return found.map(words => fitted(words, points, room));
}

// -- the words beside the pointer -----------------------------------------------------------------------------------------------

const tip = make("div", {class: "tip", role: "status", hidden: true});
function tell(event, lines) {
  tip.replaceChildren(...lines.map((line, at) => make("div", {class: at ? "" : "first"}, shortened(line, 400))));
  tip.hidden = false;
  const x = event.clientX + 14, y = event.clientY + 14;
  tip.style.left = `${Math.max(4, Math.min(x, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${y + tip.offsetHeight > innerHeight - 8 ? Math.max(4, event.clientY - tip.offsetHeight - 10) : y}px`;
}
const hush = () => { tip.hidden = true; };
