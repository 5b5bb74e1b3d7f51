"""The functions of an exported file give what the table of operations says."""

import numpy as np
import pytest
from exports.test_runtime_jax import CASES, ODD_VALUES, SYMMETRIC, expected

torch = pytest.importorskip("torch")
from lionsearch.exports import runtime_torch  # noqa: E402


@pytest.mark.parametrize(("name", "values"), [*CASES.items(), ("cbrt", (ODD_VALUES,))])
def test_a_helper_is_its_operation(name, values):
    trees = name in ("global_norm", "global_sum", "dot")
    given = ([torch.tensor(x)] if trees else torch.tensor(x) for x in values)
    found = getattr(runtime_torch, f"_{name}")(*given)
    np.testing.assert_allclose(found, expected(name, values), rtol=1e-9, atol=1e-12)


def test_sharded_weights_are_made_whole_one_at_a_time_and_anew_in_each_pass():
    class Sharded:
        def __init__(self):
            self.gathered = 0

        def full_tensor(self):
            self.gathered += 1
            return torch.ones(3, 2)

    tensors = [Sharded(), Sharded()]
    weights = runtime_torch._as_matrices(tensors)
    assert next(iter(weights)).shape == (2, 3)
    assert [each.gathered for each in tensors] == [1, 0]
    assert len(list(weights)) == 2
    assert [each.gathered for each in tensors] == [2, 1]


def test_roots_and_eigenvectors_are_of_symmetric_matrices():
    root = runtime_torch._inverse_root(torch.tensor(SYMMETRIC + np.eye(3)), 2).numpy()
    vectors = runtime_torch._eigenvectors(torch.tensor(SYMMETRIC)).numpy()
    np.testing.assert_allclose(root @ (SYMMETRIC + np.eye(3)) @ root, np.eye(3), atol=1e-9)
    diagonal = vectors.T @ SYMMETRIC @ vectors
    np.testing.assert_allclose(diagonal, np.diag(np.linalg.eigvalsh(SYMMETRIC)), atol=1e-9)


def test_equal_counts_share_one_result():
    asked = []

    def function(count):
        asked.append(float(count))
        return [float(count)]

    found = runtime_torch._once(function, [torch.tensor(count) for count in (3, 1, 3, 2, 1)])
    assert found == [[3], [1], [3], [2], [1]]
    assert sorted(asked) == [1, 2, 3]
    assert found[0] is found[2]
