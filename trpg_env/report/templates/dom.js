// Elements are made one by one, and texts are only ever set as texts: nothing of the data is read as markup.
const SVG = "http://www.w3.org/2000/svg";

const make = (name, kind, ...children) => {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

const drawn = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
};

// A text of anybody's: its direction is its own, and ends with it.
const said = (name, kind, text) => {
  const element = make(name, kind, text);
  element.dir = "auto";
  return element;
};

const link = (address, kind, ...children) => {
  const element = make("a", kind, ...children);
  element.href = `#${address}`;
  return element;
};

const byId = (id) => document.getElementById(id);

const percent = (share) => `${(100 * (share ?? 0)).toFixed(share > 0 && share < 1 ? 1 : 0)}%`;

const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

const KINDS = {
  parameter: ["Pa", "parameter error"],
  place: ["Pl", "place error"],
  logic: ["Lo", "logic error"],
  format: ["Fo", "unreadable reply"],
};

const OUTCOMES = {
  completed: ["✓", "goal reached"],
  failed: ["✕", "failed"],
  truncated: ["…", "out of turns"],
  untold: ["–", "ending not told"],
  error: ["!", "broke"],
};

const badge = (kind, unjudged) =>
  kind
    ? make("span", `badge k-${kind in KINDS ? kind : "format"}`, make("b", "", KINDS[kind]?.[0] ?? "?"), ` ${KINDS[kind]?.[1] ?? kind}`)
    : unjudged
      ? make("span", "badge plain", "no error told")
      : make("span", "badge correct", make("b", "", "✓"), " correct");

const outcome = (name) => {
  const [sign, words] = OUTCOMES[name] ?? ["?", name];
  return make("span", `outcome o-${name in OUTCOMES ? name : "error"}`, make("b", "", sign), ` ${words}`);
};
