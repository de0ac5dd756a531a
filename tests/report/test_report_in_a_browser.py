"""The page as people have it: in a real browser, wide and narrow, light and dark."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from browser import Browser

SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]

SIDEWAYS = """(() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (e) => { for (; e; e = e.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)) return true; return false; };
  return [...document.querySelectorAll('body *')].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > wide + 1 && !scrolls(e.parentElement) && !scrolls(e);
  }).map((e) => e.outerHTML.slice(0, 80));
})()"""


def episodes(page: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    data: dict[str, list[dict[str, Any]]] = json.loads(found[1])
    return data["episodes"]


def choose(tab: Browser, name: str, value: str) -> int:
    """Set a filter; how many episodes are listed then."""
    tab.run(
        f"{{ const field = document.getElementById('by-{name}'); field.value = {json.dumps(value)};"
        "field.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    return int(tab.run("document.querySelectorAll('#list .item').length"))


def in_view(tab: Browser, selector: str) -> bool:
    return bool(
        tab.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return box.bottom > 0 && box.top < innerHeight })()"
        )
    )


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("which", ["page", "hostile_page"])
def test_the_page_is_shown_without_a_complaint_a_request_or_a_way_to_the_side(
    tab: Browser, which: str, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    page: Path = request.getfixturevalue(which)
    tab.show(page, width=width, scheme=scheme)
    tab.run("for (const each of document.querySelectorAll('details')) each.open = true")
    assert tab.run("document.documentElement.scrollWidth") == width
    assert tab.run(SIDEWAYS) == []
    ground = tab.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 300) == (scheme == "dark")
    assert (tab.errors, tab.requests) == ([], [])


def test_nothing_in_hostile_texts_is_run_and_all_of_it_is_seen(tab: Browser, hostile_page: Path) -> None:
    tab.show(hostile_page, width=1280)
    each = episodes(hostile_page)
    for i, episode in enumerate(each):
        tab.run(f"location.hash = 'episode-{episode['slug']}'")
        tab.until(lambda slug=episode["slug"]: tab.run("document.querySelector('.id').textContent") == slug)
        action = tab.run("document.querySelector('.turn .action .said').textContent")
        assert action == episode["turns"][0]["action"]
        assert "</script><script>window.hacked = true</script>" in action
        assert choose(tab, "text", "</script><script>") == len(each), i
    choose(tab, "family", each[0]["family"])
    assert tab.run("typeof window.hacked") == "undefined"
    assert tab.run("document.querySelectorAll('img, iframe, #episode script, main script').length") == 0
    assert (tab.errors, tab.requests) == ([], [])


def test_the_pages_policy_lets_nothing_else_run_or_be_fetched(tab: Browser, page: Path) -> None:
    tab.show(page, width=1280)
    tab.run(
        "{ const script = document.createElement('script'); script.textContent = 'window.hacked = 1'; document.body.append(script);"
        "const holder = document.createElement('div'); holder.innerHTML = '<img src=x onerror=\"window.hacked = 2\">'; document.body.append(holder) }"
    )
    assert tab.run("fetch('data:text/plain,x').then(() => 'fetched', () => 'refused')") == "refused"
    assert tab.run("typeof window.hacked") == "undefined"
    assert any("Content Security Policy" in error for error in tab.errors)


def test_filters_choose_episodes(tab: Browser, page: Path) -> None:
    tab.show(page, width=1280)
    each = episodes(page)

    def kinds(episode: dict[str, Any]) -> set[str]:
        return {turn["kind"] for turn in episode["turns"] if "kind" in turn}

    assert choose(tab, "outcome", "completed") == sum(e["outcome"] == "completed" for e in each)
    assert choose(tab, "family", "garden") == sum(
        e["outcome"] == "completed" and e["family"] == "garden" for e in each
    )
    assert choose(tab, "outcome", "") == sum(e["family"] == "garden" for e in each)
    choose(tab, "family", "")
    for kind in ("parameter", "place", "logic"):
        assert choose(tab, "error", kind) == sum(kind in kinds(e) for e in each)
    assert choose(tab, "error", "any") == sum(bool(kinds(e)) for e in each)
    choose(tab, "error", "")
    assert choose(tab, "player", "random") == sum(e["player"] == "random" for e in each)
    choose(tab, "player", "")
    assert choose(tab, "run", "0") == sum(e["run"] == 0 for e in each)
    choose(tab, "run", "")
    action = each[0]["turns"][0]["action"]
    found = choose(tab, "text", action.upper())
    assert 0 < found < len(each)
    assert tab.run("document.getElementById('count').textContent") == f"{found} of {len(each)} episodes"
    assert choose(tab, "text", "nothing says this") == 0
    tab.run("document.querySelector('#filters button').click()")
    tab.until(lambda: tab.run("document.querySelectorAll('#list .item').length") == len(each))


@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_to_an_episode_opens_it(tab: Browser, page: Path, width: int) -> None:
    episode = episodes(page)[-1]
    tab.show(page, width=width, at=f"#episode-{episode['slug']}")
    assert tab.run("document.querySelector('.id').textContent") == episode["slug"]
    assert in_view(tab, "#episode-title")
    assert tab.run("document.querySelector('.episode-head .goal').textContent") == episode["goal"]
    assert episode["goal"].startswith("Your goal: ")
    assert tab.run("document.querySelector('#list [aria-current]').dataset.slug") == episode["slug"]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_to_a_turn_goes_there(tab: Browser, page: Path, width: int) -> None:
    episode = next(e for e in episodes(page) if len(e["turns"]) > 9)
    tab.show(page, width=width, at=f"#episode-{episode['slug']}.9")
    assert tab.run("document.querySelector('.turn.current').dataset.turn") == "9"
    assert in_view(tab, ".turn.current")


def test_a_link_to_no_episode_is_told_of(tab: Browser, page: Path) -> None:
    tab.show(page, width=1280, at="#episode-nothing")
    assert tab.run("document.getElementById('count').textContent") == "This episode is not in the page."
    assert tab.errors == []


def test_errors_and_corrections_are_marked_in_words_and_linked(tab: Browser, page: Path) -> None:
    episode = next(e for e in episodes(page) if any("corrected" in turn for turn in e["turns"]))
    number, turn = next((i, t) for i, t in enumerate(episode["turns"], start=1) if "corrected" in t)
    tab.show(page, width=1280, at=f"#episode-{episode['slug']}")
    card = f".turn[data-turn='{number}']"
    assert f"{turn['kind']} error" in tab.run(f'document.querySelector("{card} .badge").textContent')
    assert tab.run(f'document.querySelector("{card}").closest(".refinement") !== null')
    tab.run(f'document.querySelector("{card} .link a").click()')
    tab.until(
        lambda: tab.run("document.querySelector('.turn.current').dataset.turn") == str(turn["corrected"])
    )
    assert f"turn {number}" in tab.run("document.querySelector('.turn.current .link').textContent")
    assert tab.run("document.activeElement.dataset.turn") == str(turn["corrected"])


def test_the_map_shows_where_the_player_is(tab: Browser, page: Path) -> None:
    episode = next(e for e in episodes(page) if len({t.get("place") for t in e["turns"]}) > 2)
    tab.show(page, width=1280, at=f"#episode-{episode['slug']}")
    for number, turn in enumerate(episode["turns"][:12], start=1):
        tab.run(f"location.hash = 'episode-{episode['slug']}.{number}'")
        tab.until(
            lambda at=number: tab.run("document.querySelector('.turn.current').dataset.turn") == str(at)
        )
        here = tab.run("[...document.querySelectorAll('.map-of .here')].map((e) => Number(e.dataset.place))")
        assert here == [turn["place"]]


def test_keys_lead_through_episodes_and_turns(tab: Browser, page: Path) -> None:
    tab.show(page, width=1280)
    each = episodes(page)
    tab.press("j")
    tab.until(lambda: tab.run("document.querySelector('.id').textContent") == each[1]["slug"])
    tab.press("n")
    tab.press("n")
    assert tab.run("document.activeElement.dataset.turn") == "2"
    tab.press("p")
    assert tab.run("document.activeElement.dataset.turn") == "1"
    tab.press("e")
    first = next(i for i, turn in enumerate(each[1]["turns"], start=1) if "kind" in turn and i > 1)
    assert tab.run("document.activeElement.dataset.turn") == str(first)
    tab.press("/")
    tab.press("j")
    assert tab.run("document.getElementById('by-text').value") == "j"
    assert tab.run("document.querySelector('.id').textContent") == each[1]["slug"]


def test_without_scripts_there_are_all_figures_and_a_word_about_the_rest(tab: Browser, page: Path) -> None:
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.show(page, width=1280)
        assert tab.run("document.getElementById('reader').hidden")
        assert "JavaScript" in tab.run("document.querySelector('noscript').innerText")
        assert tab.run("document.querySelectorAll('main table').length") > 3
        assert tab.run("document.querySelectorAll('main svg.plot').length") > 6
    finally:
        tab.send("Emulation.setScriptExecutionDisabled", value=False)


def test_the_page_can_be_printed(tab: Browser, page: Path) -> None:
    tab.show(page, width=1280)
    printed = tab.send("Page.printToPDF", printBackground=True)
    assert printed["data"].startswith("JVBERi")
    assert tab.errors == []
