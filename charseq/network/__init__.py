"""The network around the cells: embedding, recurrent layers and projection, with their gradients."""

from charseq.network.model import CharModel, State, Workspace, num_product_weights, parameter_shapes

__all__ = ["CharModel", "State", "Workspace", "num_product_weights", "parameter_shapes"]
