# %% [markdown]
# # A first set
# Thirty word problems by the offline model (a simulation: no key, no network), looked at, resumed and measured.

# %%
import datagen_cli as datagen

recipe = datagen.load_recipe("quickstart", count=30)
run = datagen.generate(recipe, "runs/first")
print(run)

# %% What was kept, and what was not
for record in run.to_list()[:2]:
    print(record["question"], "->", record["answer"])
reasons: dict[str, int] = {}
for attempt in run.rejected():
    reasons[attempt["reason"]] = reasons.get(attempt["reason"], 0) + 1
print(reasons)

# %% The same call again makes no call: everything is there
again = datagen.generate(recipe, "runs/first")
assert again.report["new_records"] == 0

# %% More of the same: the first thirty stay as they are
thirty = again.to_list()
more = datagen.generate(datagen.load_recipe("quickstart", count=40), "runs/first")
assert more.to_list()[:30] == thirty

# %% What the set is worth
report = datagen.evaluate(more, metrics=["self_bleu", "distinct_n", "near_duplicates", "leakage", "length"])
for name, measure in report.items():
    print(name, measure.value, measure.interval, report.readings.get(name, ""))
