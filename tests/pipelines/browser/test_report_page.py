"""A report is asked: by pointer, by keys, by addresses; and what axe finds in it."""

from __future__ import annotations

import pytest
from browsing import serious_faults

from pipelines.report.networks import rounded

SCATTER = "Predicted against true test accuracy of 30 networks by gmn"


def predicted(seen, network):
    return {
        (row["model"], row["seed"]): row["predicted"]
        for row in seen.made_from["predictions"]
        if row["network"] == network
    }


def network_at(seen, number):
    return list(dict.fromkeys(row["network"] for row in seen.made_from["predictions"]))[number]


def test_pointing_at_a_network_tells_what_each_seed_predicts(look):
    seen = look()
    chart = seen.chart(SCATTER)
    network = network_at(seen, 11)
    seen.page.mouse.move(*seen.place(chart, network))
    told = seen.page.inner_text("#tip")
    assert f"network {network} · " in told
    for seed in range(3):
        assert f"seed {seed}: {rounded(predicted(seen, network)['gmn', seed])}" in told
    # The control: beside all of them nothing is told.
    box = seen.page.locator(f'[data-chart="{chart}"] .u-over').bounding_box()
    seen.page.mouse.move(box["x"] + 4, box["y"] + 4)
    assert seen.page.locator("#tip").is_hidden()


def test_a_click_shows_the_record_and_marks_the_network_everywhere(look):
    seen = look()
    network = next(n for n in (network_at(seen, i) for i in range(30)) if n % 7 < 2)
    zoo = seen.chart("test accuracy against learning rate")
    assert not seen.ringed(zoo, network)
    other = seen.chart(SCATTER.replace("gmn", "trees"))
    assert not seen.ringed(other, network)
    chart = seen.chart(SCATTER)
    seen.page.mouse.click(*seen.place(chart, network))
    record = seen.page.locator("#record")
    text = record.inner_text()
    assert f"Network {network}" in text
    for (model, _), value in predicted(seen, network).items():
        assert model in text
        assert str(rounded(value)) in text
    own = seen.made_from["zoo_index"]["networks"][network]
    assert own["training"]["optimizer"] in text
    assert record.locator("img").evaluate("image => image.naturalWidth") > 50
    true = {row["network"]: row["true"] for row in seen.made_from["predictions"]}
    rank = 1 + sum(value > true[network] for value in true.values())
    assert f"Rank {rank} of 30 test networks" in text
    for number in (seen.chart(SCATTER), seen.chart(SCATTER.replace("gmn", "trees")), zoo):
        assert seen.ringed(number, network)
    # A neighbour is shown in its place, and Escape closes the record.
    neighbour = record.locator("button.link").first.inner_text()
    record.locator("button.link").first.click()
    assert f"Network {neighbour}" in record.inner_text()
    seen.page.keyboard.press("Escape")
    assert record.is_hidden()
    assert not seen.ringed(seen.chart(SCATTER), network)


def test_tables_sort_by_a_click_and_by_a_key(look):
    seen = look()
    table = seen.page.locator("table.sorted", has_text="error").first
    column = table.locator("tbody tr td:last-child")
    first = column.all_inner_texts()
    head = table.locator("thead tr:last-child th").last
    numbers = [float(text.replace("−", "-")) for text in first]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    shown = [float(text.replace("−", "-")) for text in column.all_inner_texts()]
    assert shown == sorted(numbers, reverse=True) != numbers
    head.locator("button").focus()
    seen.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    shown = [float(text.replace("−", "-")) for text in column.all_inner_texts()]
    assert shown == sorted(numbers)
    seen.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert column.all_inner_texts() == first
    # What is below the line stays there.
    scores = seen.page.locator("table.sorted").first
    scores.locator("thead button").first.click()
    assert scores.locator("tfoot").inner_text().startswith("ceiling of the test set")


def test_addresses_lead_to_sections_and_networks(look):
    seen = look(address="#network-41")
    assert "Network 41" in seen.page.inner_text("#record")
    for link in seen.page.locator("nav a").all():
        target = link.get_attribute("href")
        assert seen.page.locator(f"h2{target}").count() == 1
    seen.page.locator("nav a", has_text="The zoo").click()
    assert seen.run("document.querySelector('h2#the-zoo').getBoundingClientRect().top") < 200
    found = seen.page.locator("nav a[aria-current]").inner_text()
    assert found == "The zoo"
    anchors = seen.run("[...document.querySelectorAll('a.anchor')].map((each) => each.hash)")
    assert len(set(anchors)) == len(anchors) > 20
    seen.page.locator("#network").fill("7")
    seen.page.keyboard.press("Enter")
    assert "Network 7" in seen.page.inner_text("#record")


def test_the_keyboard_path(look):
    seen = look()
    chart = seen.chart(SCATTER)
    place = seen.page.locator(f'[data-chart="{chart}"]')
    place.focus()
    keys = seen.page.keyboard
    keys.press("ArrowRight")
    first = seen.page.inner_text("#spoken")
    keys.press("ArrowRight")
    true = {str(row["network"]): row["true"] for row in seen.made_from["predictions"]}
    order = sorted(true.values())
    for said, value in zip((first, seen.page.inner_text("#spoken")), order, strict=False):
        assert true[said.split()[1]] == value
    keys.press("Enter")
    assert seen.page.locator("#record").is_visible()
    keys.press("Escape")
    assert seen.page.locator("#record").is_hidden()
    assert seen.run("document.activeElement.dataset.chart") == str(chart)


def test_families_are_hidden_and_seeds_chosen(look):
    seen = look()
    chart = seen.chart(SCATTER)
    marks = f"report.plot(report.places[{chart}]).picture.marks"
    assert seen.run(f"{marks}.length") == 30
    first = seen.page.locator("button.family").first
    first.click()
    families = {row["network"]: row["family"] for row in seen.made_from["predictions"]}
    assert seen.run(f"{marks}.length") == sum(f != "mlp" for f in families.values())
    first.click()
    network = network_at(seen, 3)
    seen.page.locator("select.seeds").select_option("2")
    y = seen.run(
        f"(name) => {marks}.find((mark) => mark.network === report.networks.place.get(name)).y",
        str(network),
    )
    assert y == rounded(predicted(seen, network)["gmn", 2])


def test_a_drag_zooms_in_and_a_double_click_out(look):
    seen = look()
    chart = seen.chart(SCATTER)
    scale = f"(({{ min, max }}) => max - min)(report.plot(report.places[{chart}]).plot.scales.x)"
    whole = seen.run(scale)
    box = seen.page.locator(f'[data-chart="{chart}"] .u-over').bounding_box()
    mouse = seen.page.mouse
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 4
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + box["width"] / 2, y + box["height"] / 2, steps=4)
    mouse.up()
    seen.settled()
    assert seen.run(scale) == pytest.approx(whole / 2, rel=0.05)
    assert seen.page.locator("#record").is_hidden()  # a drag is no click
    mouse.dblclick(box["x"] + 4, box["y"] + 4)
    seen.settled()
    assert seen.run(scale) == whole


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_serious(look, scheme, width):
    seen = look(color_scheme=scheme, viewport={"width": width, "height": 900})
    seen.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    seen.chart(SCATTER)
    assert serious_faults(seen.page) == []
    seen.run("report.select(41)")
    assert serious_faults(seen.page) == []
    if width == 390:
        assert seen.run("document.documentElement.scrollWidth") <= 390
    if scheme == "dark":  # the control: axe sees what is wrong
        seen.run("document.querySelectorAll('[data-chart]')[0].removeAttribute('aria-label')")
        seen.run("document.querySelector('.note').style.color = '#333'")
        assert serious_faults(seen.page)
