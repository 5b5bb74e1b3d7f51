"""Program -> score: interpreter, compiler, training loop, fitness."""
