"""The table of lionsearch's own rivals, and which program is the same as which optimizer of optax. No JAX.

To add a rival is a module here with a function that makes it, a row, and a test with an answer that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

OWN = "rival"
"""The module that `rival:NAME` has."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a rival.

    Attributes:
        description: one line.
        source: where it comes from.
        make: `module:function`.
        lr_scale: its learning rate by itself.
        is_absolute: whether that is so on every task; else in units in which AdamW's is 0.001.
        takes_rate: whether it has a learning rate; one with a line search has none.
    """

    description: str
    source: str
    make: str
    lr_scale: float = 0.001
    is_absolute: bool = False
    takes_rate: bool = True


ROWS: dict[str, Row] = {
    "newton": Row(
        "Newton's method with conjugate gradients and a line search",
        "Nocedal & Wright 2006, algorithm 7.1",
        "lionsearch.rivals.newton:newton",
        lr_scale=1.0,
        is_absolute=True,
    ),
    "lbfgs": Row(
        "L-BFGS with a line search of the strong Wolfe conditions",
        "Nocedal & Wright 2006, algorithms 7.5 and 3.5; optax",
        "lionsearch.rivals.lbfgs:lbfgs",
        lr_scale=1.0,
        is_absolute=True,
        takes_rate=False,
    ),
    "slbfgs": Row(
        "stochastic L-BFGS with variance reduction",
        "Moritz, Nishihara & Jordan 2016, arXiv 1508.02087",
        "lionsearch.rivals.slbfgs:slbfgs",
        lr_scale=0.01,
        is_absolute=True,
    ),
    "slbfgs_zhao": Row(
        "stochastic L-BFGS with variance reduction and geometric averages",
        "Zhao, Haskell & Tan 2017, arXiv 1704.00116",
        "lionsearch.rivals.slbfgs:slbfgs_zhao",
        lr_scale=0.01,
        is_absolute=True,
    ),
    "negative_curvature": Row(
        "steps along negative curvature, else accelerated gradient steps",
        "Carmon, Duchi, Hinder & Sidford 2017, arXiv 1611.00756",
        "lionsearch.rivals.negative_curvature:negative_curvature",
        lr_scale=0.1,
        is_absolute=True,
    ),
    "sag": Row(
        "steps along the mean of the gradients that each training example last had",
        "Le Roux, Schmidt & Bach 2012, arXiv 1202.6258",
        "lionsearch.rivals.sag:Sag",
        lr_scale=0.01,
    ),
    "saga": Row(
        "gradients corrected by a table of those that each training example last had",
        "Defazio, Bach & Lacoste-Julien 2014, arXiv 1407.0202, algorithm 1",
        "lionsearch.rivals.saga:Saga",
        lr_scale=0.1,
    ),
    "jacsketch": Row(
        "SAGA's table as an estimate of the Jacobian, updated from sketches of it",
        "Gower, Richtárik & Bach 2018, arXiv 1805.02632, algorithm 1",
        "lionsearch.rivals.jacsketch:JacSketch",
        lr_scale=0.1,
    ),
    "svrg": Row(
        "gradients corrected by those at an older copy of the weights",
        "Johnson & Zhang 2013, NeurIPS 26, figure 1, option I",
        "lionsearch.rivals.svrg:Svrg",
        lr_scale=0.1,
    ),
    "lstm": Row(
        "a learned optimizer: an LSTM for each coordinate, meta-trained on small proxies",
        "Andrychowicz et al. 2016, arXiv 1606.04474, section 2.1",
        "lionsearch.rivals.lstm:lstm",
        lr_scale=0.005,
        is_absolute=True,
    ),
    "coordinate": Row(
        "random coordinate descent for the number of errors; exact steps where scores are linear in the weights",
        "Li and Lin 2007, IJCNN",
        "lionsearch.rivals.coordinate:coordinate",
        takes_rate=False,
    ),
    "mert": Row(
        "minimum error rate training: the best of many exact line searches for the number of errors",
        "Och 2003, ACL, section 4",
        "lionsearch.rivals.mert:mert",
        takes_rate=False,
    ),
}

PEERS = {
    "optax:sgd": "sgd",
    "optax:lion": "lion",
    "optax:adamw": "adamw_debiased",
    "optax:adam": "adam",
    "optax:nadamw": "nadam",
    "optax:amsgrad": "amsgrad",
    "optax:adabelief": "adabelief",
    "optax:adamax": "adamax",
    "optax:adamaxw": "adamax",
    "optax:radam": "radam",
    "optax:yogi": "yogi",
    "optax:rmsprop": "rmsprop",
    "optax:adadelta": "adadelta",
    "optax:adagrad": "adagrad_optax",
    "optax:sign_sgd": "sign_sgd",
    "optax:signum": "signum",
    "optax:lamb": "lamb",
    "optax:lars": "lars",
    "optax:novograd": "novograd",
    "optax:fromage": "fromage",
    "optax:adan": "adan",
    "optax:optimistic_gradient_descent": "optimistic_gradient_descent",
    "optax:adafactor": "adafactor",
    "optax.contrib:muon": "muon_optax",
    "optax.contrib:ademamix": "ademamix_scheduled",
    "optax.contrib:simplified_ademamix": "simplified_ademamix",
    "optax.contrib:adopt": "adopt",
    "optax.contrib:acprop": "acprop",
    "optax.contrib:madgrad": "madgrad",
    "optax.contrib:prodigy": "prodigy",
    "optax.contrib:dadapt_adamw": "dadapt_adamw",
    "optax.contrib:dog": "dog",
    "optax.contrib:momo": "momo",
    "optax.contrib:schedule_free_adamw": "schedule_free_adamw",
    "optax.contrib:schedule_free_sgd": "schedule_free_sgd",
    "optax.contrib:sophia": "sophia_optax",
}
"""Programs whose learning rate and weight decay an optimizer of optax has by itself; most are the same rule."""
