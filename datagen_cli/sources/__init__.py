"""Base datasets: files and hub datasets as rows, and rows in the recipe's fields."""
