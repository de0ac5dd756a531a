"""What models cost, from a file of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from trpg_env.synthesis.prices import Price, PricesError, load_price

GOOD = {"models": {"m": {"input": 2.5, "output": 10}, "local": {"input": 0, "output": 0}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.yaml"


def write(file: Path, data: Any) -> Path:
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return file


def test_a_price_is_read_from_json_and_yaml_alike(file: Path) -> None:
    assert load_price(write(file, GOOD), "m") == Price(2.5, 2.5, 10.0, "USD")
    yaml = "currency: €\nmodels:\n  m: {input: 2.5, cached_input: 1.25, output: 10.00}  # since May\n"
    assert load_price(write(file, yaml), "m") == Price(2.5, 1.25, 10.0, "€")
    assert load_price(str(write(file, GOOD)), "local") == Price(0, 0, 0)


def test_cached_tokens_cost_what_they_cost_and_where_nothing_is_said_as_much_as_others() -> None:
    usage = {"prompt_tokens": 1_000_000, "cached_tokens": 250_000, "completion_tokens": 500_000}
    assert Price(4.0, 1.0, 10.0).of(usage) == 3.0 + 0.25 + 5.0
    assert Price(4.0, 4.0, 10.0).of(usage) == 9.0
    assert Price(4.0, 1.0, 10.0).of({}) == 0


def test_more_cached_tokens_than_tokens_are_no_discount() -> None:
    assert Price(4.0, 1.0, 0.0).of({"prompt_tokens": 1_000_000, "cached_tokens": 5_000_000}) == 1.0


def test_a_cost_is_told_as_an_estimate_and_a_small_one_is_not_told_as_nothing() -> None:
    price = Price(2.5, 2.5, 10.0)
    assert price.told({"prompt_tokens": 1_000_000_000}) == "about 2,500.00 USD"
    assert price.told({"prompt_tokens": 4_000}) == "about 0.01 USD"
    assert price.told({"prompt_tokens": 400}) == "less than 0.01 USD"
    assert price.told({}) == "about 0.00 USD"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "such as"),
        ("[]", "dictionary"),
        ("models:", "models"),
        ({"models": []}, "models"),
        ({"models": {"m": 3}}, "models.m"),
        ({"models": {"m": {"input": 1}}}, "models.m.output"),
        ({"models": {"m": {"input": "1", "output": 1}}}, "models.m.input"),
        ({"models": {"m": {"input": -1, "output": 1}}}, "models.m.input"),
        ({"models": {"m": {"input": True, "output": 1}}}, "models.m.input"),
        ('{"models": {"m": {"input": NaN, "output": 1}}}', "NaN"),
        ('{"models": {"m": {"input": 1e999, "output": 1}}}', "number"),
        ({"models": {"m": {"input": 1, "output": 1, "ouput": 2}}}, "models.m.ouput"),
        ({"models": {"m": {"input": 1, "output": 1}}, "curency": "EUR"}, "curency"),
        ({"currency": "two words", "models": {}}, "currency"),
        ({"currency": "x" * 11, "models": {}}, "currency"),
        ("{", "JSON"),
        ("a: [", "YAML"),
        ("a: &a [*a]", "YAML"),
        ("models: !!python/object:os.system {}", "YAML"),
    ],
    ids=lambda x: str(x)[:40],
)
def test_a_file_that_is_none_of_prices_says_what_to_write(file: Path, data: Any, said: str) -> None:
    with pytest.raises(PricesError) as caught:
        load_price(write(file, data), "m")
    told = str(caught.value)
    assert said in told or "{models: {gpt-4o:" in told
    assert str(file) in told
    assert "{models: {gpt-4o: {input: 2.5, output: 10}}}" in told
    assert "\n" not in told


def test_a_model_without_a_price_is_named_with_those_that_have_one(file: Path) -> None:
    with pytest.raises(PricesError, match=r"prices.yaml has no price for 'gpt-9'; it has m, local"):
        load_price(write(file, GOOD), "gpt-9")
    with pytest.raises(PricesError, match="it has none"):
        load_price(write(file, {"models": {}}), "m")


@pytest.mark.parametrize("name", ["none.yaml", "", ".", "folder", "nul\0.yaml", "x" * 5_000])
def test_a_file_that_is_not_there_is_said_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(PricesError):
        load_price(name, "m")


def test_a_file_that_is_no_text_or_far_too_large_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PricesError, match="cannot be read"):
        load_price(file, "m")
    with file.open("wb") as opened:
        opened.truncate(2**33)
    with pytest.raises(PricesError, match="too large"):
        load_price(file, "m")
