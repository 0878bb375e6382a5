"""When compiled code pays: not for a short text, which would be done before numba is loaded."""

from charseq.backend import use_numba
from charseq.backend.work import LEAST_WORK, WORK_THAT_PAYS
from charseq.config import BackendName
from charseq.models import LanguageModel, TrainableModel, has_hidden
from charseq.models.mixture import Mixture


def networks_in(model: LanguageModel) -> list[TrainableModel]:
    """Return the networks of a model: itself, or those of a mixture's members."""
    if isinstance(model, Mixture):
        return [network for member in model.models for network in networks_in(member)]
    return [model] if has_hidden(model) else []


def _num_multiplied(network: TrainableModel) -> int:
    """Return the number of parameters, without the tables in which the input tokens are looked up."""
    tables = (name for name in network.params.tables if not name.startswith("projection."))
    return network.num_parameters - sum(network.params[name].size for name in tables)


class Compiling:
    """Lets the networks of a model compute with compiled code as soon as so much is read that it pays.

    The `backend` numpy never pays, and numba always does. Raises ConfigError if numba is not installed.
    """

    def __init__(self, model: LanguageModel, *, num_streams: int, backend: BackendName = "auto") -> None:
        self._networks, self._backend = networks_in(model), backend
        self._work = WORK_THAT_PAYS if backend == "numba" else 0.0
        self._per_token = sum(max(_num_multiplied(one), LEAST_WORK[num_streams]) for one in self._networks)

    @property
    def is_compiled(self) -> bool:
        """True if compiled code is used."""
        return any(network.is_compiled for network in self._networks)

    def count_(self, num_tokens: int) -> None:
        """Count tokens that will be read next; nothing may be read meanwhile."""
        self._work += num_tokens * self._per_token
        if self._work >= WORK_THAT_PAYS and use_numba(self._backend):
            for network in self._networks:
                if not network.is_compiled:
                    network.use_backend_(self._backend)
