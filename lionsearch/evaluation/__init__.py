"""Program -> score: interpreter, compiler, training loop, racing over seeds."""
