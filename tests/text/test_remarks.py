"""Remarks on texts, each said once."""

from charseq.text.remarks import Remarks


def said_of(*names: str) -> list[str]:
    """Return what is said when one thing is remarked of files with these names."""
    said: list[str] = []
    remarks = Remarks(said.append)
    for name in names:
        remarks.say(name, "is odd")
    remarks.finish()
    return said


def test_a_remark_is_said_once_of_each_file() -> None:
    """However often a file is read, a remark on it is said once."""
    assert said_of("a", "b", "a") == ["a: is odd", "b: is odd"]


def test_five_files_are_named_and_the_others_counted() -> None:
    """A folder of many files does not fill the screen."""
    assert said_of(*"abcdef")[4:] == ["e: is odd", "1 more file: is odd"]
    assert said_of(*"abcdefg")[4:] == ["e: is odd", "2 more files: is odd"]


def test_a_sentence_of_its_own_takes_the_place_of_the_kind() -> None:
    """What differs from file to file, such as a command, is in the sentence."""
    said: list[str] = []
    Remarks(said.append).say("a", "is odd", "is odd; mend a")
    assert said == ["a: is odd; mend a"]


def test_a_folder_lists_its_files() -> None:
    """The files of a folder are counted and named."""
    said: list[str] = []
    Remarks(said.append).list_files("f", ["a"])
    Remarks(said.append).list_files("g", list("abcdef"))
    assert said == ["f: 1 file: a", "g: 6 files: a, b, c, d, e and 1 more"]


def test_every_folder_is_listed() -> None:
    """Folders are never only counted: what was taken from each is to be seen."""
    said: list[str] = []
    remarks = Remarks(said.append)
    for name in "abcdef":
        remarks.list_files(name, ["x"])
    remarks.finish()
    assert said == [f"{name}: 1 file: x" for name in "abcdef"]
