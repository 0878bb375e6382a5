"""The names of baselines."""

import pytest

from charseq.analysis.baselines import baseline_orders
from charseq.errors import ConfigError


@pytest.mark.parametrize(
    ("names", "orders"),
    [
        ("uniform", {"uniform": 0}),
        ("unigram", {"unigram": 1}),
        ("ngram:1", {"ngram:1": 1}),
        ("ngram:99", {"ngram:99": 99}),
        ("ngram:5,uniform,unigram", {"ngram:5": 5, "uniform": 0, "unigram": 1}),
        ("ngram:2,ngram:3,ngram:2", {"ngram:2": 2, "ngram:3": 3}),
    ],
)
def test_names(names: str, orders: dict[str, int]) -> None:
    """Baselines are named with commas between them, and come in the order in which they are named."""
    assert list(baseline_orders(names).items()) == list(orders.items())


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ("unigrm", "'unigrm' (did you mean 'unigram'?)"),
        ("bigram", "'bigram' (did you mean 'unigram'?)"),
        ("Uniform", "'Uniform' (did you mean 'uniform'?)"),
        ("ngram:", "'ngram:' (did you mean 'ngram:5'?)"),
        ("ngram:0", "'ngram:0' (did you mean 'ngram:5'?)"),
        ("ngram:05", "'ngram:05' (did you mean 'ngram:5'?)"),
        ("ngram:100", "'ngram:100' (did you mean 'ngram:5'?)"),
        ("ngram:-1", "'ngram:-1' (did you mean 'ngram:5'?)"),
        ("ngram:٣", "'ngram:٣' (did you mean 'ngram:5'?)"),
        ("uniform,,unigram", "''"),
        ("", "''"),
        ("xyz", "'xyz'"),
    ],
)
def test_wrong_names(names: str, wrong: str) -> None:
    """Anything else is refused, and the nearest name is suggested where there is a near one."""
    with pytest.raises(ConfigError) as caught:
        baseline_orders(names)
    message = "--baseline must be uniform, unigram or ngram:K with K from 1 to 99; got "
    assert str(caught.value) == message + wrong
