"""What is told where a run stands, as a display shows it."""

from __future__ import annotations

from typing import Protocol, Self

from lionsearch.runs.result import Progress


class Listener(Protocol):
    """What is told where a run stands, such as a display."""

    def __call__(self, progress: Progress) -> None:
        """Be told of progress, now and then."""
        ...

    def step(self, text: str) -> None:
        """Be told what takes the next seconds, while there is no progress."""
        ...


class Display(Listener, Protocol):
    """A listener that is open while a run goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Silence:
    """A display that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, progress: Progress) -> None:
        """Show nothing."""

    def step(self, text: str) -> None:
        """Show nothing."""
