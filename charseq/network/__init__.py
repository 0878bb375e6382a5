"""Arrays in, arrays out, gradients back: the network around the cells."""

from charseq.network.model import CharModel, State, Workspace, parameter_shapes

__all__ = ["CharModel", "State", "Workspace", "parameter_shapes"]
