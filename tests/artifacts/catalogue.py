"""Operations with and without objectives and labels, all of whose series exist from the start."""

from __future__ import annotations

from otel_executor_metrics import Objective, Operation

MODELS = ("large", "small")
TIMEOUT = "Timeout"

OPERATIONS = (
    Operation("plan", error_types=(TIMEOUT,)),
    Operation(
        "train",
        labels=("model",),
        label_values={"model": MODELS},
        error_types=(TIMEOUT,),
        objective=Objective(success=0.999, latency=(0.95, 2.0)),
    ),
    Operation(
        "fetch",
        labels=("model",),
        label_values={"model": MODELS},
        buckets=(0.5, 1.5, 4),
        error_types=(TIMEOUT,),
        objective=Objective(latency=(0.9, 0.25)),
    ),
)
