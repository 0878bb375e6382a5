"""The network around the cells: embedding, recurrent layers and projection, with their gradients."""

from charseq.network.model import CharModel, State, Workspace, parameter_shapes

__all__ = ["CharModel", "State", "Workspace", "parameter_shapes"]
