"""The network around the cells: embedding, recurrent layers and projection, with their gradients."""

from charseq.network.model import CharModel, Workspace, num_product_weights, parameter_shapes
from charseq.network.state import State

__all__ = ["CharModel", "State", "Workspace", "num_product_weights", "parameter_shapes"]
