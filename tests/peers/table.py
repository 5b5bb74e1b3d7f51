"""All rows of the table of proofs."""

from __future__ import annotations

from . import formula_peers, optax_peers, optax_transform_peers, torch_peers
from .peer import Peer

ROWS: tuple[Peer, ...] = (*optax_peers.ROWS, *optax_transform_peers.ROWS, *torch_peers.ROWS, *formula_peers.ROWS)
