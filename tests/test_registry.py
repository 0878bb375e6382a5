"""The registry: lazy entries, and every registered thing is what its kind asks for."""

import sys

import pytest

from charseq import registry
from charseq.cells import Cell
from charseq.config import Settings
from charseq.config.values import choices_of
from charseq.models import ModelKind
from charseq.optim import Optimizer
from charseq.registry import CELLS, MODELS, OPTIMIZERS, TOKENIZERS, Registry
from charseq.text import Tokenizer

REGISTRIES = {name: value for name, value in vars(registry).items() if isinstance(value, Registry)}


def test_an_entry_is_imported_when_it_is_first_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is known before the module behind it is loaded."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    things: Registry[object] = Registry("thing", {"hue": "colorsys:rgb_to_hsv"})
    assert list(things) == ["hue"]
    assert "colorsys" not in sys.modules
    assert callable(things["hue"])
    assert "colorsys" in sys.modules


def test_an_entry_in_brackets_is_one_instance() -> None:
    """`module:Class()` stands for an instance, the same each time."""
    things: Registry[object] = Registry("thing", {"counter": "collections:Counter()"})
    assert things["counter"] == {}
    assert things["counter"] is things["counter"]


def test_a_thing_can_be_registered_as_it_is() -> None:
    """What is registered at run time is what is found."""
    things: Registry[object] = Registry("thing", {})
    things["new"] = 5
    assert (list(things), len(things), things["new"], "new" in things) == (["new"], 1, 5, True)
    del things["new"]
    assert list(things) == []


def test_an_unknown_name_is_a_key_error() -> None:
    """A registry is a mapping."""
    with pytest.raises(KeyError):
        CELLS["gro"]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, things in REGISTRIES.items() for name in things]
)
def test_every_entry_leads_somewhere(kind: str, name: str) -> None:
    """Each registered module and name exists."""
    assert REGISTRIES[kind][name] is not None


@pytest.mark.parametrize("things", [CELLS, MODELS, OPTIMIZERS, TOKENIZERS], ids=lambda things: things.what)
def test_the_names_are_those_that_the_things_call_themselves(things: Registry[object]) -> None:
    """A cell, a kind, an optimizer or a tokenizer is registered under its own name."""
    assert [getattr(things[name], "name", None) for name in things] == list(things)


@pytest.mark.parametrize(
    ("things", "base"),
    [(CELLS, Cell), (MODELS, ModelKind), (OPTIMIZERS, Optimizer), (TOKENIZERS, Tokenizer)],
    ids=lambda thing: getattr(thing, "what", ""),
)
def test_the_things_keep_their_contract(things: Registry[object], base: type) -> None:
    """Each is a class, or an instance of a class, that keeps the contract of its kind."""
    for thing in things.values():
        assert issubclass(thing if isinstance(thing, type) else type(thing), base)


def test_the_choices_of_a_setting_are_the_names_in_its_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered becomes a choice at once."""
    monkeypatch.setitem(CELLS, "toy", CELLS["rnn"])
    field = type(Settings().model).model_fields["cell"]
    assert choices_of(field) == ["gru", "lstm", "rnn", "toy"]
    assert Settings().with_layer({"model": {"cell": "toy"}}, "test").model.cell == "toy"
