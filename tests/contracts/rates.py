"""Learning rates at which the programs train on the smallest of problems, where 0.1 is not one."""

PARABOLA_RATES: dict[float, tuple[str, ...]] = {
    30.0: ("adadelta", "adagrad", "adagrad_norm", "adagrad_optax", "seed_3", "shampoo"),
    10.0: ("lars",),
    3.0: ("ademamix_scheduled", "dog"),
    1.0: ("dadapt_adamw", "one_cycle(adam, total=10000)", "prodigy"),
    0.3: ("muon_moonlight",),
    0.01: ("apollo_v3",),
    0.001: ("simplified_ademamix",),
}
ROSENBROCK_RATES: dict[float, tuple[str, ...]] = {
    3.0: ("adahessian",),
    1.0: ("dog",),
    0.3: ("adagrad_norm", "ademamix_scheduled", "shampoo"),
    0.01: ("schedule_free_sgd",),
    0.003: (
        "apollo",
        "fromage",
        "l2_sgd",
        "momentum",
        "momentum_lr_inside",
        "radam",
        "sam(adam)",
        "seed_4",
        "sgd",
        "sgdw",
        "svrg",
    ),
    0.001: ("nesterov", "optimistic_gradient_descent", "sam_alternating", "sam_sgd", "seed_0", "sign_sgd"),
    0.0001: ("acprop",),
    0.00003: ("apollo_v3",),
}


def rate_of(rates: dict[float, tuple[str, ...]], subject: str) -> float:
    """Return the rate of a subject."""
    return next((rate for rate, subjects in rates.items() if subject in subjects), 0.1)
