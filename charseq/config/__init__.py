"""Settings: what they are, how they are read and written, and how a wrong one is explained."""

from charseq.config.settings import *  # noqa: F403
