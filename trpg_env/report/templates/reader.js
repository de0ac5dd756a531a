// The page's reader: an episode beside the list, by its address.
const DATA = JSON.parse(byId("data").textContent);
const bySlug = new Map(DATA.episodes.map((episode) => [episode.slug, episode]));
const article = byId("episode");
const state = { episode: null, turn: 0, listed: DATA.episodes };

const cards = () => [...article.querySelectorAll(".turn")];

const mark = (number) => {
  if (!state.episode) return;
  state.turn = number;
  for (const cell of article.querySelectorAll(".strip .cell")) cell.classList.toggle("current", Number(cell.dataset.turn) === number);
  for (const card of cards()) card.classList.toggle("current", Number(card.dataset.turn) === number);
  showPlace(article, state.episode, number);
};

const facts = (episode) => {
  const errors = episode.turns.filter((turn) => turn.kind);
  const corrected = errors.filter((turn) => turn.corrected).length;
  const list = make("dl", "facts");
  for (const [name, value] of [
    ["player", episode.player],
    ["DM", episode.dm],
    ["seed", `${episode.seed}, luck ${episode.luck}`],
    ["family", episode.family],
    ["turns", plural(episode.played, "turn", "turns")],
    ["errors", errors.length ? `${errors.length}, ${corrected} corrected` : "none"],
    ["progress", episode.outcome === "untold" ? "–" : percent(episode.progress)],
  ]) list.append(make("div", "", make("dt", "", name), said("dd", "", value)));
  return list;
};

const open = (episode) => {
  state.episode = episode;
  const title = said("h3", "", episode.script);
  title.id = "episode-title";
  article.setAttribute("aria-labelledby", title.id);
  const aside = make("aside", "", strip(episode), mapOf(episode));
  aside.setAttribute("aria-label", "Turns and map");
  const head = make(
    "header",
    "episode-head",
    make("div", "title", title, outcome(episode.outcome), link(`episode-${episode.slug}`, "id", episode.slug)),
    episode.goal ? said("p", "goal", episode.goal) : null,
    facts(episode),
    episode.error ? said("p", "warning", `It broke: ${episode.error}`) : null,
  );
  article.replaceChildren(head, aside, conversation(episode));
  mark(0);
  for (const anchor of document.querySelectorAll("#list .item")) {
    const here = anchor.dataset.slug === episode.slug;
    if (here) anchor.setAttribute("aria-current", "true");
    else anchor.removeAttribute("aria-current");
    if (here) keepInView(anchor);
  }
};

const keepInView = (anchor) => {
  const list = byId("list");
  const top = anchor.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top + anchor.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
};

const goTo = (number, focus) => {
  const card = cards().find((each) => Number(each.dataset.turn) === number);
  if (!card) return;
  mark(number);
  card.scrollIntoView({ block: "center" });
  if (focus) card.focus({ preventScroll: true });
};

const follow = (first) => {
  const match = /^#episode-(.+?)(?:\.(\d+))?$/.exec(location.hash);
  const slug = match && match[1];
  if (!match) return;
  const episode = bySlug.get(slug);
  if (!episode) {
    byId("count").textContent = "This episode is not in the page.";
    if (first) byId("episodes").scrollIntoView();
    return;
  }
  const other = state.episode !== episode;
  if (other) open(episode);
  if (match[2] !== undefined) goTo(Number(match[2]), true);
  else {
    article.scrollIntoView({ block: "start" });
    article.focus({ preventScroll: true });
  }
};

const refresh = () => {
  state.listed = showList();
  if (state.episode) {
    const anchor = document.querySelector(`#list .item[data-slug="${state.episode.slug}"]`);
    if (anchor) anchor.setAttribute("aria-current", "true");
  }
};

const step = (by) => {
  const i = state.listed.indexOf(state.episode);
  const next = state.listed[i < 0 ? 0 : i + by];
  if (next) location.hash = `episode-${next.slug}`;
};

const nextError = () => {
  const { turns } = state.episode;
  const i = turns.findIndex((turn, at) => turn.kind && at + 1 > state.turn);
  goTo((i < 0 ? turns.findIndex((turn) => turn.kind) : i) + 1, true);
};

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => goTo(Math.min(state.turn + 1, state.episode.turns.length), true),
  p: () => goTo(Math.max(state.turn - 1, 0), true),
  e: nextError,
  "/": () => byId("by-text").focus(),
};

if (DATA.episodes.length) {
  byId("reader").hidden = false;
  fillFilters();
  refresh();
  open(DATA.episodes[0]);
  const form = byId("filters");
  form.addEventListener("input", refresh);
  form.addEventListener("reset", () => setTimeout(refresh));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  article.addEventListener("focusin", (event) => {
    const card = event.target.closest(".turn");
    if (card) mark(Number(card.dataset.turn));
  });
  article.addEventListener("pointermove", (event) => {
    const card = event.target.closest(".turn");
    const moved = event.movementX || event.movementY; // what scrolls away under a mouse at rest is not pointed at
    if (card && moved && event.pointerType === "mouse") mark(Number(card.dataset.turn));
  });
  addEventListener("hashchange", () => follow(false));
  follow(true);
}
