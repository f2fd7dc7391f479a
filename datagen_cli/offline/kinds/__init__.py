"""One file a kind of request, named as the task names it: `answer(task, rng, rates)` writes the reply."""
