"""Searches that take minutes to hours, run by hand; `charseq help method` has what they found."""
