// The colours of the theme that is on: as the picture has them, by kind or from nothing to the most.

function luminance(colour) {
  const parts = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

class Palette {
  constructor(theme) {
    Object.assign(this, theme);
    this.inks = new Map();
  }

  // The text colour that is readable on a fill: contrast 4.5 to 1 (WCAG 2.1, 1.4.3).
  on(fill) {
    if (!this.inks.has(fill))
      this.inks.set(fill, [this.ink, this.background, "#000000", "#ffffff"].find(ink => contrast(ink, fill) >= 4.5) || this.ink);
    return this.inks.get(fill);
  }

  shade(share) {
    const at = Math.min(Math.max(share, 0), 1) * (this.ramp.length - 1), low = Math.min(Math.floor(at), this.ramp.length - 2);
    const mixed = [1, 3, 5].map(n => {
      const a = parseInt(this.ramp[low].slice(n, n + 2), 16), b = parseInt(this.ramp[low + 1].slice(n, n + 2), 16);
      return Math.round(a + (b - a) * (at - low)).toString(16).padStart(2, "0");
    });
    return `#${mixed.join("")}`;
  }
}

// -- light or dark ----------------------------------------------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
const look = {
  chosen: "auto", printing: false, watchers: [],
  get name() { return this.printing ? "light" : this.chosen === "auto" ? (dark.matches ? "dark" : "light") : this.chosen; },
  get palette() {
    this.made = this.made || {};
    return this.made[this.name] = this.made[this.name] || new Palette(DATA.themes[this.name]);
  },
  apply() {
    document.documentElement.dataset.theme = this.name;
    for (const watcher of this.watchers) watcher();
  },
};
dark.addEventListener("change", () => look.apply());
addEventListener("beforeprint", () => { look.printing = true; look.apply(); });
addEventListener("afterprint", () => { look.printing = false; look.apply(); });
