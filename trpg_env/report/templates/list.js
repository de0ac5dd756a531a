// The list of episodes and its filters.
const FILTERS = {
  run: (episode) => [String(episode.run)],
  player: (episode) => [episode.player],
  outcome: (episode) => [episode.outcome],
  error: (episode) => {
    const kinds = [...new Set(episode.turns.map((turn) => turn.kind).filter(Boolean))];
    if (!kinds.length) return ["none"];
    return ["any", ...(episode.turns.some((turn) => turn.kind && !turn.corrected) ? ["uncorrected"] : []), ...kinds];
  },
  family: (episode) => [episode.family],
};

const WORDS = {
  run: (value) => DATA.runs[Number(value)],
  outcome: (value) => OUTCOMES[value]?.[1] ?? value,
  error: (value) => ({ none: "without errors", any: "with errors", uncorrected: "an error never corrected" })[value] ?? KINDS[value]?.[1] ?? value,
};

const ORDER = ["any", "none", "uncorrected", ...Object.keys(KINDS), ...Object.keys(OUTCOMES)];

const fillFilters = () => {
  for (const [name, values] of Object.entries(FILTERS)) {
    const counts = new Map();
    for (const episode of DATA.episodes) for (const value of values(episode)) counts.set(value, (counts.get(value) ?? 0) + 1);
    const select = byId(`by-${name}`);
    select.append(new Option("all", ""));
    const sorted = [...counts.keys()].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b) || (a < b ? -1 : 1));
    if (name === "run") sorted.sort((a, b) => Number(a) - Number(b));
    for (const value of sorted) select.append(new Option(`${(WORDS[name] ?? String)(value)} (${counts.get(value)})`, value));
    select.closest("label").hidden = counts.size < 2 && name !== "error";
  }
};

const texts = new Map();
const textOf = (episode) => {
  let text = texts.get(episode);
  if (text === undefined) {
    const turns = episode.turns.flatMap((turn) => [turn.thought, turn.action, turn.observation, turn.message, turn.dm]);
    const all = [episode.slug, episode.script, episode.goal, episode.seed, episode.opening.observation, episode.error, ...turns];
    text = all.filter((each) => each !== undefined).join("\n").toLowerCase();
    texts.set(episode, text);
  }
  return text;
};

const filtered = () => {
  const wanted = Object.keys(FILTERS).map((name) => [name, byId(`by-${name}`).value]).filter(([, value]) => value);
  const words = byId("by-text").value.trim().toLowerCase();
  return DATA.episodes.filter(
    (episode) =>
      wanted.every(([name, value]) => FILTERS[name](episode).includes(value)) && (!words || textOf(episode).includes(words)),
  );
};

const spark = (episode) => {
  const turns = episode.turns.slice(0, 60);
  const svg = drawn("svg", { viewBox: `0 0 ${Math.max(1, turns.length) * 4} 10`, class: "spark", width: turns.length * 4, height: 10, "aria-hidden": "true" });
  turns.forEach((turn, i) => {
    const tall = turn.kind ? 10 : 3;
    svg.append(drawn("rect", { x: i * 4, y: 10 - tall, width: 3, height: tall, class: turn.kind ? `bar k-${turn.kind}` : "tick-correct" }));
  });
  return svg;
};

const item = (episode) => {
  const errors = episode.turns.filter((turn) => turn.kind).length;
  const anchor = link(
    `episode-${episode.slug}`,
    "item",
    make("span", "first", said("strong", "", episode.script), outcome(episode.outcome)),
    make("span", "second", DATA.runs.length > 1 ? `${DATA.runs[episode.run]} · ` : "", `${plural(episode.played, "turn", "turns")} · ${plural(errors, "error", "errors")}`),
    spark(episode),
  );
  anchor.dataset.slug = episode.slug;
  return make("li", "", anchor);
};

const showList = () => {
  const found = filtered();
  byId("list").replaceChildren(...found.map(item));
  byId("count").textContent = `${found.length.toLocaleString("en")} of ${plural(DATA.episodes.length, "episode", "episodes")}`;
  return found;
};
