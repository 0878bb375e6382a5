"""Ranks: processes on one or several machines that work on one command together, as MPI starts them."""

from charseq.ranks.communicator import Communicator, Message
from charseq.ranks.world import World

__all__ = ["Communicator", "Message", "World"]
