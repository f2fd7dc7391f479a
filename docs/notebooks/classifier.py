# %% [markdown]
# # A set for a classifier
# Support tickets of five classes, equally many each; split, exported for training, and held against what they teach.

# %%
from collections import Counter

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import datagen_cli as datagen

run = datagen.generate(datagen.load_recipe("tickets", count=60), "runs/classes")
print(Counter(row["category"] for row in run))

# %% Near copies and balance
report = datagen.evaluate(run, metrics=["near_duplicates", "balance", "self_bleu"])
print({name: measure.value for name, measure in report.items()})

# %% A table for pandas, and a split that another classifier could use
table = run.to_pandas()
train, test = table.iloc[:48], table.iloc[48:]
print(len(train), len(test), sorted(test["category"].unique()))

# %% What it teaches a small student, on rows that it has not seen
student = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(train["text"], train["category"])
print("accuracy on the other", len(test), "rows:", student.score(test["text"], test["category"]))
