"""Parts of a network: how they are named, and which parameters a setting freezes or scales."""

import pytest

from charseq.config import OptimConfig, Settings
from charseq.errors import ConfigError
from charseq.optim.parts import frozen_names, parts_of, rate_scales

NAMES = ["embedding.E", "layers.0.U", "layers.0.W", "layers.1.W", "layers.10.W", "projection.V"]


def optim(**values: object) -> OptimConfig:
    return Settings().with_layer({"optim": values}, "test").optim


def test_parts_are_the_beginnings_of_names() -> None:
    """Whole layers can be named, all layers together, and single parameters."""
    assert parts_of(["layers.0.U", "layers.1.U"]) == [
        "layers",
        "layers.0",
        "layers.0.U",
        "layers.1",
        "layers.1.U",
    ]


def test_a_frozen_part_is_all_its_parameters() -> None:
    """The name of a layer stands for its parameters, and not for those of layer 10."""
    frozen = frozen_names(optim(freeze="layers.1, embedding"), NAMES)
    assert frozen == {"embedding.E", "layers.1.W"}


def test_nothing_is_frozen_by_default() -> None:
    """All parameters learn, at the same rate."""
    assert not frozen_names(OptimConfig(), NAMES)
    assert not rate_scales(OptimConfig(), NAMES)


def test_of_two_rates_the_one_of_the_longer_name_counts() -> None:
    """A rate for a parameter is an exception to the rate of its layer, in either order."""
    for given in (["layers=0.1", "layers.0.W=2"], ["layers.0.W=2", "layers=0.1"]):
        scales = rate_scales(optim(rate_scale=given), NAMES)
        assert scales == {"layers.0.U": 0.1, "layers.0.W": 2.0, "layers.1.W": 0.1, "layers.10.W": 0.1}


@pytest.mark.parametrize("setting", [{"freeze": "layer.0"}, {"rate_scale": "layer.0=2"}])
def test_an_unknown_part_is_refused_with_the_list(setting: dict[str, str]) -> None:
    """The message names the setting, the nearest part, and all of them."""
    check = frozen_names if "freeze" in setting else rate_scales
    with pytest.raises(ConfigError) as refused:
        check(optim(**setting), NAMES)
    message = str(refused.value)
    assert message.startswith(f"optim.{next(iter(setting))}: no part of this network is called 'layer.0'")
    assert "(did you mean 'layers.0'?)" in message
    assert message.endswith("projection, projection.V")


def test_something_must_learn() -> None:
    """Freezing every part is refused."""
    with pytest.raises(ConfigError, match="leaves nothing to learn"):
        frozen_names(optim(freeze=["embedding", "layers", "projection"]), NAMES)


@pytest.mark.parametrize("text", ["layers.0", "layers.0=", "layers.0=0", "layers.0=-1", "=1", "layers.0=nan"])
def test_a_rate_is_a_part_and_a_factor(text: str) -> None:
    """A rate without a part, or a factor that is not above 0, is refused."""
    with pytest.raises(ConfigError, match="must be a part and a factor above 0"):
        optim(rate_scale=[text])
