"""Where a data set is on this machine; nothing is downloaded.

Looked at in this order: the folder that `LIONSEARCH_DATA` names, with the set's own folder in it or a Debian package
unpacked there (`dpkg -x PACKAGE.deb FOLDER`); where Debian installs it; an installed Python package.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from lionsearch.errors import TaskError, quote

DATA_VARIABLE = "LIONSEARCH_DATA"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a data set may be.

    Attributes:
        name: of the set, and of its folder in the user's.
        install: how it is installed, for a message.
        debian: where Debian puts it, without the first slash; "" if it has none.
        package: the Python package that holds it, which is not imported; "" if there is none.
    """

    name: str
    install: str
    debian: str = ""
    package: str = ""

    def find(self) -> Path:
        """Return the set's folder.

        Raises:
            TaskError: if it is nowhere, with what to install.
        """
        for folder in self._places():
            if folder.is_dir():
                return folder
        chosen = os.environ.get(DATA_VARIABLE)
        where = f"; {DATA_VARIABLE} is {quote(chosen, 300)}, where it is not" if chosen else ""
        raise TaskError(f"the data set {self.name} is not on this machine; run: {self.install}{where}")

    def _places(self) -> list[Path]:
        places = []
        if chosen := os.environ.get(DATA_VARIABLE):
            places.append(Path(chosen) / self.name)
            if self.debian:
                places.append(Path(chosen) / self.debian)
        if self.debian:
            places.append(Path("/") / self.debian)
        found = importlib.util.find_spec(self.package) if self.package else None
        if found is not None and found.origin:
            places.append(Path(found.origin).parent)
        return places
