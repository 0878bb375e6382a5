"""The settings of sampling."""

from pydantic import Field

from charseq.config.section import Section
from charseq.config.values import Count, Escaped, EscapedNames, Name, Seed


class SampleConfig(Section):
    """Sampling: the text that is drawn from a model."""

    length: Count = Field(500, ge=0, description="Number of new characters.")
    temperature: float = Field(
        0.8,
        ge=0,
        description="Below 1: likely characters more often; above 1: less often; 0: always the likeliest.",
    )
    temperature_end: float = Field(
        -1.0,
        ge=-1,
        description="Temperature at the last of the length characters; it changes evenly from the first on. "
        "-1: no change.",
    )
    top_k: Count = Field(0, ge=0, description="Draw from the k likeliest characters; 0: from all.")
    typical: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Draw from the characters whose surprise is nearest to the expected one, as few as have "
        "this share of the probability.",
    )
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Draw from the fewest likeliest characters that have this share of the probability.",
    )
    min_p: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Draw from the characters that are at least this share as likely as the likeliest.",
    )
    allow: Escaped = Field(
        "", description=r"Write no characters but these; \n, \t and \\ are escapes; empty: all characters."
    )
    forbid: EscapedNames = Field(
        (),
        description="Strings that never appear, nor across the end of the prompt; with the same escapes.",
    )
    match: Name = Field(
        "",
        description="Regular expression that matches each new text as a whole; for texts that end.",
    )
    unique: bool = Field(False, description="Write no text twice.")
    not_in: Name = Field("", description="File of lines of which none is written.")
    max_copy: Count = Field(
        0, ge=0, description="Copy no more characters in a row from the training text; 0: any number."
    )
    weighted: bool = Field(
        False,
        description="With constraints: leave out what breaks them and keep every text, with its log_weight.",
    )
    num_samples: Count = Field(1, ge=1, description="Number of texts.")
    seed: Seed = Field(-1, ge=-1, description="The same seed gives the same text; -1: a new text each time.")
