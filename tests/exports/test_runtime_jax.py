"""The functions of an exported file give what the table of operations says."""

import jax
import numpy as np
import pytest

from lionsearch.exports import runtime_jax
from lionsearch.lang import OPERATIONS
from lionsearch.semantics.leaf_space import LeafSpace

ODD_VALUES = np.array([[0.0, -0.0, 1.5, -2.0], [1e-9, -1.0, 3.0, 0.5], [-7.0, 2.0, 1e4, -1e-9]])
OTHERS = np.array([[0.0, 3.0, -0.0, 0.5], [-2.0, 2.0, 0.7, 1e3], [1.0, -1.5, 0.0, 4.0]])
SYMMETRIC = ODD_VALUES[:3, :3] @ ODD_VALUES[:3, :3].T / 1e3
CASES = {
    "log1p": (ODD_VALUES,),
    "divide": (ODD_VALUES, OTHERS),
    "mod": (ODD_VALUES, OTHERS),
    "unit_norm": (ODD_VALUES,),
    "orthogonalize": (ODD_VALUES,),
    "global_norm": (ODD_VALUES,),
    "global_sum": (ODD_VALUES,),
    "dot": (ODD_VALUES, OTHERS),
}


def expected(name, values):
    """What the operation gives, by NumPy, of trees with one leaf."""
    row = OPERATIONS[name]
    kinds = tuple(kinds[0] for kinds in row.accepts)
    with np.errstate(all="ignore"):
        found = row.apply(LeafSpace(np, (values[0].shape,)), *((value,) for value in values), kinds=kinds)
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.parametrize("name", CASES)
def test_a_helper_is_its_operation(name):
    function, values = getattr(runtime_jax, f"_{name}"), CASES[name]
    trees = name in ("global_norm", "global_sum", "dot")
    with jax.enable_x64(True):
        found = function(*([jax.numpy.asarray(x)] if trees else jax.numpy.asarray(x) for x in values))
    np.testing.assert_allclose(found, expected(name, values), rtol=1e-9, atol=1e-12)


def test_roots_and_eigenvectors_are_of_symmetric_matrices():
    with jax.enable_x64(True):
        root = np.asarray(runtime_jax._inverse_root(jax.numpy.asarray(SYMMETRIC + np.eye(3)), 2))
        vectors = np.asarray(runtime_jax._eigenvectors(jax.numpy.asarray(SYMMETRIC)))
    np.testing.assert_allclose(root @ (SYMMETRIC + np.eye(3)) @ root, np.eye(3), atol=1e-9)
    diagonal = vectors.T @ SYMMETRIC @ vectors
    np.testing.assert_allclose(diagonal, np.diag(np.linalg.eigvalsh(SYMMETRIC)), atol=1e-9)
