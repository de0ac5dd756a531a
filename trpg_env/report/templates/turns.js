// One episode, turn by turn.
const turnAddress = (episode, turn) => `episode-${episode.slug}.${turn}`;

const part = (label, kind, text, plain = "p") => {
  if (!text) return null;
  return make("div", `part ${kind}`, make("span", "who", label), said(plain, "said", text));
};

const folded = (label, text) => {
  if (!text) return null;
  return make("details", "raw", make("summary", "", label), said("pre", "said", text));
};

const turnCard = (episode, turn, number, before) => {
  const card = make("section", `turn${turn.kind ? ` erroneous k-${turn.kind}` : ""}${turn.corrects ? " correcting" : ""}`);
  card.dataset.turn = number;
  card.tabIndex = -1;
  card.setAttribute("aria-label", `Turn ${number}`);
  const gained = (turn.progress ?? 0) - before;
  const head = make(
    "header",
    "",
    link(turnAddress(episode, number), "number", `${number}`),
    badge(turn.kind, episode.unjudged),
    gained > 0 ? make("span", "gain", `▲ progress +${(100 * gained).toFixed(0)}% → ${percent(turn.progress)}`) : null,
  );
  const name = placeName(episode, turn.place);
  if (name) head.append(said("span", "at", `at ${name}`));
  card.append(head);
  for (const element of [
    part("thought", "thought", turn.thought),
    folded("hidden reasoning", turn.reasoning),
    part("action", "action", turn.action || "(no action)", "code"),
    folded("raw reply", turn.reply),
    part("DM’s thought", "dm", turn.dm),
    part("answer", "observation", turn.observation),
    part("what was wrong", "message", turn.message),
  ]) if (element) card.append(element);
  if (turn.kind) {
    card.append(
      turn.corrected
        ? make("p", "link", "↳ corrected by ", link(turnAddress(episode, turn.corrected), "", `turn ${turn.corrected}`))
        : make("p", "link never", "↳ no correct turn followed"),
    );
  }
  if (turn.corrects) {
    const links = turn.corrects.flatMap((error, i) => [i ? ", " : "", link(turnAddress(episode, error), "", `turn ${error}`)]);
    card.append(make("p", "link", "↰ corrects ", ...links));
  }
  return card;
};

// Errors in a row stand in one block with the turn that corrects them.
const conversation = (episode) => {
  const found = make("div", "turns");
  const opening = make("section", "turn opening", make("header", "", make("span", "number", "0"), make("span", "badge plain", "opening scene")));
  opening.dataset.turn = 0;
  opening.tabIndex = -1;
  const start = placeName(episode, episode.opening.place);
  if (start) opening.firstChild.append(said("span", "at", `at ${start}`));
  for (const element of [
    folded("what the player was told before", DATA.instructions[episode.instruction]),
    part("scene", "observation", episode.opening.observation),
  ]) if (element) opening.append(element);
  found.append(opening);
  let block = null;
  let before = 0;
  episode.turns.forEach((turn, i) => {
    const card = turnCard(episode, turn, i + 1, before);
    before = turn.progress ?? 0;
    if (turn.kind && !block) {
      block = make("div", turn.corrected ? "refinement" : "refinement open");
      block.setAttribute("role", "group");
      block.setAttribute("aria-label", turn.corrected ? `Errors, corrected by turn ${turn.corrected}` : "Errors that nothing corrected");
      found.append(block);
    }
    (block ?? found).append(card);
    if (!turn.kind) block = null;
  });
  if (episode.played > episode.turns.length) found.append(make("p", "note", `${plural(episode.played - episode.turns.length, "more turn is", "more turns are")} in the file.`));
  return found;
};

// A mark for each turn: errors are taller and have their letters; under them the progress.
const strip = (episode) => {
  const found = make("ol", "strip");
  found.setAttribute("aria-label", "Turns");
  episode.turns.forEach((turn, i) => {
    const cell = link(turnAddress(episode, i + 1), turn.kind ? `cell k-${turn.kind}` : "cell", turn.kind ? KINDS[turn.kind][0] : "·");
    cell.title = `turn ${i + 1}: ${turn.kind ? KINDS[turn.kind][1] : episode.unjudged ? "no error told" : "correct"}, progress ${percent(turn.progress)}`;
    cell.setAttribute("aria-label", cell.title);
    cell.dataset.turn = i + 1;
    const bar = make("i", "bar");
    bar.style.height = `${Math.round(16 * Math.min(1, Math.max(0, turn.progress ?? 0)))}px`;
    found.append(make("li", "", cell, make("span", "level", bar)));
  });
  return found;
};

const placeName = (episode, place) => {
  if (place === undefined || episode.map === undefined) return "";
  const node = byId(`map-${episode.map}`)?.content.querySelector(`[data-place="${Number(place)}"]`);
  return node?.querySelector("title")?.textContent ?? "";
};

const mapOf = (episode) => {
  if (episode.map === undefined) return null;
  const template = byId(`map-${episode.map}`);
  if (!template) return null;
  const caption = make("figcaption", "");
  return make("figure", "map-of", document.importNode(template.content, true), caption);
};

// Shows on the map where the player is after a turn, and where it has been.
const showPlace = (article, episode, number) => {
  const figure = article.querySelector(".map-of");
  if (!figure) return;
  const places = [episode.opening.place, ...episode.turns.map((turn) => turn.place)];
  const been = new Set(places.slice(0, number + 1));
  const here = places[number];
  for (const node of figure.querySelectorAll(".place")) {
    const place = Number(node.dataset.place);
    node.classList.toggle("here", place === here);
    node.classList.toggle("been", been.has(place));
  }
  const name = placeName(episode, here);
  const when = number ? `After turn ${number}` : "At the start";
  figure.querySelector("figcaption").textContent = name ? `${when}: ${name}` : "Where the player is cannot be told.";
};
