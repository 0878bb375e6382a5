"""Steps that several tests of the network take."""

from charseq.arrays import FloatArray
from charseq.network import CharModel, Workspace
from charseq.network.parameters import Parameters


def backward_from_logits(model: CharModel, dlogits: FloatArray, work: Workspace, grads: Parameters) -> None:
    """Write the gradient that `dlogits` (T, N, V) gives to every parameter of the model."""
    dh = model.projection.backward(dlogits, work.h, model.params, grads, out=work.dh)
    model.backward(dh, work, grads)
