"""Rules in CEL: one file a rule, compiled to columns, published in versions.

`declared` is a rule as it is written, `starter/` the rules that Argosy comes with. `vocabulary` and
`thresholds` are what a rule may name. `checked` gives types, `circuit` and `columns` lay all conditions
out together, `plain` is the same in Python, `compiled` judges. `lint` finds mistakes, `versions`,
`publishing` and `following` bring a rule to the payments and back, `backtest` tries it on the past.
`docs/risk/rules.md` tells it from the analyst's side.
"""
