import math
import re
from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy
from sampling import every
from sklearn.datasets import load_digits

from lionsearch.catalog import TASKS
from lionsearch.tasks import Problem, factories, networks
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.spec import fingerprint_task, load_problem, load_task
from lionsearch.tasks.validation import count_examples, count_parameters

NAMES = [name for name in TASKS.names() if load_task(name).factory.startswith("lionsearch.tasks.factories:")]
CLASSES = {
    "digits_errors": 10,
    "digits_mlp": 10,
    "digits_rnn": 10,
    "digits_gru": 10,
    "digits_linear": 10,
    "digits_vit": 10,
    "digits_small_vit": 10,
    "docs_transformer": 64,
}
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def problem_of() -> Callable[[str], Problem]:
    return cache(lambda name: load_problem(load_task(name)))


def rows(tree: object) -> set[bytes]:
    """The examples' first arrays (not the labels), as bytes."""
    leaf = np.asarray(jax.tree.leaves(tree)[0])
    return {example.tobytes() for example in leaf}


@pytest.mark.parametrize("name", every(2, NAMES))
@pytest.mark.thorough
def test_every_shipped_task_can_be_trained_on(problem_of, name):
    problem, spec = problem_of(name), load_task(name)
    params = jax.jit(problem.init)(jax.random.key(0))
    key = jax.random.key(1)
    slope = jax.jit(
        jax.value_and_grad(lambda params: Objective(problem).trained(params, (), problem.validation, key)[0])
    )
    loss, gradients = slope(params)
    assert np.isfinite(loss)
    if name in CLASSES:
        assert -0.2 < float(loss) - math.log(CLASSES[name]) < 1.2, "an untrained classifier is near chance"
    for gradient in jax.tree.leaves(gradients):
        assert np.isfinite(gradient).all()
        assert np.any(gradient), "a parameter that the loss does not depend on"
    assert spec.batch <= count_examples(problem.train)
    assert count_examples(problem.validation) >= 100
    assert spec.description
    by_itself, with_lion = rf"lionsearch tune adamw --task {name}( --seeds \d+)?", "python experiments/ladder/tune.py"
    assert re.fullmatch(rf"{by_itself}|{with_lion} {name} --seeds \d+ --fresh \d+", spec.tuned_by)
    assert 500 < count_parameters(problem) < 100_000


PREDICTIONS = {"docs_transformer": 32, "docs_small_transformer": 16}
"""In an example, where it is not one."""


@pytest.mark.parametrize("name", every(4, NAMES))
@pytest.mark.thorough
def test_labels_drawn_from_the_model_leave_nothing_to_learn(problem_of, name):
    """The expected gradient is 0 under the model's own distribution; a label that is differentiated, too, breaks it."""
    problem = problem_of(name)
    assert problem.sampled_loss is not None
    params = jax.jit(problem.init)(jax.random.key(0))
    batch = jax.tree.map(lambda leaf: leaf[:16], problem.train)
    slope = jax.jit(jax.value_and_grad(problem.sampled_loss, has_aux=True))
    draws = 64
    total, norms, losses = None, [], []
    for key in jax.random.split(jax.random.key(1), draws):
        (loss, predictions), gradients = slope(params, batch, key)
        assert int(predictions) == 16 * PREDICTIONS.get(name, 1)
        flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(gradients)])
        total = flat if total is None else total + flat
        norms.append(np.linalg.norm(flat))
        losses.append(float(loss))
    assert len(set(losses)) == draws
    assert np.linalg.norm(total) / np.sqrt(np.square(norms).sum()) == pytest.approx(1.0, abs=0.35)  # a random walk


@pytest.mark.thorough
def test_a_squared_error_is_the_likelihood_of_a_variance_of_a_half(problem_of):
    problem = problem_of("teacher_student")
    params, loss = jax.jit(problem.init)(jax.random.key(0)), jax.jit(problem.sampled_loss)
    losses = [float(loss(params, problem.train, key)[0]) for key in jax.random.split(jax.random.key(2), 8)]
    assert np.mean(losses) == pytest.approx(0.5, abs=5 * 0.5 * np.sqrt(2 / (8 * 1024)))


@pytest.mark.parametrize("name", NAMES)
def test_splits_share_no_example(problem_of, name):
    train, validation, test = (rows(getattr(problem_of(name), split)) for split in SPLITS)
    assert not train & validation
    assert not train & test
    assert not validation & test


@pytest.mark.parametrize("name", NAMES)
def test_data_is_the_same_each_time(problem_of, name):
    spec = load_task(name)
    again = load_problem(spec)
    prints = {
        fingerprint_task(
            spec, [np.asarray(leaf) for split in SPLITS for leaf in jax.tree.leaves(getattr(p, split))], []
        )
        for p in (problem_of(name), again)
    }
    assert len(prints) == 1


@pytest.mark.thorough
def test_accuracy_of_an_untrained_classifier_is_low(problem_of):
    problem = problem_of("digits_mlp")
    assert problem.metrics is not None
    measured = jax.jit(problem.metrics)(jax.jit(problem.init)(jax.random.key(0)), problem.test)
    assert 0.0 < float(measured["accuracy"]) < 0.35


def test_digits_are_the_whole_data_set_with_its_labels():
    images, labels = load_digits(return_X_y=True)
    scaled = ((images - images.mean()) / images.std()).astype(np.float32)
    truth = {image.tobytes(): label for image, label in zip(scaled, labels, strict=True)}
    problem = factories.digits_mlp(noise=0.0, wrong_labels=0.0)
    found = {
        image.tobytes(): label
        for split in SPLITS
        for image, label in zip(*(getattr(problem, split)[part] for part in ("image", "label")), strict=True)
    }
    assert found == truth


def test_only_training_labels_are_wrong():
    right, wrong = factories.digits_mlp(wrong_labels=0.0), factories.digits_mlp(wrong_labels=0.5)
    changed = {
        split: float(np.mean(getattr(right, split)["label"] != getattr(wrong, split)["label"])) for split in SPLITS
    }
    assert changed == {"train": pytest.approx(0.45, abs=0.06), "validation": 0.0, "test": 0.0}


@pytest.fixture(scope="module")
def linear(problem_of):
    """The softmax regression in float64: its objective, gradient and Hessian at weights with the biases as last row."""
    problem, l2 = problem_of("digits_linear"), load_task("digits_linear").options["l2"]
    labels = problem.train["label"]
    x = np.hstack([problem.train["image"], np.ones((len(labels), 1))]).astype(np.float64)

    def evaluate(w: np.ndarray):
        logits = x @ w.reshape(65, 10)
        shares = scipy.special.softmax(logits, axis=1)
        losses = scipy.special.logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]
        gradient = x.T @ (shares - np.eye(10)[labels]) / len(labels)
        weighted = shares[:, :, None] * np.eye(10) - shares[:, :, None] * shares[:, None, :]
        blocks = [(x.T * weights) @ x for weights in weighted.reshape(len(labels), 100).T]
        hessian = np.reshape(blocks, (10, 10, 65, 65)).transpose(2, 0, 3, 1).reshape(650, 650) / len(labels)
        return losses.mean() + 0.5 * l2 * w @ w, gradient.ravel() + l2 * w, hessian + l2 * np.eye(650)

    return evaluate


@pytest.fixture(scope="module")
def optimum(linear) -> np.ndarray:
    """Its optimum by Newton's method."""
    w = np.zeros(650)
    for _ in range(8):
        _, gradient, hessian = linear(w)
        w -= np.linalg.solve(hessian, gradient)
    return w


def split_biases(w: np.ndarray) -> dict[str, jax.Array]:
    w = w.reshape(65, 10).astype(np.float32)
    return {"kernel": jnp.asarray(w[:64]), "bias": jnp.asarray(w[64])}


def test_a_softmax_regression_has_the_optimum_that_newton_finds(problem_of, linear, optimum):
    """The loss is strongly convex by its penalty; at the optimum the task's is what `docs/reference/tasks.md` says."""
    least, gradient, hessian = linear(optimum)
    assert np.abs(gradient).max() < 1e-12
    assert least == pytest.approx(0.67666, abs=5e-6)
    assert np.linalg.eigvalsh(hessian)[0] == pytest.approx(0.05, rel=1e-6)
    problem = problem_of("digits_linear")
    loss, slope = jax.jit(jax.value_and_grad(problem.loss))(split_biases(optimum), problem.train)
    assert float(loss) == pytest.approx(least, rel=1e-6)
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(slope)) < 1e-6
    held_out = [float(problem.loss(split_biases(optimum), split)) for split in (problem.validation, problem.test)]
    assert held_out == pytest.approx([0.7435, 0.7353], abs=5e-5)


def test_the_objective_of_a_softmax_regression_is_of_all_training_examples(problem_of, linear):
    problem, w = problem_of("digits_linear"), np.random.default_rng(0).normal(size=650) / 8
    assert problem.metrics is not None
    found = jax.jit(problem.metrics)(split_biases(w), problem.test)
    assert float(found["objective"]) == pytest.approx(linear(w)[0], rel=1e-5)
    penalty = float(problem.loss(split_biases(w), problem.test) - found["cross_entropy"])
    assert penalty == pytest.approx(0.025 * np.sum(w**2), rel=1e-4)


def test_copies_of_a_training_image_differ_by_their_noise_alone():
    once, often = (factories.digits_rnn(copies=copies, wrong_labels=0.0) for copies in (1, 3))
    assert [count_examples(p.train) for p in (once, often)] == [599, 3 * 599]
    labels = often.train["label"].reshape(3, 599)
    assert (labels == once.train["label"]).all()
    images = often.train["image"].reshape(3, 599, 64)
    assert np.std(images - images.mean(axis=0)) == pytest.approx(0.5 * (2 / 3) ** 0.5, rel=0.02)
    assert [count_examples(p.validation) for p in (once, often)] == [1198, 1198]


def test_a_recurrent_network_reads_the_rows_in_order():
    problem = factories.digits_rnn()
    params = jax.jit(problem.init)(jax.random.key(0))
    batch = jax.tree.map(lambda leaf: leaf[:8], problem.train)
    turned = {**batch, "image": batch["image"].reshape(-1, 8, 8)[:, ::-1].reshape(-1, 64)}
    loss = jax.jit(problem.loss)
    assert float(loss(params, turned)) != pytest.approx(float(loss(params, batch)), rel=1e-5)
    params["recurrent"]["cell"]["kernel"] = params["recurrent"]["cell"]["kernel"].at[8:].set(0.0)
    last = {**batch, "image": batch["image"] * (np.arange(64) >= 56)}  # without memory only the last row counts
    assert float(loss(params, last)) == pytest.approx(float(loss(params, batch)), rel=1e-5)


@pytest.mark.parametrize("patch", [2, 4])
@pytest.mark.thorough
def test_vision_transformer_mixes_square_patches(patch):
    problem = factories.digits_vit(patch=patch)
    side = 8 // patch
    params = jax.jit(problem.init)(jax.random.key(0))
    params["embed"]["kernel"] = jnp.zeros_like(params["embed"]["kernel"]).at[:, 0].set(1.0)
    batch = jax.tree.map(lambda leaf: leaf[:8], problem.train)
    patches = batch["image"].reshape(-1, side, patch, side, patch)
    shuffled = {**batch, "image": patches[:, :, ::-1, :, ::-1].reshape(-1, 64)}
    moved = {**batch, "image": np.roll(batch["image"].reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)}
    loss = jax.jit(problem.loss)
    assert float(loss(params, shuffled)) == pytest.approx(float(loss(params, batch)), rel=1e-5)  # within a patch
    assert float(loss(params, moved)) != pytest.approx(float(loss(params, batch)), rel=1e-5)


@pytest.mark.thorough
def test_a_later_character_changes_no_earlier_prediction(problem_of, monkeypatch):
    problem = problem_of("docs_transformer")
    monkeypatch.setattr(networks, "cross_entropy", lambda logits, labels: logits)
    logits, params = jax.jit(problem.loss), jax.jit(problem.init)(jax.random.key(0))
    text = np.asarray(problem.validation[:1])
    changed = text.copy()
    changed[0, 20] = (text[0, 20] + 1) % 64
    touched = np.asarray(logits(params, text) != logits(params, changed)).any(axis=1)
    assert touched.tolist() == [False] * 20 + [True] * 12


def test_teacher_and_student_differ_in_scales():
    problem = factories.teacher_student(inputs=16, condition=1e4, examples=4096)
    variances = np.linalg.eigvalsh(np.cov(problem.train["x"].T))
    assert variances.max() / variances.min() == pytest.approx(1e4, rel=0.3)
    assert problem.train["y"].std() == pytest.approx(math.sqrt(1 + 0.2**2), rel=0.05)


def test_documentation_text_is_split_by_topic(problem_of):
    problem = problem_of("docs_transformer")
    assert problem.train.shape[1] == 33
    assert problem.validation.shape == problem.test.shape == (128, 33)
    assert problem.train.max() == 63
    assert problem.train.min() == 0


def test_errors_are_measured_and_cross_entropy_is_trained_on():
    problem = factories.digits_errors()
    params = jax.jit(problem.init)(jax.random.key(0))
    train_loss, key = problem.train_loss, jax.random.key(1)
    assert train_loss is not None
    measured = jax.jit(jax.value_and_grad(problem.loss))(params, problem.validation)
    scores = np.asarray(problem.validation["image"] @ params["kernel"] + params["bias"])
    wrong = np.argmax(scores, axis=1) != problem.validation["label"]
    assert float(measured[0]) == pytest.approx(wrong.mean())
    assert 0.7 < wrong.mean() <= 1.0
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(measured[1])), "a count has no gradient"
    loss, gradients = jax.jit(jax.value_and_grad(train_loss))(params, problem.validation, key)
    expected = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(scores)), problem.validation["label"]]
    assert float(loss) == pytest.approx(expected.mean(), rel=1e-5)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradients))
