// The card of a network: what it is, where it was published, what was claimed of it and whether that holds.

const SIGNS = {holds: "✓", "holds under this convention": "✓", differs: "≠", reported: "·", FAILS: "✗"};

function card(network) {
  const element = make("div", {class: "card"});
  const lines = (network.circumstances || []).filter(line => !network.card || line !== network.card.variant).map(line => make("p", {class: "quiet"}, shortened(line, 400)));
  if (network.error) element.append(make("p", {class: "alarm", role: "note"}, `${shortened(network.error, 600)}${network.hint ? ` Hint: ${shortened(network.hint, 300)}` : ""}`));
  if (network.failure) element.append(make("p", {class: "alarm", role: "note"}, `The forward stopped in ${shortened(network.failure, 600)}. What is shown is what ran before.`));
  for (const warning of network.warnings || []) if (!network.failure || !warning.startsWith("Incomplete")) element.append(make("p", {class: "alarm"}, shortened(warning, 800)));
  const known = network.card;
  if (known) {
    const {paper} = known;
    element.append(make("p", {}, `${known.variant}. ${known.differs}${known.differs && !known.differs.endsWith(".") ? "." : ""}`),
      make("p", {class: "quiet"}, `${paper.authors}, “${paper.title}”, ${paper.venue}, ${paper.year}. `, make("a", {href: paper.url, rel: "noreferrer"}, paper.url)));
  }
  element.append(...lines);
  if (known && known.claims.length) {
    const tally = d3.rollups(known.claims, of => of.length, claim => claim.verdict).map(([verdict, count]) => `${count} ${verdict}`).join(", ");
    const cell = value => typeof value === "number" ? exact(value) : value === null ? "" : Array.isArray(value) ? value.join("x") : visible(value);
    const rows = known.claims.map(claim => make("tr", {"data-verdict": claim.verdict}, make("th", {scope: "row"}, visible(claim.claim)),
      make("td", {class: "number"}, `${claim.relation ? `${claim.relation} ` : ""}${cell(claim.claimed)}`), make("td", {class: "number"}, cell(claim.computed)),
      make("td", {}, `${SIGNS[claim.verdict] || ""} ${claim.verdict}`), make("td", {class: "text"}, [claim.source, claim.because].filter(Boolean).map(visible).join(". "))));
    element.append(make("details", {class: "claims"}, make("summary", {}, `${known.claims.length} published figures, recomputed: ${tally}`),
      make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": `Published figures of ${known.title}`}, make("table", {}, make("thead", {}, make("tr", {}, ...["figure", "published", "computed", "verdict", "source"].map((words, at) => make("th", {scope: "col", class: at === 1 || at === 2 ? "number" : ""}, words)))), make("tbody", {}, ...rows)))));
  }
  return element;
}
