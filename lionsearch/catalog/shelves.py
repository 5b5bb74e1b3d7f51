"""Names -> files: programs, proxy tasks and experiments, in the working folder first, then among the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lionsearch.compose import TRANSFORMS, check_parentheses, compose, is_expression
from lionsearch.errors import MissingFileError, ProgramError, SettingError, UnknownNameError, one_line
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.limits import PROGRAM_BYTES


@dataclass(frozen=True, slots=True)
class Shelf:
    """One of the three data folders.

    Attributes:
        what: what a file of it is called in messages.
        folder: the folder's name, in the working folder and among the shipped data.
        suffix: of its files.
    """

    what: str
    folder: str
    suffix: str

    def names(self) -> list[str]:
        """Return every name there is, sorted."""
        return sorted({path.stem for folder in self._folders() for path in folder.glob(f"*{self.suffix}")})

    def find(self, name: str) -> Path:
        """Return the file of a name, or of a path (something with a separator or the suffix).

        Raises:
            MissingFileError: if a path is not there, or a folder.
            UnknownNameError: if nothing has the name.
        """
        if "/" in name or "\\" in name or name.endswith(self.suffix):
            if not _is_file(Path(name)):
                raise self._missing(name)
            return Path(name)
        for folder in self._folders():
            path = folder / f"{name}{self.suffix}"
            if _is_file(path):
                return path
        if name and _is_folder(Path(name)):
            raise self._missing(name)
        here = f"{name}{self.suffix}"
        raise UnknownNameError(self.what, name, [here] if _is_file(Path(here)) else self.names())

    def _missing(self, name: str) -> MissingFileError:
        found = (
            f"this is a folder; expected a {self.suffix} file" if _is_folder(Path(name)) else "there is no such file"
        )
        return MissingFileError(f"{one_line(name, 1000)}: {found}")

    @property
    def shipped(self) -> Path:
        """The folder of what comes with lionsearch."""
        package = Path(__file__).parent.parent
        installed = package / "_shipped" / self.folder
        return installed if installed.is_dir() else package.parent / self.folder  # else a checkout

    def _folders(self) -> list[Path]:
        return [Path(self.folder), self.shipped]


PROGRAMS = Shelf("program", "programs", ".py")
TASKS = Shelf("task", "proxy_tasks", ".toml")
EXPERIMENTS = Shelf("experiment", "experiments", ".toml")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name longer than the file system allows
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # as above
        return False


def read_text(path: Path, most: int = PROGRAM_BYTES) -> str:
    """Return a file's text.

    Args:
        path: of the file.
        most: bytes that it may have; of a larger one, no more than these are read.

    Raises:
        ProgramError: if it is not UTF-8 text.
        SettingError: if it is too large.
        MissingFileError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
            size = file.seek(0, 2) if len(content) > most else 0
    except OSError as error:
        raise MissingFileError(f"{path}: {error.strerror}") from None
    if len(content) > most:
        raise SettingError(f"{path}: the file has {size} bytes; at most {most} are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProgramError(f"not UTF-8 text: {error.reason} at byte {error.start}", filename=str(path)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")  # as `Path.read_text` does


def load_program(name: str) -> Program:
    """Return a checked program by name, path or composition (`lookahead(adamw, k=5)`).

    Raises:
        LionSearchError: if it is not there or not valid.

    Examples:
        >>> len(load_program("adamw").statements)
        9
    """
    if is_expression(name):
        return compose(name, load_program)
    try:
        path = PROGRAMS.find(name)
    except MissingFileError:
        if "(" in name:
            check_parentheses(name)
        raise
    except UnknownNameError as error:
        if "(" in name:
            check_parentheses(name)
        if name in TRANSFORMS:
            raise SettingError(f"{name!r} is a transform: it wraps a program, as in {name}(adamw)") from None
        raise UnknownNameError(error.what, name, {*error.valid, *TRANSFORMS}) from None
    return check_program(read_text(path), str(path))
