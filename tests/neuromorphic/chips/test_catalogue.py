import pytest

from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.chips.figure import UNITS
from runtime.errors import ChipError

CHIP = """
name = "mine"
title = "Mine"
node = "1 um"
covers = "all"

[limits.cores]
value = 2
low = 1
high = 3
unit = "count"
kind = "wall"
evidence = "measured"
scope = "chip"
source = "me"

[energy.synaptic_event]
value = 5
low = 5
high = 5
unit = "pJ"
evidence = "measured"
scope = "dynamic"
source = "me"
"""


def write(folder, text=CHIP):
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_the_shipped_chips_load_and_cite():
    assert {"loihi1", "loihi2", "int8-45nm"} <= set(chip_names())
    for name in chip_names():
        chip = load_chip(name)
        assert chip.name == name
        for section in (chip.limits, chip.energy, chip.power, chip.time):
            for figure in section.values():
                assert figure.unit in UNITS
                assert len(figure.source) > 5
                found = figure.range()
                assert (found is None) == (figure.evidence == "unpublished")


def test_values_come_in_base_units():
    chip = load_chip("loihi1")
    low, value, high = chip.energy["synaptic_event"].range()
    assert value == pytest.approx(23.6e-12)
    assert low < value < high
    assert chip.power["chip"].range()[1] == pytest.approx(0.1044)
    assert chip.limits["neurons_per_core"].range() == (1024, 1024, 1024)


def test_what_nobody_measured_is_null_and_what_was_derived_is_checked():
    assert all(figure.range() is None for figure in load_chip("akida").energy.values())
    for key, figure in load_chip("loihi2").energy.items():
        assert (key, figure.evidence) == (key, "derived")
        assert figure.low < figure.value < figure.high
        assert figure.check


def test_boards_hold_chips_that_draw_power_without_work():
    loihi2 = load_chip("loihi2")
    assert loihi2.largest_board == 8
    assert loihi2.idle_chips(1) == (0, 0, 7)
    assert loihi2.idle_chips(9) == (0, 0, 7)
    assert load_chip("odin").idle_chips(1) is None


def test_a_chip_of_ones_own(tmp_path):
    chip = load_chip(write(tmp_path))
    assert chip.limits["cores"].range() == (1, 2, 3)
    assert chip.energy["synaptic_event"].range() == pytest.approx((5e-12,) * 3)
    assert chip.power == {}


@pytest.mark.parametrize("name", ["loihi3", "", "../loihi1", "nowhere.toml"])
def test_an_unknown_chip_lists_the_known(name):
    with pytest.raises(ChipError, match=r"is unknown; use one of .*loihi1, loihi2"):
        load_chip(name)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('unit = "pJ"\n', "", "energy.synaptic_event.unit is None"),
        ('unit = "pJ"', 'unit = "W"', "energy.synaptic_event.unit is 'W'"),
        ("low = 1", "low = 3", "limits.cores has low 3.0, value 2.0, high 3.0"),
        ("high = 3", "high = 1", "limits.cores has low 1.0, value 2.0, high 1.0"),
        ("value = 5", "value = nan", "holds the number nan"),
        ("value = 5", "value = -5", "value is -5"),
        ("low = 5\n", "", "energy.synaptic_event.low is missing; a price needs a range"),
        ("high = 5\n", "", "energy.synaptic_event.high is missing; a price needs a range"),
        ('evidence = "measured"\nscope = "dynamic"', 'evidence = "derived"\nscope = "dynamic"',
         "energy.synaptic_event.check is None; a text is needed"),
        ('scope = "dynamic"', 'scope = "dynamic"\ncheck = "none"', "check is for derived figures"),
        ('scope = "dynamic"\nsource = "me"', 'scope = "dynamic"', "synaptic_event.source is None"),
        ("value = 5", 'value = "5"', "value is '5'"),
        ("value = 5", "value = true", "value is True"),
        ("value = 5\nlow = 5\nhigh = 5\n", "", "either published"),
        ("value = 2\n", "", "limits.cores.value is None"),
        ('value = 5\nlow = 5\nhigh = 5\nunit = "pJ"\nevidence = "measured"',
         'low = 5\nunit = "pJ"\nevidence = "unpublished"', "range but no value"),
        ('kind = "wall"\n', "", "limits.cores.kind is None"),
        ('kind = "wall"', 'kind = "fence"', "kind is 'fence'"),
        ('scope = "dynamic"', 'scope = "whatever"', "scope is 'whatever'"),
        ('scope = "chip"\nsource = "me"', 'scope = "chip"\nsource = " "', "source is ' '"),
        ('evidence = "measured"', 'evidence = "rumour"', "evidence is 'rumour'"),
        ("[limits.cores]", "[limits.kernels]", "limits.kernels is not a key"),
        ("[limits.cores]", "[bounds.cores]", "bounds is not a key"),
        ("value = 2\n", "value = 2\nvalu = 3\n", "limits.cores.valu is not a key"),
        ('name = "mine"', 'name = "yours"', "name is 'yours'"),
        ('title = "Mine"\n', "", "title is None"),
        ("[energy.synaptic_event]", "[energy", "not valid TOML"),
    ],
)  # fmt: skip
def test_names_file_key_and_value(tmp_path, old, new, words):
    assert old in CHIP
    with pytest.raises(ChipError, match=words) as caught:
        load_chip(write(tmp_path, CHIP.replace(old, new)))
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_figures_that_are_no_tables(tmp_path):
    head = "[energy.synaptic_event]"
    with pytest.raises(ChipError, match=r"energy.mac is 3; a table"):
        load_chip(write(tmp_path, CHIP.replace(head, "[energy]\nmac = 3\n" + head)))
    with pytest.raises(ChipError, match="power is 3; a table"):
        load_chip(write(tmp_path, "power = 3\n" + CHIP))
