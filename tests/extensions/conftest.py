"""Commands in process, in a directory of their own, as the tests of the command line call them."""

from tests.cli.conftest import _clean_surroundings, call

__all__ = ["_clean_surroundings", "call"]
