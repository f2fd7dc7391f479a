# %% [markdown]
# # What a check is worth
# The offline model gets some answers wrong on purpose and writes down which (`plants.jsonl`). So it can be counted how
# many wrong answers reach the dataset without a check, and with programs that compute each answer again.

# %%
import json
from collections import Counter
from pathlib import Path

import datagen_cli as datagen

FAULTS = {"name": "offline", "faults": {"wrong_label": 0.3}}
CHECK = [{"code": {"question": "question", "answer": "answer"}}]


def wrong(run: datagen.Run) -> int:
    """Accepted records with a planted wrong answer. The accepted attempt of a slot follows its rejected ones."""
    rejected = Counter(int(attempt["id"].partition("-")[2].partition(".")[0]) for attempt in run.rejected())
    accepted = {(slot, rejected[slot] + 1) for slot in (int(row["id"].partition("-")[2]) for row in run)}
    planted = [json.loads(line) for line in (run.path / "plants.jsonl").read_text("utf-8").splitlines()]
    return len({(p["slot"], p["attempt"]) for p in planted if p["fault"] == "wrong_label"} & accepted)


# %%
counts = {}
for name, validators in (("unchecked", []), ("checked", CHECK)):
    recipe = datagen.load_recipe("quickstart", count=20, set={"model": FAULTS, "validators": validators})
    run = datagen.generate(recipe, Path("runs") / name)
    counts[name] = (wrong(run), len(run), run.report["calls"])
    print(name, "wrong answers, records, calls:", counts[name])

# %%
assert counts["checked"][0] < counts["unchecked"][0]
